use entity_project::{job_cursors, project};
use manifold_store::{Claim, DatabaseManager as _, Fence, FenceError};
use sea_orm::{ActiveValue::Set, EntityTrait as _};

use crate::store::{Store, new_job};

async fn raise(store: &Store, claim: &Claim) -> Result<Fence, FenceError> {
    let spoke = store.manager.project(&store.project).await?;
    let transaction = spoke.begin().await?;
    let fence = Fence::raise(&transaction, claim, "import").await?;
    transaction.commit().await?;
    Ok(fence)
}

/// Both ways to ask a fence, which must agree.
async fn ask(store: &Store, fence: &Fence) -> Result<(), FenceError> {
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        store.spoke(),
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    let guarded = fence.guard(&connection);
    let spoke = store.manager.project(&store.project).await?;
    let transaction = spoke.begin().await?;
    let held = fence.hold(&transaction).await;
    transaction.rollback().await?;
    assert_eq!(
        guarded.as_ref().err().map(ToString::to_string),
        held.as_ref().err().map(ToString::to_string)
    );
    guarded
}

#[tokio::test(flavor = "multi_thread")]
async fn a_later_attempt_keeps_an_earlier_one_out() {
    let store = Store::new().await;
    let first = store.jobs().start(new_job(None)).await.unwrap();
    let fence = raise(&store, &first).await.unwrap();
    ask(&store, &fence).await.unwrap();
    ask(&store, &fence).await.unwrap();

    let mut second = first.clone();
    second.lease_token += 1;
    let later = raise(&store, &second).await.unwrap();
    ask(&store, &later).await.unwrap();
    let refused = ask(&store, &fence).await.unwrap_err();
    assert!(matches!(refused, FenceError::Overtaken { .. }), "{refused}");
    assert_eq!(refused.code(), "lease_lost");
    assert!(matches!(
        raise(&store, &first).await,
        Err(FenceError::Overtaken { .. })
    ));

    let spoke = store.manager.project(&store.project).await.unwrap();
    let cursors = spoke.all(job_cursors::Entity::find()).await.unwrap();
    assert_eq!(cursors.len(), 1);
    assert_eq!(
        cursors[0].lease_token, second.lease_token,
        "what was refused changed nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_jobs_and_steps_have_fences_of_their_own() {
    let store = Store::new().await;
    let first = store.jobs().start(new_job(None)).await.unwrap();
    let mut second = store.jobs().start(new_job(None)).await.unwrap();
    second.lease_token = 99;
    let fence = raise(&store, &first).await.unwrap();
    raise(&store, &second).await.unwrap();
    ask(&store, &fence).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replaced_project_lets_nobody_in() {
    let store = Store::new().await;
    let claim = store.jobs().start(new_job(None)).await.unwrap();
    let fence = raise(&store, &claim).await.unwrap();
    let spoke = store.manager.project(&store.project).await.unwrap();
    let replaced = project::ActiveModel {
        epoch: Set(2),
        ..Default::default()
    };
    spoke
        .exec(project::Entity::update_many().set(replaced))
        .await
        .unwrap();
    let refused = ask(&store, &fence).await.unwrap_err();
    assert!(
        matches!(
            refused,
            FenceError::Replaced {
                expected: 1,
                found: 2,
                ..
            }
        ),
        "{refused}"
    );
    assert_eq!(refused.code(), "project_replaced");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fence_that_was_taken_down_is_not_put_up_again() {
    let store = Store::new().await;
    let claim = store.jobs().start(new_job(None)).await.unwrap();
    let fence = raise(&store, &claim).await.unwrap();
    let spoke = store.manager.project(&store.project).await.unwrap();
    spoke
        .exec(job_cursors::Entity::delete_many())
        .await
        .unwrap();
    assert!(matches!(
        ask(&store, &fence).await,
        Err(FenceError::Overtaken { .. })
    ));
}
