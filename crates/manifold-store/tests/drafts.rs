//! A draft stays when something came into it, and leaves nothing otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod support;

use entity_core::enums::{OperationState, ProjectState};
use entity_core::{project_operations, projects};
use manifold_store::{
    DataSources, DatabaseManager as _, NewProject, NewSource, ProjectId, Projects, StoreError,
};
use sea_orm::{ActiveValue::Set, EntityTrait as _};

use support::Store;

fn new(name: &str) -> NewProject {
    NewProject {
        name: name.to_owned(),
        description: None,
    }
}

fn id(row: &projects::Model) -> ProjectId {
    Projects::id(row).unwrap()
}

/// Whether the project exists: in the hub, on the disk, and with nothing left to be done.
async fn exists(store: &Store, row: &projects::Model) -> bool {
    let core = store.manager.core();
    let found = core
        .one(projects::Entity::find_by_id(&row.id))
        .await
        .unwrap();
    let file = store.manager.layout().spoke(&row.namespace);
    assert_eq!(found.is_some(), file.exists(), "hub and disk differ");
    if found.is_none() {
        let log = file.with_extension("db-wal");
        assert!(!log.exists(), "its log is left");
    }
    found.is_some_and(|found| found.state == ProjectState::Active)
}

async fn assert_settled(store: &Store) {
    let operations = project_operations::Entity::find();
    let operations = store.manager.core().all(operations).await.unwrap();
    assert!(
        operations
            .iter()
            .all(|operation| operation.state != OperationState::Running)
    );
}

#[tokio::test]
async fn an_empty_draft_leaves_nothing() {
    let store = support::store().await;
    let projects = Projects::new(&store.manager);
    let draft = projects.draft(new("d")).await.unwrap();
    let row = draft.project().clone();
    assert_eq!(projects.find("d").await.unwrap().id, row.id, "it is in use");
    store.manager.project(&id(&row)).await.unwrap();
    assert!(!draft.settle().await.unwrap());
    assert!(!exists(&store, &row).await);
    assert_settled(&store).await;
    projects.create(new("d")).await.unwrap();
}

#[tokio::test]
async fn a_draft_that_is_kept_or_used_stays() {
    let store = support::store().await;
    let projects = Projects::new(&store.manager);
    let kept = projects.draft(new("kept")).await.unwrap();
    let kept = kept.keep().await.unwrap();
    let used = projects.draft(new("used")).await.unwrap();
    let row = used.project().clone();
    let sources = DataSources::new(store.manager.clone());
    sources
        .create(&id(&row), NewSource::file("s"))
        .await
        .unwrap();
    assert!(used.settle().await.unwrap());
    assert!(exists(&store, &kept).await && exists(&store, &row).await);
    assert_settled(&store).await;
    projects.delete(&id(&row)).await.unwrap();
}

#[tokio::test]
async fn a_draft_that_is_open_elsewhere_is_decided_about_later() {
    let store = support::store().await;
    let projects = Projects::new(&store.manager);
    let draft = projects.draft(new("d")).await.unwrap();
    let row = draft.project().clone();
    let other = store.reopen().await;
    let theirs = other.project(&id(&row)).await.unwrap();
    let refused = draft.settle().await.unwrap_err();
    assert!(matches!(refused, StoreError::Busy { .. }), "{refused}");
    projects.settle_drafts().await.unwrap();
    assert!(exists(&store, &row).await, "it is still open");
    drop(theirs);
    other.close(&id(&row)).await.unwrap();
    projects.settle_drafts().await.unwrap();
    assert!(!exists(&store, &row).await);
    assert_settled(&store).await;
}

#[tokio::test]
async fn the_drafts_of_a_dead_process_are_decided_about() {
    let store = support::store().await;
    let other = store.reopen().await;
    let theirs = Projects::new(&other);
    let empty = theirs.draft(new("empty")).await.unwrap().project().clone();
    let used = theirs.draft(new("used")).await.unwrap().project().clone();
    DataSources::new(other.clone())
        .create(&id(&used), NewSource::file("s"))
        .await
        .unwrap();
    let projects = Projects::new(&store.manager);
    projects.settle_drafts().await.unwrap();
    assert!(exists(&store, &empty).await, "the process lives");
    drop((theirs, other));
    projects.settle_drafts().await.unwrap();
    assert!(!exists(&store, &empty).await);
    assert!(exists(&store, &used).await);
    assert_settled(&store).await;
}

#[tokio::test]
async fn a_draft_whose_removal_stopped_half_way_is_gone_after_the_next_start() {
    let store = support::store().await;
    let other = store.reopen().await;
    let draft = Projects::new(&other).draft(new("d")).await.unwrap();
    let row = draft.project().clone();
    drop((draft, other));
    // What a crash leaves after the first step of the removal.
    let core = store.manager.core();
    let operation = core
        .one(project_operations::Entity::find())
        .await
        .unwrap()
        .unwrap();
    let transaction = core.begin().await.unwrap();
    transaction
        .update(projects::ActiveModel {
            id: Set(row.id.clone()),
            state: Set(ProjectState::Creating),
            ..Default::default()
        })
        .await
        .unwrap();
    transaction
        .update(project_operations::ActiveModel {
            id: Set(operation.id),
            step: Set("planned".to_owned()),
            ..Default::default()
        })
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    store.reopen().await;
    assert!(!exists(&store, &row).await);
    assert_settled(&store).await;
}
