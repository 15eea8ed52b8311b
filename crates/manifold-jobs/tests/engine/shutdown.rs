use std::time::Duration;

use entity_core::enums::{EndReason, JobState};
use manifold_jobs::WorkerOptions;
use tokio_util::sync::CancellationToken;

use crate::kinds::{Copy, Count, Wait};
use crate::scene::Scene;

fn options(soft: u64, grace: u64) -> WorkerOptions {
    WorkerOptions {
        soft_timeout: Duration::from_millis(soft),
        grace: Duration::from_millis(grace),
        ..WorkerOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupted_job_waits_again_and_has_used_no_attempt() {
    let scene = Scene::new().await;
    for stubborn in [false, true] {
        let id = scene
            .submit(
                &Wait {
                    stubborn,
                    cleaned_up: None,
                },
                None,
            )
            .await;
        let (worker, stop) = (scene.worker(options(10, 200)), CancellationToken::new());
        let running = tokio::spawn({
            let stop = stop.clone();
            async move { worker.run(&stop).await }
        });
        scene.until(&id, JobState::Running).await;
        stop.cancel();
        running.await.unwrap().unwrap();
        let job = scene.job(&id).await;
        assert_eq!(
            (job.state, job.attempt, job.crash_count),
            (JobState::Pending, 0, 0)
        );
        assert_eq!(scene.end_reasons(&id).await, [EndReason::Interrupted]);
        scene.jobs.cancel(&id).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_in_time_is_not_interrupted_and_nothing_more_is_begun() {
    let scene = Scene::new().await;
    let project = scene.project().await;
    let file = scene.folder.path().join("lines");
    std::fs::write(
        &file,
        (0..20).map(|n| format!("line {n}\n")).collect::<String>(),
    )
    .unwrap();
    let slow = scene
        .submit(&Copy { file, pause_ms: 10 }, Some(&project))
        .await;
    let one = WorkerOptions {
        concurrency: 1,
        ..options(60_000, 60_000)
    };
    let (worker, stop) = (scene.worker(one), CancellationToken::new());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { worker.run(&stop).await }
    });
    scene.until(&slow, JobState::Running).await;
    let next = scene.submit(&Count, None).await;
    stop.cancel();
    assert_eq!(running.await.unwrap().unwrap().attempts, 1);
    assert_eq!(scene.job(&slow).await.state, JobState::Completed);
    assert_eq!(scene.job(&next).await.state, JobState::Pending);
}
