use entity_core::enums::JobState;
use manifold_store::{JobsError, NewJob};

use crate::scene::{Scene, done, job};

fn keyed() -> NewJob {
    NewJob {
        unique_key: Some("nightly".to_owned()),
        ..job()
    }
}

#[tokio::test]
async fn one_job_has_a_unique_key_from_its_beginning_to_its_end() {
    let scene = Scene::new().await;
    let first = scene.jobs.submit(keyed()).await.unwrap();
    assert!(first.is_new);
    let again = async || {
        let again = scene.jobs.submit(keyed()).await.unwrap();
        assert!(!again.is_new);
        assert_eq!(again.job.id, first.job.id);
        again.job.state
    };
    assert_eq!(again().await, JobState::Pending);
    let claim = scene.next().await.unwrap();
    assert_eq!(again().await, JobState::Running);
    let refused = scene.jobs.start(keyed()).await.unwrap_err();
    assert!(
        matches!(&refused, JobsError::Duplicate { job, .. } if *job == claim.job_id),
        "{refused}"
    );
    assert_eq!(refused.code(), "job_duplicate");
    scene.complete(&claim).await;
    assert!(scene.jobs.submit(keyed()).await.unwrap().is_new);
}

#[tokio::test]
async fn a_job_that_waits_for_others_has_its_key_too() {
    let scene = Scene::new().await;
    let first = scene.add(job()).await;
    let waiting = NewJob {
        depends_on: vec![first],
        ..keyed()
    };
    let waiting = scene.add(waiting).await;
    assert_eq!(scene.state(&waiting).await, JobState::Blocked);
    assert!(!scene.jobs.submit(keyed()).await.unwrap().is_new);
}

#[tokio::test]
async fn a_job_is_not_retried_while_another_has_its_key() {
    let scene = Scene::new().await;
    let first = scene.add(keyed()).await;
    scene.jobs.cancel(&first).await.unwrap();
    let second = scene.add(keyed()).await;
    let refused = scene.jobs.retry(&first).await.unwrap_err();
    assert!(
        matches!(&refused, JobsError::Duplicate { job, .. } if *job == second),
        "{refused}"
    );
    let claim = scene.next().await.unwrap();
    scene.jobs.finish(&claim, &done()).await.unwrap();
    assert_eq!(
        scene.jobs.retry(&first).await.unwrap().state,
        JobState::Pending
    );
}
