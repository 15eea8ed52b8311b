//! Workers that are killed again and again, at random moments.
#![cfg(unix)]

use std::collections::BTreeSet;
use std::time::Duration;

use entity_core::enums::{EndReason, JobState};
use entity_project::consolidated_models;
use manifold_store::{DatabaseManager as _, JobFilter};
use sea_orm::EntityTrait as _;

use crate::kinds::Copy;
use crate::processes::{ended, spawn};
use crate::scene::Scene;

const JOBS: usize = 8;
/// Lines of each job, for each round.
const LINES: usize = 60;

/// Twice so many processes are killed; `MANIFOLD_ROUNDS` makes it more.
const ROUNDS: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn four_workers_in_two_processes_that_are_killed_write_each_row_once() {
    let rounds = std::env::var("MANIFOLD_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let scene = Scene::new().await;
    let project = scene.project().await;
    let mut expected = BTreeSet::new();
    for number in 0..JOBS {
        let lines: Vec<String> = (0..LINES * rounds)
            .map(|line| format!("job {number} line {line}"))
            .collect();
        let file = scene.folder.path().join(format!("lines {number}"));
        std::fs::write(&file, lines.join("\n")).unwrap();
        expected.extend(lines);
        let copy = Copy { file, pause_ms: 5 };
        scene.submit(&copy, Some(&project)).await;
    }
    for _ in 0..ROUNDS * rounds {
        let mut children = [spawn(scene.folder.path(), 2), spawn(scene.folder.path(), 2)];
        for (place, child) in children.iter_mut().enumerate() {
            // Somewhere between the start of the process and a few transactions later.
            let moment = uuid::Uuid::now_v7().as_u128() % 250;
            let moment = 30 + u64::try_from(moment).unwrap() * (place as u64 + 1);
            tokio::time::sleep(Duration::from_millis(moment)).await;
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
    assert!(ended(spawn(scene.folder.path(), 2)).await.success());

    let jobs = scene.jobs.list(&JobFilter::default()).await.unwrap();
    assert_eq!(jobs.len(), JOBS);
    let mut crashes = 0;
    for job in jobs {
        crashes += job.crash_count;
        assert_eq!(job.state, JobState::Completed, "{:?}", job.error_message);
        let attempts = scene
            .jobs
            .executions(&job.id.parse().unwrap())
            .await
            .unwrap();
        let tokens: BTreeSet<i64> = attempts.iter().map(|attempt| attempt.lease_token).collect();
        assert_eq!(tokens.len(), attempts.len());
        let ok = attempts
            .iter()
            .filter(|attempt| attempt.end_reason == Some(EndReason::Ok));
        assert_eq!(ok.count(), 1, "it ends once");
        assert!(attempts.iter().all(|attempt| attempt.finished_at.is_some()));
    }
    assert!(crashes > 0, "no process died at work");
    let spoke = scene.manager.project(&project).await.unwrap();
    let rows = spoke
        .all(consolidated_models::Entity::find())
        .await
        .unwrap();
    assert_eq!(rows.len(), JOBS * LINES * rounds);
    let names: BTreeSet<String> = rows.into_iter().map(|row| row.name).collect();
    assert_eq!(names, expected);
}
