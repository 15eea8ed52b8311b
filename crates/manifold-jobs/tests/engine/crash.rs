//! Processes that die under their jobs.
#![cfg(unix)]

use entity_core::enums::{EndReason, ExecutionState, JobState};
use manifold_jobs::{new_job, rescue_dead};
use manifold_store::NewJob;

use crate::kinds::{Abort, AbortAnew, Count};
use crate::processes::{ended, spawn};
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_process_is_tried_as_often_as_its_kind_allows() {
    let scene = Scene::new().await;
    for (most, code) in [
        (1, "crashed"),
        (2, "CRASH_LOOP"),
        (3, "CRASH_LOOP"),
        (5, "CRASH_LOOP"),
    ] {
        let new = NewJob {
            max_crashes: most,
            ..new_job(&Abort { times: i64::MAX }, None).unwrap()
        };
        let id = new.id.clone();
        scene.jobs.submit(new).await.unwrap();
        let mut deaths = 0;
        while scene.job(&id).await.state != JobState::Failed {
            assert!(deaths < 10, "it goes on for ever");
            let status = ended(spawn(scene.folder.path(), 1)).await;
            deaths += i64::from(!status.success());
        }
        assert_eq!(deaths, most);
        let job = scene.job(&id).await;
        assert_eq!((job.attempt, job.crash_count), (most, most));
        assert_eq!(job.error_code.as_deref(), Some(code));
        let attempts = scene.jobs.executions(&id).await.unwrap();
        assert_eq!(attempts.len() as i64, most);
        assert!(
            attempts
                .iter()
                .all(|attempt| attempt.state == ExecutionState::Crashed)
        );
        let crashed = vec![EndReason::Crashed; attempts.len()];
        assert_eq!(scene.end_reasons(&id).await, crashed);
    }
    // Nobody else suffers.
    let other = scene.submit(&Count, None).await;
    assert!(ended(spawn(scene.folder.path(), 1)).await.success());
    assert_eq!(scene.job(&other).await.state, JobState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_process_died_goes_on_in_another() {
    let scene = Scene::new().await;
    let id = scene.submit(&Abort { times: 1 }, None).await;
    assert!(!ended(spawn(scene.folder.path(), 1)).await.success());
    let rescued = rescue_dead(&scene.manager).await.unwrap();
    assert_eq!(rescued.len(), 1);
    assert_eq!(
        (rescued[0].state, rescued[0].crash_count),
        (JobState::Pending, 1)
    );
    assert_eq!(rescued[0].error_code.as_deref(), Some("crashed"));
    assert!(ended(spawn(scene.folder.path(), 1)).await.success());
    let job = scene.job(&id).await;
    assert_eq!(
        (job.state, job.attempt, job.error_code),
        (JobState::Completed, 2, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_asked_to_stop_does_not_come_back_from_a_crash() {
    let scene = Scene::new().await;
    let id = scene.submit(&Abort { times: 1 }, None).await;
    assert!(!ended(spawn(scene.folder.path(), 1)).await.success());
    scene.jobs.cancel(&id).await.unwrap();
    rescue_dead(&scene.manager).await.unwrap();
    assert_eq!(scene.job(&id).await.state, JobState::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_restarts_after_a_crash_does_its_steps_anew() {
    let scene = Scene::new().await;
    let steps = scene.folder.path().join("steps");
    let id = scene
        .submit(
            &AbortAnew {
                steps: steps.clone(),
            },
            None,
        )
        .await;
    assert!(!ended(spawn(scene.folder.path(), 1)).await.success());
    assert!(ended(spawn(scene.folder.path(), 1)).await.success());
    assert_eq!(scene.job(&id).await.state, JobState::Completed);
    assert_eq!(std::fs::read_to_string(steps).unwrap(), "one\none\n");
}
