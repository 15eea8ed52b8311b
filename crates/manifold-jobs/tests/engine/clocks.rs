//! Clocks that jump by an hour, forwards and back.

use std::time::Duration;

use chrono::TimeDelta;
use entity_core::enums::{EndReason, JobState};
use manifold_jobs::{WorkerOptions, new_job};
use manifold_store::{Clock, JobId, Jobs, NewJob, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::kinds::{Count, Do, Flaky};
use crate::scene::Scene;

const HOUR: TimeDelta = TimeDelta::hours(1);

async fn due(jobs: &Jobs, at: TimeDelta) -> JobId {
    let new = NewJob {
        run_at: Some(jobs.clock().now() + at),
        ..new_job(&Count, None).unwrap()
    };
    let id = new.id.clone();
    jobs.submit(new).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_waits_is_begun_at_its_time_by_the_clock_and_once() {
    let scene = Scene::new().await;
    let clock = Clock::manual(Timestamp::now());
    let jobs = Jobs::with_clock(&scene.manager, clock.clone());
    let start = clock.now();
    let soon = due(&jobs, TimeDelta::minutes(10)).await;
    assert_eq!(scene.job(&soon).await.state, JobState::Pending);
    let options = WorkerOptions {
        clock: clock.clone(),
        ..WorkerOptions::default()
    };
    let (worker, stop) = (scene.worker(options), CancellationToken::new());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { worker.run(&stop).await }
    });
    // Back: it waits, though more than its ten minutes may pass by another clock.
    clock.set(start - HOUR);
    tokio::time::sleep(Duration::from_millis(1_200)).await;
    assert_eq!(scene.job(&soon).await.state, JobState::Pending);
    // What is due now, by the clock that went back, is begun: also what was written down by the other.
    let now = due(&jobs, TimeDelta::zero()).await;
    scene.until(&now, JobState::Completed).await;
    // Forwards: its time has passed.
    clock.set(start + HOUR);
    scene.until(&soon, JobState::Completed).await;
    // And back again: it is not begun once more.
    clock.set(start);
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.cancel();
    assert_eq!(running.await.unwrap().unwrap().attempts, 2);
    for id in [&soon, &now] {
        assert_eq!(scene.end_reasons(id).await, [EndReason::Ok]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_outlives_every_jump() {
    let scene = Scene::new().await;
    let clock = Clock::manual(Timestamp::now());
    let jobs = Jobs::with_clock(&scene.manager, clock.clone());
    let start = clock.now();
    let new = new_job(&Count, None).unwrap();
    let id = new.id.clone();
    jobs.submit(new).await.unwrap();
    let claim = jobs.claim(&id).await.unwrap();
    for jump in [HOUR, -HOUR, HOUR * 24 * 365, -HOUR * 24 * 365] {
        clock.set(start + jump);
        assert!(jobs.rescue_dead().await.unwrap().is_empty(), "{jump}");
        jobs.heartbeat(&claim, &Default::default()).await.unwrap();
        assert_eq!(scene.job(&id).await.state, JobState::Running);
    }
    let done = manifold_store::Ending::Completed {
        result: serde_json::json!(1),
    };
    let job = jobs.finish(&claim, &done).await.unwrap();
    assert_eq!(job.state, JobState::Completed);
}

/// A backoff is a time on the clock: when that goes back the job waits longer, and is neither lost nor begun twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_backoff_survives_a_jump() {
    for jump in [HOUR, -HOUR] {
        let scene = Scene::new().await;
        let testing = scene.testing();
        let flaky = Flaky {
            attempts: vec![Do::RetryAfter(60), Do::Succeed],
            cleaned_up: None,
        };
        let id = testing.enqueue(&flaky, None).await.unwrap();
        let start = testing.clock().now();
        assert_eq!(testing.drain().await.unwrap(), 1);
        testing.clock().set(start + jump);
        let begun = testing.drain().await.unwrap();
        assert_eq!(begun, u64::from(jump > TimeDelta::zero()), "{jump}");
        testing.clock().set(start + TimeDelta::seconds(100));
        assert_eq!(testing.drain().await.unwrap(), 1 - begun);
        assert_eq!(scene.job(&id).await.state, JobState::Completed);
        assert_eq!(
            scene.end_reasons(&id).await,
            [EndReason::Error, EndReason::Ok]
        );
    }
}
