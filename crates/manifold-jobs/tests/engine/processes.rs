//! Several processes on one data folder.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use manifold_jobs::{Worker, WorkerOptions};
use rustix::process::{Signal, getpid, kill_process};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::kinds;
use crate::scene::{Scene, open};

const CHILD: &str = "MANIFOLD_ENGINE_TEST_CHILD";

/// What a child does: the jobs of a folder, so many at once.
#[derive(Serialize, Deserialize)]
pub struct Orders {
    pub folder: PathBuf,
    pub concurrency: usize,
    /// Until it is killed, or until none is due.
    pub for_ever: bool,
    /// The points at which it kills itself, and where it writes down at which.
    pub deaths: Option<(Vec<String>, PathBuf)>,
    /// The point at which it waits once, and a file: it makes one with `.reached` behind its name, and goes on when
    /// the file itself is there.
    pub waits_at: Option<(String, PathBuf)>,
}

impl Orders {
    pub fn new(folder: &Path, concurrency: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            concurrency,
            for_ever: false,
            deaths: None,
            waits_at: None,
        }
    }

    pub fn spawn(&self) -> Child {
        self.spawn_by(Command::new(std::env::current_exe().unwrap()))
    }

    /// With the beginning of a command line that ends with this program.
    pub fn spawn_by(&self, mut begin: Command) -> Child {
        begin
            .args(["--exact", "processes::child"])
            .env(CHILD, serde_json::to_string(self).unwrap())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }
}

/// Not a test by itself: what the other processes do.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(orders) = std::env::var(CHILD) else {
        return;
    };
    let orders: Orders = serde_json::from_str(&orders).unwrap();
    if let Some((points, written)) = orders.deaths {
        for point in points {
            let (name, written) = (point.clone(), written.clone());
            fail::cfg_callback(point, move || die(&name, &written)).unwrap();
        }
    }
    if let Some((point, file)) = orders.waits_at {
        fail::cfg_callback(point, move || wait(&file)).unwrap();
    }
    let manager = open(&orders.folder).await;
    let options = WorkerOptions {
        concurrency: orders.concurrency,
        ..WorkerOptions::default()
    };
    let worker = Worker::new(&manager, kinds::registry(), options);
    if orders.for_ever {
        worker.run(&CancellationToken::new()).await.unwrap();
    } else {
        worker.drain().await.unwrap();
    }
}

/// Kills this process, and says where: as its last act, so nothing is written down that was not the end.
fn die(point: &str, written: &Path) {
    static DYING: AtomicBool = AtomicBool::new(false);
    if !DYING.swap(true, Ordering::SeqCst) {
        kinds::note(written, point);
        kill_process(getpid(), Signal::KILL).unwrap();
    }
    loop {
        std::thread::park(); // on another thread, or until the signal arrives
    }
}

fn wait(file: &Path) {
    static REACHED: AtomicBool = AtomicBool::new(false);
    if !REACHED.swap(true, Ordering::SeqCst) {
        kinds::note(&reached(file), "reached");
        while !file.exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// The file that says that a process waits for `file`.
fn reached(file: &Path) -> PathBuf {
    file.with_added_extension("reached")
}

/// Whether a process waits for this file. What it notes is whole then, so that it can be stopped.
pub fn is_reached(file: &Path) -> bool {
    std::fs::metadata(reached(file)).is_ok_and(|noted| noted.len() > 0)
}

pub fn spawn(folder: &Path, concurrency: usize) -> Child {
    Orders::new(folder, concurrency).spawn()
}

/// Waits until a process has ended, however.
pub async fn ended(mut child: Child) -> std::process::ExitStatus {
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn four_workers_in_two_processes_do_each_job_once() {
    const JOBS: usize = 300;
    let scene = Scene::new().await;
    let mut ids = Vec::new();
    for _ in 0..JOBS {
        ids.push(scene.submit(&kinds::Count, None).await);
    }
    let children = [spawn(scene.folder.path(), 2), spawn(scene.folder.path(), 2)];
    for child in children {
        assert!(ended(child).await.success());
    }
    let mut workers = std::collections::BTreeSet::new();
    for id in &ids {
        assert_eq!(
            scene.job(id).await.state,
            entity_core::enums::JobState::Completed
        );
        let attempts = scene.jobs.executions(id).await.unwrap();
        assert_eq!(attempts.len(), 1, "each token has one attempt");
        assert_eq!(attempts[0].lease_token, 1);
        workers.insert(attempts[0].worker_id.clone());
    }
    assert_eq!(workers.len(), 2, "both processes worked");
}
