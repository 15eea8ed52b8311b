//! A hub that is busy, full or cannot be written while a worker runs: somebody hears of it, and the worker goes on once it
//! is over.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use entity_core::enums::{EndReason, JobState};
use manifold_jobs::WorkerOptions;
use manifold_store::{Clock, JobId, Jobs, NewJob, Timestamp};
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use tokio_util::sync::CancellationToken;

use crate::kinds::{Copy, Count};
use crate::processes::Orders;
use crate::scene::{Scene, open};

const LINES: usize = 60;

/// A job that writes a row to a project every 10 ms, for 600 ms.
async fn copy(scene: &Scene) -> JobId {
    let project = scene.project().await;
    let file = scene.folder.path().join("lines");
    // More than there is room for in the project's log.
    let long = "x".repeat(10_000);
    let lines: String = (0..LINES)
        .map(|line| format!("line {line} {long}\n"))
        .collect();
    std::fs::write(&file, lines).unwrap();
    let copy = Copy { file, pause_ms: 10 };
    scene.submit(&copy, Some(&project)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_hub_delays_the_end_of_a_job_and_loses_nothing() {
    let scene = Scene::new().await;
    let (worker, stop) = (scene.worker(one()), CancellationToken::new());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { worker.run(&stop).await }
    });
    let copying = copy(&scene).await;
    let waiting = scene.submit(&Count, None).await;
    scene.until(&copying, JobState::Running).await;
    let hub = rusqlite::Connection::open(scene.manager.layout().core()).unwrap();
    hub.busy_timeout(Duration::from_secs(5)).unwrap();
    hub.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Whoever asks for something hears of it, by then the job's end has been refused too.
    let new = manifold_jobs::new_job(&Count, None).unwrap();
    let error = scene.jobs.submit(new).await.unwrap_err();
    assert_eq!(error.code(), "busy", "{error}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(scene.job(&copying).await.state, JobState::Running);
    hub.execute_batch("ROLLBACK").unwrap();
    for id in [&copying, &waiting] {
        scene.until(id, JobState::Completed).await;
        assert_eq!(scene.end_reasons(id).await, [EndReason::Ok]);
    }
    stop.cancel();
    assert_eq!(running.await.unwrap().unwrap().attempts, 2);
}

fn one() -> WorkerOptions {
    WorkerOptions {
        concurrency: 1,
        ..WorkerOptions::default()
    }
}

/// No write succeeds, as when the system has mounted a failing disk read-only; reads do.
#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_takes_no_writes_stops_nobody_for_good() {
    let scene = Scene::new().await;
    // A write beyond the limit is to fail, and not to end the process.
    let mut ignoring = Command::new("sh");
    ignoring
        .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap());
    let orders = Orders {
        for_ever: true,
        ..Orders::new(scene.folder.path(), 2)
    };
    let mut child = orders.spawn_by(ignoring);
    let first = scene.submit(&Count, None).await;
    scene.until(&first, JobState::Completed).await;

    let pid = Pid::from_raw(child.id().try_into().unwrap());
    let usual = getrlimit(Resource::Fsize);
    let none = Rlimit {
        current: Some(0),
        ..usual
    };
    prlimit(pid, Resource::Fsize, none).unwrap();
    let waiting = scene.submit(&Count, None).await;
    let copying = copy(&scene).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    for id in [&waiting, &copying] {
        assert_eq!(scene.job(id).await.state, JobState::Pending);
    }
    prlimit(pid, Resource::Fsize, usual).unwrap();
    scene.until(&waiting, JobState::Completed).await;
    scene.until(&copying, JobState::Running).await;

    // And in the midst of a job.
    let none = Rlimit {
        current: Some(0),
        ..usual
    };
    prlimit(pid, Resource::Fsize, none).unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(scene.job(&copying).await.state, JobState::Running);
    prlimit(pid, Resource::Fsize, usual).unwrap();
    let job = loop {
        let job = scene.job(&copying).await;
        if job.state != JobState::Running {
            break job;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert!(job.error_code.is_some(), "{job:?}");
    let last = scene.submit(&Count, None).await;
    scene.until(&last, JobState::Completed).await;
    assert!(
        child.try_wait().unwrap().is_none(),
        "it is the same process"
    );
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Where the small disk is, for the process within the namespace.
const DISK: &str = "MANIFOLD_ENGINE_TEST_DISK";

/// Runs a test of this program again where `script` has prepared the folder `$0`; says so where the system does not
/// allow that.
fn within(options: &[&str], script: &str, test: &str) {
    let disk = tempfile::tempdir().unwrap();
    let again = |program: &Path, arguments: &[&str]| {
        let mut unshare = Command::new("unshare");
        unshare.args(options).args(["--mount", "sh", "-c", script]);
        unshare.arg(disk.path()).arg(program).args(arguments);
        unshare.env(DISK, disk.path()).output()
    };
    if !again(Path::new("true"), &[]).is_ok_and(|tried| tried.status.success()) {
        // Not a line of the test's own output, which is shown only when it fails.
        let mut stderr = std::io::stderr();
        writeln!(stderr, "SKIPPED: {test}: not allowed here").unwrap();
        return;
    }
    let this = std::env::current_exe().unwrap();
    let output = again(&this, &["--exact", test, "--nocapture"]).unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let failed = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{failed}");
    assert!(said.contains("1 passed"), "{said}{failed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_in_the_job_and_passes() {
    let Ok(disk) = std::env::var(DISK) else {
        let mount = r#"mount -t tmpfs -o size=16m tmpfs "$0" && exec "$@""#;
        let test = "hub_fails::a_full_disk_is_in_the_job_and_passes";
        within(&["--map-root-user"], mount, test);
        return;
    };
    let disk = Path::new(&disk);
    let scene = Scene::within(disk).await;
    let clock = Clock::manual(Timestamp::now() + Duration::from_secs(60));
    let jobs = Jobs::with_clock(&scene.manager, clock.clone());
    let options = WorkerOptions {
        clock: clock.clone(),
        ..one()
    };
    let (worker, stop) = (scene.worker(options), CancellationToken::new());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { worker.run(&stop).await }
    });
    let copying = copy(&scene).await;
    let waiting = scene.submit(&Count, None).await;
    scene.until(&copying, JobState::Running).await;
    fill(disk);
    // There may be room in the hub's log; who asks for more than that hears of it.
    let error = loop {
        let large = NewJob::new("large", serde_json::json!("x".repeat(200_000)));
        if let Err(error) = jobs.submit(large).await {
            break error;
        }
    };
    assert_eq!(error.code(), "disk_full", "{error}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    std::fs::remove_file(disk.join("filler")).unwrap();
    let job = scene.until(&copying, JobState::Pending).await;
    assert_eq!(job.error_code.as_deref(), Some("disk_full"));
    assert_eq!(scene.end_reasons(&copying).await, [EndReason::Error]);
    scene.until(&waiting, JobState::Completed).await;
    clock.advance(Duration::from_secs(3_600));
    scene.until(&copying, JobState::Completed).await;
    stop.cancel();
    running.await.unwrap().unwrap();
}

fn fill(disk: &Path) {
    let mut file = File::create(disk.join("filler")).unwrap();
    for size in [1 << 20, 1 << 12, 1] {
        let block = vec![0; size];
        while file.write_all(&block).is_ok() {}
    }
}

/// What a worker has open it may write; whoever comes later hears why it cannot.
#[tokio::test(flavor = "multi_thread")]
async fn a_hub_without_write_permission_is_said_to_who_comes_later() {
    let Ok(_) = std::env::var(DISK) else {
        // Root may write whatever the permissions say.
        let test = "hub_fails::a_hub_without_write_permission_is_said_to_who_comes_later";
        within(&["--map-user=1000"], r#"exec "$@""#, test);
        return;
    };
    let scene = Scene::new().await;
    let (worker, stop) = (scene.worker(one()), CancellationToken::new());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { worker.run(&stop).await }
    });
    let first = scene.submit(&Count, None).await;
    scene.until(&first, JobState::Completed).await;
    let data = scene.folder.path().join("data");
    let chmod = |mode: &str| {
        let files = ["core.db", "core.db-wal", "core.db-shm", "."].map(|name| data.join(name));
        let done = Command::new("chmod").arg(mode).args(files).status();
        assert!(done.unwrap().success());
    };
    chmod("a-w");
    let refused = manifold_store::SqliteManager::open(
        manifold_store::Layout::new(&data),
        manifold_store::StoreOptions::default(),
    );
    match refused.await {
        Err(error) => assert!(["read_only", "io"].contains(&error.code()), "{error}"),
        Ok(later) => {
            let new = manifold_jobs::new_job(&Count, None).unwrap();
            let error = Jobs::new(&later).submit(new).await.unwrap_err();
            assert_eq!(error.code(), "read_only", "{error}");
        }
    }
    let second = scene.submit(&Count, None).await;
    scene.until(&second, JobState::Completed).await;
    chmod("u+w");
    let later = open(scene.folder.path()).await;
    let new = manifold_jobs::new_job(&Count, None).unwrap();
    let third: JobId = new.id.clone();
    Jobs::new(&later).submit(new).await.unwrap();
    scene.until(&third, JobState::Completed).await;
    stop.cancel();
    assert_eq!(running.await.unwrap().unwrap().attempts, 3);
}
