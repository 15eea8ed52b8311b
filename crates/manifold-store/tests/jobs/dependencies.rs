use entity_core::enums::JobState;
use manifold_store::{JobId, JobsError, NewJob, StoreError};

use crate::scene::{Scene, failed, job};

fn after(ids: &[&JobId]) -> NewJob {
    NewJob {
        depends_on: ids.iter().map(|id| (*id).clone()).collect(),
        ..job()
    }
}

#[tokio::test]
async fn a_job_waits_for_all_it_depends_on() {
    let scene = Scene::new().await;
    let ids = scene.add_all([job(), job()]).await;
    let last = scene.add(after(&[&ids[0], &ids[1], &ids[0]])).await;
    assert_eq!(scene.state(&last).await, JobState::Blocked);
    assert_eq!(scene.job(&last).await.pending_dependencies, 2);
    let (one, two) = (scene.next().await.unwrap(), scene.next().await.unwrap());
    assert!(scene.next().await.is_none());
    scene.complete(&two).await;
    assert_eq!(scene.state(&last).await, JobState::Blocked);
    scene.complete(&one).await;
    assert_eq!(scene.state(&last).await, JobState::Pending);
    assert_eq!(scene.next_id().await, Some(last));
    // What is completed already is not waited for.
    let late = scene.add(after(&[&ids[0]])).await;
    assert_eq!(scene.state(&late).await, JobState::Pending);
}

#[tokio::test]
async fn a_chain_comes_in_its_order() {
    let scene = Scene::new().await;
    let mut chain = vec![scene.add(job()).await];
    for _ in 0..5 {
        chain.push(scene.add(after(&[chain.last().unwrap()])).await);
    }
    for id in &chain {
        let claim = scene.next().await.unwrap();
        assert_eq!(claim.job_id, *id);
        assert!(scene.next().await.is_none());
        scene.complete(&claim).await;
    }
}

#[tokio::test]
async fn what_waits_for_a_failed_job_is_cancelled_and_can_be_retried_in_order() {
    let scene = Scene::new().await;
    let first = scene.add(job()).await;
    let second = scene.add(after(&[&first])).await;
    let third = scene.add(after(&[&second])).await;
    let claim = scene.next().await.unwrap();
    scene.jobs.finish(&claim, &failed()).await.unwrap();
    for (id, cause) in [(&second, &first), (&third, &second)] {
        let job = scene.job(id).await;
        assert_eq!(job.state, JobState::Cancelled);
        assert_eq!(job.error_code.as_deref(), Some("dependency_failed"));
        assert!(job.error_message.unwrap().contains(cause.as_str()));
    }
    let refused = scene.jobs.submit(after(&[&first])).await.unwrap_err();
    assert!(
        matches!(&refused, JobsError::DependencyFailed { dependency, found: JobState::Failed } if *dependency == first)
    );
    assert_eq!(refused.code(), "dependency_failed");
    let refused = scene.jobs.retry(&third).await.unwrap_err();
    assert!(
        matches!(refused, JobsError::DependencyFailed { .. }),
        "{refused}"
    );

    assert_eq!(
        scene.jobs.retry(&first).await.unwrap().state,
        JobState::Pending
    );
    assert_eq!(
        scene.jobs.retry(&second).await.unwrap().state,
        JobState::Blocked
    );
    assert_eq!(
        scene.jobs.retry(&third).await.unwrap().state,
        JobState::Blocked
    );
    for id in [&first, &second, &third] {
        let claim = scene.next().await.unwrap();
        assert_eq!(claim.job_id, *id);
        scene.complete(&claim).await;
    }
}

#[tokio::test]
async fn a_cancelled_job_takes_along_what_waits_for_it() {
    let scene = Scene::new().await;
    let first = scene.add(job()).await;
    let second = scene.add(after(&[&first])).await;
    scene.jobs.cancel(&first).await.unwrap();
    assert_eq!(scene.state(&second).await, JobState::Cancelled);
    let alone = scene.add(job()).await;
    let blocked = scene.add(after(&[&alone])).await;
    scene.jobs.cancel(&blocked).await.unwrap();
    assert_eq!(scene.state(&alone).await, JobState::Pending);
    let claim = scene.next().await.unwrap();
    scene.complete(&claim).await;
    assert_eq!(scene.state(&blocked).await, JobState::Cancelled);
}

#[tokio::test]
async fn a_job_cannot_wait_for_one_that_is_not_there() {
    let scene = Scene::new().await;
    let refused = scene
        .jobs
        .submit(after(&[&JobId::new()]))
        .await
        .unwrap_err();
    assert!(
        matches!(
            refused,
            JobsError::Store(StoreError::NotFound { what: "job", .. })
        ),
        "{refused}"
    );
}
