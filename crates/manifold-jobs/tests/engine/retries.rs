use std::time::Duration;

use entity_core::enums::{EndReason, JobState};

use crate::kinds::{Do, Flaky};
use crate::scene::Scene;

fn flaky(attempts: &[Do]) -> Flaky {
    Flaky {
        attempts: attempts.to_vec(),
        cleaned_up: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_attempt_is_repeated_after_a_wait_that_grows() {
    let scene = Scene::new().await;
    let testing = scene.testing();
    let id = testing
        .enqueue(&flaky(&[Do::Retry, Do::Retry, Do::Succeed]), None)
        .await
        .unwrap();
    for (attempt, most) in [(1, 60), (2, 100)] {
        assert_eq!(testing.drain().await.unwrap(), 1);
        let job = scene.job(&id).await;
        assert_eq!((job.state, job.attempt), (JobState::Pending, attempt));
        let wait = job.run_at - testing.clock().now();
        assert!(wait <= chrono::TimeDelta::seconds(most), "{wait}");
        assert_eq!(job.error_code.as_deref(), Some("offline"));
        testing.clock().advance(Duration::from_secs(100));
    }
    assert_eq!(testing.drain().await.unwrap(), 1);
    let job = scene.job(&id).await;
    assert_eq!(
        (job.state, job.attempt, job.error_code),
        (JobState::Completed, 3, None)
    );
    assert_eq!(
        scene.end_reasons(&id).await,
        [EndReason::Error, EndReason::Error, EndReason::Ok]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_attempt_is_the_last() {
    let scene = Scene::new().await;
    let testing = scene.testing();
    let tidied = scene.folder.path().join("tidied");
    let job = Flaky {
        attempts: vec![Do::Retry],
        cleaned_up: Some(tidied.clone()),
    };
    let id = testing.enqueue(&job, None).await.unwrap();
    for _ in 0..3 {
        assert!(!tidied.exists(), "there are attempts left");
        assert_eq!(testing.drain().await.unwrap(), 1);
        testing.clock().advance(Duration::from_secs(100));
    }
    assert_eq!(scene.job(&id).await.state, JobState::Failed);
    assert_eq!(testing.drain().await.unwrap(), 0);
    assert_eq!(std::fs::read_to_string(tidied).unwrap(), "Failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_will_not_get_better_is_not_repeated() {
    let scene = Scene::new().await;
    let testing = scene.testing();
    let id = testing.enqueue(&flaky(&[Do::Fail]), None).await.unwrap();
    testing.drain().await.unwrap();
    let job = scene.job(&id).await;
    assert_eq!((job.state, job.attempt), (JobState::Failed, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_other_side_may_say_when_to_come_back() {
    let scene = Scene::new().await;
    let testing = scene.testing();
    let id = testing
        .enqueue(&flaky(&[Do::RetryAfter(1_000), Do::Succeed]), None)
        .await
        .unwrap();
    testing.drain().await.unwrap();
    testing.clock().advance(Duration::from_secs(999));
    assert_eq!(testing.drain().await.unwrap(), 0);
    testing.clock().advance(Duration::from_secs(1));
    assert_eq!(testing.drain().await.unwrap(), 1);
    assert_eq!(scene.job(&id).await.state, JobState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snooze_uses_no_attempt() {
    let scene = Scene::new().await;
    let testing = scene.testing();
    let snooze = Do::Snooze(10);
    let attempts = [
        snooze.clone(),
        snooze.clone(),
        snooze.clone(),
        snooze,
        Do::Succeed,
    ];
    let id = testing.enqueue(&flaky(&attempts), None).await.unwrap();
    for _ in 0..4 {
        assert_eq!(testing.drain().await.unwrap(), 1);
        testing.clock().advance(Duration::from_secs(10));
    }
    testing.drain().await.unwrap();
    let job = scene.job(&id).await;
    assert_eq!(
        (job.state, job.attempt, job.lease_token),
        (JobState::Completed, 1, 5)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_an_error_like_others() {
    let scene = Scene::new().await;
    let testing = scene.testing();
    let id = testing
        .enqueue(&flaky(&[Do::Panic, Do::Succeed]), None)
        .await
        .unwrap();
    testing.drain().await.unwrap();
    let job = scene.job(&id).await;
    assert_eq!(
        (job.state, job.error_code.as_deref()),
        (JobState::Pending, Some("defect"))
    );
    assert!(job.error_message.unwrap().contains("number 7"));
    testing.clock().advance(Duration::from_secs(60));
    testing.drain().await.unwrap();
    assert_eq!(scene.job(&id).await.state, JobState::Completed);
    assert_eq!(
        scene.end_reasons(&id).await,
        [EndReason::Panic, EndReason::Ok]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_that_cannot_be_read_is_left_to_other_versions_and_then_fails() {
    let scene = Scene::new().await;
    let testing = scene.testing();
    let mut new = manifold_jobs::new_job(&flaky(&[Do::Succeed]), None).unwrap();
    new.payload = serde_json::json!({ "of": "another version" });
    let id = new.id.clone();
    testing.jobs().submit(new).await.unwrap();
    for _ in 0..3 {
        testing.drain().await.unwrap();
        // A kind's own backoff counts.
        testing.clock().advance(Duration::from_secs(100));
    }
    let job = scene.job(&id).await;
    assert_eq!(
        (job.state, job.error_code.as_deref()),
        (JobState::Failed, Some("job_payload"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreground_job_is_repeated_where_it_is() {
    let scene = Scene::new().await;
    let testing = scene.testing();
    let finished = testing
        .inline(flaky(&[Do::Retry, Do::Snooze(5), Do::Succeed]), None)
        .await
        .unwrap();
    assert_eq!(finished.outcome.unwrap(), 3);
    assert_eq!(
        (finished.job.state, finished.job.attempt),
        (JobState::Completed, 2)
    );
    let failed = testing.inline(flaky(&[Do::Retry]), None).await.unwrap();
    assert_eq!(failed.job.state, JobState::Failed);
    assert_eq!(failed.outcome.unwrap_err().code(), "offline");
}
