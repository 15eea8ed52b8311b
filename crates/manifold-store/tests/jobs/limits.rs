use manifold_store::{NewJob, StoreError};

use crate::scene::{Scene, job, job_of};

#[tokio::test]
async fn a_paused_queue_lets_nothing_begin() {
    let scene = Scene::new().await;
    let other = NewJob {
        queue: "other".to_owned(),
        ..job()
    };
    let ids = scene.add_all([job(), other]).await;
    scene.jobs.limit_queue("default", Some(5)).await.unwrap();
    scene.jobs.pause_queue("default").await.unwrap();
    assert_eq!(scene.next_id().await.as_ref(), Some(&ids[1]));
    assert_eq!(scene.next_id().await, None);
    scene.jobs.resume_queue("default").await.unwrap();
    assert_eq!(scene.next_id().await.as_ref(), Some(&ids[0]));
}

#[tokio::test]
async fn a_queue_runs_as_many_as_it_may() {
    let scene = Scene::new().await;
    scene.jobs.limit_queue("default", Some(2)).await.unwrap();
    scene.add_all((0..4).map(|_| job())).await;
    let first = scene.next().await.unwrap();
    scene.next().await.unwrap();
    assert!(scene.next().await.is_none());
    scene.complete(&first).await;
    scene.next().await.unwrap();
    assert!(scene.next().await.is_none());
    scene.jobs.limit_queue("default", None).await.unwrap();
    scene.next().await.unwrap();
}

#[tokio::test]
async fn a_project_runs_as_many_as_it_may_and_holds_up_no_other() {
    let scene = Scene::new().await;
    let (p, q) = (
        scene.store.project("p").await,
        scene.store.project("q").await,
    );
    scene.jobs.limit_project(&p, Some(1)).await.unwrap();
    scene.add_all((0..3).map(|_| job_of(&p))).await;
    scene.add_all((0..3).map(|_| job_of(&q))).await;
    let first = scene.next().await.unwrap();
    assert_eq!(first.job.concurrency_key, p.as_str());
    for _ in 0..3 {
        assert_eq!(scene.next().await.unwrap().job.concurrency_key, q.as_str());
    }
    assert!(scene.next().await.is_none());
    scene.complete(&first).await;
    assert_eq!(scene.next().await.unwrap().job.concurrency_key, p.as_str());
    assert!(scene.next().await.is_none());
    scene.jobs.limit_project(&p, None).await.unwrap();
    assert_eq!(scene.next().await.unwrap().job.concurrency_key, p.as_str());
}

#[tokio::test]
async fn a_limit_of_none_at_all_is_refused() {
    let scene = Scene::new().await;
    let p = scene.store.project("p").await;
    let refused = scene.jobs.limit_project(&p, Some(0)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Check { .. }), "{refused}");
    let refused = scene.jobs.limit_queue("q", Some(0)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Check { .. }), "{refused}");
}
