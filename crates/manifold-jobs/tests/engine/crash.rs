//! Processes that die under their jobs.
#![cfg(unix)]

use entity_core::enums::{EndReason, ExecutionState, JobState};
use manifold_jobs::rescue_dead;

use crate::kinds::{Abort, AbortAnew, Count};
use crate::processes::{ended, spawn};
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_kills_its_process_is_tried_as_often_as_its_kind_allows() {
    let scene = Scene::new().await;
    let id = scene.submit(&Abort { times: i64::MAX }, None).await;
    let mut deaths = 0;
    while scene.job(&id).await.state != JobState::Failed {
        assert!(deaths < 10, "it goes on for ever");
        let status = ended(spawn(scene.folder.path(), 1)).await;
        deaths += i32::from(!status.success());
    }
    assert_eq!(deaths, 3);
    let job = scene.job(&id).await;
    assert_eq!((job.attempt, job.crash_count), (3, 3));
    assert_eq!(job.error_code.as_deref(), Some("CRASH_LOOP"));
    let attempts = scene.jobs.executions(&id).await.unwrap();
    assert_eq!(attempts.len(), 3);
    assert!(
        attempts
            .iter()
            .all(|attempt| attempt.state == ExecutionState::Crashed)
    );
    assert_eq!(scene.end_reasons(&id).await, [EndReason::Crashed; 3]);
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
