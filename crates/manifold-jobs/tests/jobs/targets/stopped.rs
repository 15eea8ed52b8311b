//! A sync that is stopped while the server works for it.

use std::time::Duration;

use manifold_jobs::{JobError, Observer, run_foreground};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Scene;

/// Waits until so many statements run at the server.
async fn until(scene: &Scene, running: usize) {
    let look = async {
        while scene.place.running().await != running {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let looked = timeout(Duration::from_secs(10), look).await;
    assert!(looked.is_ok(), "{}: not {running}", scene.place.kind);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_does_for_a_sync_ends_with_it() {
    for scene in Scene::all("stopped", &["id"]).await {
        scene.store.import("id,a\n1,x\n2,y\n").await;
        scene.sync(scene.job()).await.unwrap();
        scene.store.import("id,a\n1,x\n2,z\n").await;
        let Some(held) = scene.place.hold().await else {
            continue; // of a file nothing goes on elsewhere
        };
        let cancel = CancellationToken::new();
        let (observer, _) = Observer::new(cancel.clone());
        let (manager, job) = (scene.store.manager.clone(), scene.job());
        let project = Some(scene.store.project.clone());
        let sync =
            tokio::spawn(async move { run_foreground(&manager, job, project, observer).await });
        until(&scene, 1).await;
        cancel.cancel();
        let outcome = sync.await.unwrap().unwrap().outcome;
        assert!(matches!(outcome, Err(JobError::Cancelled)), "{outcome:?}");
        until(&scene, 0).await;
        drop(held);
        assert_eq!(scene.place.rows().await, ["1|x", "2|y"]);
        scene.sync(scene.job()).await.unwrap();
        assert_eq!(scene.place.rows().await, ["1|x", "2|z"]);
        scene.place.clear().await;
    }
}
