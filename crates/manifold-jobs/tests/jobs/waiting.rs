//! Two imports into one project.

use manifold_jobs::{Observer, run_foreground};
use manifold_store::{FileLock, Share};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

#[tokio::test(flavor = "multi_thread")]
async fn an_import_waits_for_another_process_and_says_for_whom() {
    let store = Store::new().await;
    let path = store
        .manager
        .layout()
        .write_lock(&store.project.namespace());
    let lock = FileLock::try_take(&path, Share::Exclusive)
        .unwrap()
        .unwrap();
    let job = store.import_of(&store.write("a.csv", "a\n1\n"));
    let (observer, mut progress) = Observer::new(CancellationToken::new());
    let running = run_foreground(&store.manager, job, Some(store.project.clone()), observer);
    let release = async {
        let seen = progress
            .wait_for(|latest| latest.step == "waiting")
            .await
            .unwrap()
            .clone();
        drop(lock);
        seen
    };
    let (finished, seen) = tokio::join!(running, release);
    assert!(
        seen.waiting_for
            .unwrap()
            .contains(&std::process::id().to_string())
    );
    let finished = finished.unwrap();
    assert_eq!(finished.outcome.unwrap().row_count, 1);
    let logs = store
        .jobs()
        .logs(&finished.job.id.parse().unwrap())
        .await
        .unwrap();
    assert!(
        logs[0].message.starts_with("waits for process"),
        "{}",
        logs[0].message
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_import_can_be_stopped() {
    let store = Store::new().await;
    let path = store
        .manager
        .layout()
        .write_lock(&store.project.namespace());
    let _lock = FileLock::try_take(&path, Share::Exclusive)
        .unwrap()
        .unwrap();
    let job = store.import_of(&store.write("a.csv", "a\n1\n"));
    for asked_before in [false, true] {
        let token = CancellationToken::new();
        let (observer, mut progress) = Observer::new(token.clone());
        if asked_before {
            token.cancel();
        }
        let running = run_foreground(
            &store.manager,
            job.clone(),
            Some(store.project.clone()),
            observer,
        );
        let stop = async {
            if !asked_before {
                progress
                    .wait_for(|latest| latest.step == "waiting")
                    .await
                    .unwrap();
                token.cancel();
            }
        };
        let (finished, ()) = tokio::join!(running, stop);
        assert_eq!(finished.unwrap().outcome.unwrap_err().code(), "cancelled");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_at_once_come_one_after_the_other() {
    let store = Store::new().await;
    let one = store.import_of(&store.write("one.csv", "a\n1\n"));
    let two = store.import_of(&store.write("two.csv", "a\n2\n"));
    let (one, two) = tokio::join!(store.run(one), store.run(two));
    let mut numbers = [one.outcome.unwrap().number, two.outcome.unwrap().number];
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
}
