//! Several processes, and ones that die.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use entity_core::enums::OverlapPolicy;
use manifold_jobs::schedule::ScheduleSpec;
use manifold_jobs::{Registry, Worker, WorkerOptions};
use manifold_store::{Clock, Layout, SqliteManager, StoreOptions};
use serde::{Deserialize, Serialize};

use crate::scene::{Scene, utc};

const CHILD: &str = "MANIFOLD_SCHEDULES_TEST_CHILD";

/// What a child does: it plants the slots of a folder, minute after minute, and may die at a named point.
#[derive(Serialize, Deserialize)]
struct Told {
    folder: PathBuf,
    minutes: u64,
    dies_at: Option<String>,
}

/// Not a test by itself: what the other processes do.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let told: Told = serde_json::from_str(&told).unwrap();
    let layout = Layout::new(told.folder.join("data"));
    let manager = SqliteManager::open(layout, StoreOptions::default())
        .await
        .unwrap();
    if let Some(point) = told.dies_at {
        fail::cfg_callback(point, || std::process::abort()).unwrap();
    }
    let clock = Clock::manual(utc("2026-11-23T12:00:00Z"));
    let options = WorkerOptions {
        clock: clock.clone(),
        ..WorkerOptions::default()
    };
    let worker = Worker::new(&manager, Registry::empty(), options);
    for _ in 0..told.minutes {
        clock.advance(Duration::from_secs(60));
        worker.drain().await.unwrap();
    }
}

fn spawn(folder: &Path, minutes: u64, dies_at: Option<&str>) -> Child {
    let told = Told {
        folder: folder.to_owned(),
        minutes,
        dies_at: dies_at.map(str::to_owned),
    };
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "processes::child"])
        .env(CHILD, serde_json::to_string(&told).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

async fn each_minute(scene: &Scene) {
    let spec = ScheduleSpec {
        overlap: OverlapPolicy::Allow,
        ..ScheduleSpec::new("each minute", "* * * * *", scene.chore(None))
    };
    scene.schedules.create(spec).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_processes_that_look_at_the_same_slots_write_each_down_once() {
    let scene = Scene::new().await;
    each_minute(&scene).await;
    let mut children: Vec<_> = (0..3).map(|_| spawn(scene.folder(), 60, None)).collect();
    for child in &mut children {
        assert!(child.wait().unwrap().success());
    }
    // Who is behind finds slots that were dealt with; who is ahead may pass over one that is then no slot any more
    // for the others. None is there twice.
    let slots = scene.slots().await;
    let distinct: std::collections::BTreeSet<_> = slots.iter().collect();
    assert_eq!(slots.len(), distinct.len());
    assert_eq!(slots.last().map(String::as_str), Some("23 13:00"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_before_the_schedule_moved_on_leaves_no_job_and_loses_no_slot() {
    let scene = Scene::new().await;
    each_minute(&scene).await;
    let died = spawn(scene.folder(), 1, Some("schedule-planted")).wait();
    assert!(!died.unwrap().success());
    assert_eq!(scene.slots().await, Vec::<String>::new());
    assert!(spawn(scene.folder(), 1, None).wait().unwrap().success());
    assert_eq!(scene.slots().await, ["23 12:01"]);
}
