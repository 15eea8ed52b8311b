use entity_core::enums::{EndReason, JobState};
use manifold_store::{DatabaseManager as _, Fence, FenceError, JobProgress, JobsError, NewJob};

use crate::scene::{Scene, done, job_of};

/// The holder comes back after its job was given to another: it can write nothing, anywhere.
#[tokio::test]
async fn a_released_attempt_writes_nothing_any_more() {
    let scene = Scene::new().await;
    let project = scene.store.project("p").await;
    let id = scene
        .add(NewJob {
            max_attempts: 1,
            ..job_of(&project)
        })
        .await;
    let silent = scene.next().await.unwrap();
    let spoke = scene.store.manager.project(&project).await.unwrap();
    let raise = async |claim, step| {
        let raised: Result<Fence, FenceError> = spoke
            .write(async |transaction| Fence::raise(transaction, claim, step).await)
            .await;
        raised
    };
    let hold = async |fence: &Fence| {
        let held: Result<(), FenceError> = spoke
            .write(async |transaction| fence.hold(transaction).await)
            .await;
        held
    };
    let fence = raise(&silent, "rows").await.unwrap();
    hold(&fence).await.unwrap();

    let released = scene.jobs.release(&id).await.unwrap();
    assert_eq!((released.state, released.attempt), (JobState::Pending, 0));
    let attempts = scene.jobs.executions(&id).await.unwrap();
    assert_eq!(attempts[0].end_reason, Some(EndReason::LeaseLost));
    // Nobody has begun it anew yet, and all is closed already: the step it was at, and any other.
    assert!(matches!(
        hold(&fence).await,
        Err(FenceError::Overtaken { .. })
    ));
    assert!(matches!(
        raise(&silent, "rows").await,
        Err(FenceError::Overtaken { .. })
    ));
    assert!(matches!(
        raise(&silent, "another").await,
        Err(FenceError::Overtaken { .. })
    ));
    let lost = |error: JobsError| assert!(matches!(error, JobsError::LeaseLost { .. }), "{error}");
    lost(
        scene
            .jobs
            .heartbeat(&silent, &JobProgress::default())
            .await
            .unwrap_err(),
    );
    lost(scene.jobs.finish(&silent, &done()).await.unwrap_err());
    lost(
        scene
            .jobs
            .remember_step(&silent, "a", 1.into())
            .await
            .unwrap_err(),
    );

    let second = scene.next().await.unwrap();
    assert!(second.lease_token > silent.lease_token + 1);
    let fence = raise(&second, "rows").await.unwrap();
    hold(&fence).await.unwrap();
    lost(scene.jobs.finish(&silent, &done()).await.unwrap_err());
    scene.complete(&second).await;
}

#[tokio::test]
async fn a_barred_attempt_is_kept_out_and_the_next_is_not() {
    let scene = Scene::new().await;
    let project = scene.store.project("p").await;
    scene
        .add(NewJob {
            max_attempts: 2,
            ..job_of(&project)
        })
        .await;
    let first = scene.next().await.unwrap();
    let spoke = scene.store.manager.project(&project).await.unwrap();
    scene.jobs.bar(&first).await.unwrap();
    let raise = async |claim| {
        let raised: Result<Fence, FenceError> = spoke
            .write(async |transaction| Fence::raise(transaction, claim, "rows").await)
            .await;
        raised
    };
    assert!(matches!(
        raise(&first).await,
        Err(FenceError::Overtaken { .. })
    ));
    scene
        .jobs
        .finish(&first, &manifold_store::Ending::Interrupted)
        .await
        .unwrap();
    let second = scene.next().await.unwrap();
    raise(&second).await.unwrap();
}
