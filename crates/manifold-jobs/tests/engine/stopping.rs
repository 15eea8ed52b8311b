use std::time::Duration;

use entity_core::enums::{EndReason, JobState};
use manifold_jobs::{JobError, Observer, WorkerOptions, run_foreground};
use tokio_util::sync::CancellationToken;

use crate::kinds::{Slow, Wait};
use crate::scene::{Scene, open};

fn quick() -> WorkerOptions {
    WorkerOptions {
        grace: Duration::from_millis(200),
        ..WorkerOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_is_cancelled_from_another_process() {
    let scene = Scene::new().await;
    for stubborn in [false, true] {
        let tidied = scene.folder.path().join(format!("tidied {stubborn}"));
        let job = Wait {
            stubborn,
            cleaned_up: Some(tidied.clone()),
        };
        let id = scene.submit(&job, None).await;
        let (worker, stop) = (scene.worker(quick()), CancellationToken::new());
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { worker.run(&stop).await }
        });
        scene.until(&id, JobState::Running).await;
        let other = manifold_store::Jobs::new(&open(scene.folder.path()).await);
        other.cancel(&id).await.unwrap();
        scene.until(&id, JobState::Cancelled).await;
        assert_eq!(std::fs::read_to_string(tidied).unwrap(), "Cancelled");
        assert_eq!(scene.end_reasons(&id).await, [EndReason::Cancelled]);
        stop.cancel();
        assert_eq!(running.await.unwrap().unwrap().attempts, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_takes_too_long_is_stopped() {
    let scene = Scene::new().await;
    for stubborn in [false, true] {
        let id = scene.submit(&Slow { stubborn }, None).await;
        scene.worker(quick()).drain().await.unwrap();
        let job = scene.job(&id).await;
        assert_eq!(
            (job.state, job.error_code.as_deref()),
            (JobState::Failed, Some("timeout"))
        );
        assert_eq!(scene.end_reasons(&id).await, [EndReason::Timeout]);
    }
    let slow = Slow { stubborn: false };
    let finished = run_foreground(&scene.manager, slow, None, Observer::default())
        .await
        .unwrap();
    assert!(matches!(finished.outcome, Err(JobError::TimedOut { .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_wakes_for_new_jobs_and_for_their_time() {
    let scene = Scene::new().await;
    let (worker, stop) = (scene.worker(quick()), CancellationToken::new());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { worker.run(&stop).await }
    });
    let now = scene.submit(&crate::kinds::Count, None).await;
    scene.until(&now, JobState::Completed).await;
    let mut new = manifold_jobs::new_job(&crate::kinds::Count, None).unwrap();
    let due = scene.jobs.clock().now() + Duration::from_millis(300);
    new.run_at = Some(due);
    let soon = new.id.clone();
    scene.jobs.submit(new).await.unwrap();
    let done = scene.until(&soon, JobState::Completed).await;
    assert!(done.started_at.unwrap() >= due);
    stop.cancel();
    assert_eq!(running.await.unwrap().unwrap().attempts, 2);
}
