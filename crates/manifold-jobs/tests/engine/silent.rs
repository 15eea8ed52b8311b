//! A process that lives and does nothing.
#![cfg(unix)]

use std::process::{Child, Command};
use std::time::Duration;

use entity_core::enums::{EndReason, JobState};
use entity_project::consolidated_models;
use manifold_jobs::rescue_dead;
use manifold_store::{Clock, DatabaseManager as _, JobId, Jobs, ProjectId};
use sea_orm::EntityTrait as _;

use crate::kinds::{Block, Copy};
use crate::processes::{ended, spawn};
use crate::scene::Scene;

const LINES: usize = 40;

pub fn signal(child: &Child, name: &str) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args([name, &pid]).status().unwrap();
    assert!(sent.success());
}

async fn copied(scene: &Scene, project: &ProjectId) -> Vec<consolidated_models::Model> {
    let spoke = scene.manager.project(project).await.unwrap();
    spoke
        .all(consolidated_models::Entity::find())
        .await
        .unwrap()
}

/// Stops the process between two transactions, so that it holds no lock of a database.
pub async fn stop_between_writes(scene: &Scene, child: &Child, project: &ProjectId) {
    let layout = scene.manager.layout();
    let files = [layout.core(), layout.spoke(&project.namespace())];
    loop {
        signal(child, "-STOP");
        let free = files.iter().all(|file| {
            let connection = rusqlite::Connection::open(file).unwrap();
            connection.busy_timeout(Duration::from_millis(50)).unwrap();
            connection
                .execute_batch("BEGIN IMMEDIATE; ROLLBACK")
                .is_ok()
        });
        if free {
            return;
        }
        signal(child, "-CONT");
        tokio::time::sleep(Duration::from_millis(7)).await;
    }
}

/// A copy whose process is stopped on its way.
async fn silent() -> (Scene, ProjectId, JobId, Child) {
    let scene = Scene::new().await;
    let project = scene.project().await;
    let file = scene.folder.path().join("lines");
    let lines: String = (0..LINES).map(|n| format!("line {n:03}\n")).collect();
    std::fs::write(&file, lines).unwrap();
    let id = scene
        .submit(&Copy { file, pause_ms: 20 }, Some(&project))
        .await;
    let child = spawn(scene.folder.path(), 1);
    while copied(&scene, &project).await.len() < 5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop_between_writes(&scene, &child, &project).await;
    assert!(
        rescue_dead(&scene.manager).await.unwrap().is_empty(),
        "it lives"
    );
    (scene, project, id, child)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_process_keeps_its_job() {
    let (scene, project, id, child) = silent().await;
    // Another worker finds nothing to do.
    assert!(ended(spawn(scene.folder.path(), 1)).await.success());
    assert_eq!(scene.job(&id).await.state, JobState::Running);
    signal(&child, "-CONT");
    assert!(ended(child).await.success());
    assert_eq!(scene.job(&id).await.state, JobState::Completed);
    assert_eq!(scene.end_reasons(&id).await, [EndReason::Ok]);
    assert_eq!(copied(&scene, &project).await.len(), LINES);
}

/// No heartbeat gets through while all threads are blocked; another process looks for dead ones all the time.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_blocks_its_threads_is_not_run_twice() {
    let scene = Scene::new().await;
    let threads = std::thread::available_parallelism().unwrap().get();
    let mut jobs = Vec::new();
    for number in 0..threads {
        let notes = scene.folder.path().join(format!("notes {number}"));
        let block = Block {
            notes: notes.clone(),
            millis: 1_500,
        };
        jobs.push((scene.submit(&block, None).await, notes));
    }
    let blocked = tokio::spawn(ended(spawn(scene.folder.path(), threads)));
    let looks = scene.jobs.clock().now();
    let mut looked = 0;
    while !blocked.is_finished() {
        // Far beyond any time that a lease could have.
        let later = Clock::manual(looks + Duration::from_secs(3_600 * looked));
        looked += 1;
        let later = Jobs::with_clock(&scene.manager, later);
        assert!(later.rescue_dead().await.unwrap().is_empty(), "it lives");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(looked > 10 && blocked.await.unwrap().success());
    for (id, notes) in jobs {
        assert_eq!(std::fs::read_to_string(notes).unwrap(), "begin 1\nend 1\n");
        assert_eq!(scene.job(&id).await.state, JobState::Completed);
        assert_eq!(scene.end_reasons(&id).await, [EndReason::Ok]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_whose_job_was_taken_away_writes_nothing_when_it_comes_back() {
    let (scene, project, id, child) = silent().await;
    let before = copied(&scene, &project).await.len();
    scene.jobs.release(&id).await.unwrap();
    signal(&child, "-CONT");
    // It does the job anew itself, or leaves it to the other: as another attempt.
    let other = spawn(scene.folder.path(), 1);
    assert!(ended(child).await.success());
    assert!(ended(other).await.success());
    let job = scene.job(&id).await;
    assert_eq!(job.state, JobState::Completed, "{:?}", job.error_message);
    assert_eq!(
        scene.end_reasons(&id).await,
        [EndReason::LeaseLost, EndReason::Ok]
    );
    let rows = copied(&scene, &project).await;
    assert_eq!(rows.len(), LINES, "each line once");
    let by_first = rows.iter().filter(|row| row.id.starts_with("1-")).count();
    assert_eq!(
        by_first, before,
        "nothing came after the job was taken away"
    );
}
