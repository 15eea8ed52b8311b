//! The other processes: one that works with backups until it is killed, and one that uses the project meanwhile.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use manifold_jobs::rescue_dead;
use manifold_store::ProjectId;
use rustix::process::{Signal, getpid, getppid, kill_process};
use serde::{Deserialize, Serialize};

use crate::check::is_known;
use crate::scene::{VERSIONS, import, open, run};
use crate::work::ACTS;

const CHILD: &str = "MANIFOLD_BACKUP_TEST_CHILD";

/// What a process is to do.
#[derive(Debug, Serialize, Deserialize)]
pub enum Orders {
    /// Work with backups for ever.
    Work {
        folder: PathBuf,
        project: String,
        /// The act to begin with, and a number that makes it differ from others.
        first: usize,
        number: u64,
        /// The point at which it kills itself; it writes it down as its last act.
        death: Option<(String, PathBuf)>,
    },
    /// Import and read until there is a file with the name of `stop`.
    Use {
        folder: PathBuf,
        project: String,
        stop: PathBuf,
        /// A line for each thing that it did.
        notes: PathBuf,
    },
}

impl Orders {
    pub fn spawn(&self) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child::child", "--nocapture"])
            .env(CHILD, serde_json::to_string(self).unwrap())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap()
    }
}

/// Not a test by itself: what the other processes do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(orders) = std::env::var(CHILD) else {
        return;
    };
    die_with_the_parent();
    match serde_json::from_str(&orders).unwrap() {
        Orders::Work {
            folder,
            project,
            first,
            number,
            death,
        } => {
            if let Some((point, written)) = death {
                let name = point.clone();
                fail::cfg_callback(point, move || die(&name, &written)).unwrap();
            }
            work(&folder, &project.parse().unwrap(), first, number).await;
        }
        Orders::Use {
            folder,
            project,
            stop,
            notes,
        } => use_project(&folder, &project.parse().unwrap(), &stop, &notes).await,
    }
}

async fn work(folder: &Path, project: &ProjectId, first: usize, mut number: u64) {
    let manager = open(folder).await;
    rescue_dead(&manager).await.unwrap();
    for act in ACTS.iter().cycle().skip(first) {
        if let Err(error) = act.run(&manager, folder, project, number).await {
            // Somebody uses the project and does not let go of it in time.
            assert_eq!(error.code(), "busy", "{act:?}: {error}");
        }
        number += 1;
    }
}

/// Imports, and reads what is there: each time it is a version, whole.
async fn use_project(folder: &Path, project: &ProjectId, stop: &Path, notes: &Path) {
    let manager = open(folder).await;
    for version in (0..VERSIONS).cycle() {
        if stop.exists() {
            break;
        }
        match run(&manager, project, import(folder, project, version)).await {
            Ok(_) => note(notes, "imported"),
            // The project was replaced, or is being replaced.
            Err(error) => note(notes, error.code()),
        }
        for _ in 0..3 {
            match is_known(&manager, project).await {
                Ok(()) => note(notes, "read"),
                Err(error) => note(notes, error.code()),
            }
        }
    }
    manager.shut_down().await.unwrap();
}

/// No process is left behind by a test that failed.
fn die_with_the_parent() {
    let parent = getppid();
    std::thread::spawn(move || {
        while getppid() == parent {
            std::thread::sleep(Duration::from_millis(50));
        }
        kill_process(getpid(), Signal::KILL).unwrap();
    });
}

/// Kills this process, and says where.
fn die(point: &str, written: &Path) {
    static DYING: AtomicBool = AtomicBool::new(false);
    if !DYING.swap(true, Ordering::SeqCst) {
        note(written, point);
        kill_process(getpid(), Signal::KILL).unwrap();
    }
    loop {
        std::thread::park(); // on another thread, or until the signal arrives
    }
}

/// In one write, so that lines of several processes do not mix.
fn note(path: &Path, line: &str) {
    use std::io::Write as _;
    let file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(path);
    file.unwrap()
        .write_all(format!("{line}\n").as_bytes())
        .unwrap();
}
