//! The process that does a job, and notes which points it passes or dies at one of them.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use manifold_jobs::{Worker, WorkerOptions};
use manifold_store::Jobs;
use serde::{Deserialize, Serialize};

use super::work::{Work, registry};
use crate::names::names;
use crate::store::open;

/// What the child is to do.
const CHILD: &str = "MANIFOLD_DEATHS_TEST_CHILD";

/// What is to happen at points.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Watch {
    /// Each that is passed is noted in this file.
    Note(PathBuf),
    /// The process dies when it passes this one for the so manieth time.
    Die(String, usize),
}

/// Does the job in a process of its own.
pub fn run(folder: &Path, work: &Work, watch: &Watch) -> ExitStatus {
    let told = serde_json::to_string(&(folder, work, watch)).unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "deaths::child::child"])
        .env(CHILD, told)
        .env("TMPDIR", folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
}

/// Not a test by itself: what the process does.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how a test tells its child what to do"
    )]
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let (folder, work, watch): (PathBuf, Work, Watch) = serde_json::from_str(&told).unwrap();
    arm(watch);
    let manager = open(&folder).await;
    work.submit(&Jobs::new(&manager)).await;
    let worker = Worker::new(&manager, registry(), WorkerOptions::default());
    worker.drain().await.unwrap();
}

fn arm(watch: Watch) {
    match watch {
        Watch::Note(file) => {
            for name in names() {
                let file = std::fs::File::options()
                    .append(true)
                    .create(true)
                    .open(&file);
                let (file, line) = (file.unwrap(), format!("{name}\n"));
                let note = move || (&file).write_all(line.as_bytes()).unwrap();
                fail::cfg_callback(name, note).unwrap();
            }
        }
        Watch::Die(point, pass) => {
            let passed = AtomicUsize::new(0);
            let die = move || {
                if passed.fetch_add(1, Ordering::SeqCst) + 1 == pass {
                    std::process::abort();
                }
            };
            fail::cfg_callback(point, die).unwrap();
        }
    }
}
