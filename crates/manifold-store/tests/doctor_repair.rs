//! The doctor repairs what can be repaired without losing anything.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

#[path = "support/doctored.rs"]
mod doctored;
mod support;
#[path = "support/text_records.rs"]
mod text_records;

use std::time::{Duration, SystemTime};

use doctored::{add_backup, choice, closed, edit, repaired, row, sales};
use entity_core::enums::{OperationKind, OperationState, ProjectState};
use entity_core::{project_operations, projects};
use manifold_store::{
    Cause, DatabaseManager as _, Direction, FindingClass, Project, Projects, Quarantine, Timestamp,
};
use sea_orm::ActiveValue::Set;

#[tokio::test]
async fn what_cannot_be_read_here_is_left_alone() {
    let store = support::store().await;
    let (_, path) = sales(&store).await;
    edit(&path, "PRAGMA user_version = 999");
    let before = std::fs::read(&path).unwrap();
    assert_eq!(
        choice(&store, FindingClass::NewerSchema).await,
        "use a newer manifold"
    );
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn an_older_project_is_migrated() {
    let store = support::store().await;
    let (id, path) = sales(&store).await;
    manifold_store::migrate::<Project>(&path, Direction::Down(1))
        .await
        .unwrap();
    repaired(&store, &[FindingClass::OlderSchema]).await;
    store.manager.project(&id).await.unwrap();
}

#[tokio::test]
async fn the_hub_is_brought_in_step_whatever_it_shows() {
    let store = support::store().await;
    let (id, path) = sales(&store).await;
    edit(
        &path,
        "UPDATE project SET revision = revision + 1, description = 'of cars'",
    );
    repaired(&store, &[FindingClass::DriftedProjection]).await;
    assert_eq!(
        row(&store, &id).await.description.as_deref(),
        Some("of cars")
    );
    closed(&store, &id).await;
    edit(&path, "DELETE FROM published");
    repaired(&store, &[FindingClass::DriftedProjection]).await;
    assert_eq!(row(&store, &id).await.row_count, 0);
}

#[tokio::test]
async fn what_belongs_to_nothing_is_set_aside_with_a_note() {
    let store = support::store().await;
    let layout = store.manager.layout().clone();
    std::fs::write(layout.projects().join("a.db"), b"a letter").unwrap();
    std::fs::write(layout.projects().join("gone.db-wal"), b"log").unwrap();
    repaired(
        &store,
        &[FindingClass::OrphanFile, FindingClass::StaleSidecar],
    )
    .await;
    let aside = Quarantine::new(&layout).list().unwrap();
    let mut bytes: Vec<_> = aside
        .iter()
        .map(|aside| std::fs::read(&aside.path).unwrap())
        .collect();
    bytes.sort();
    assert_eq!(bytes, [b"a letter".to_vec(), b"log".to_vec()]);
    assert!(
        aside
            .iter()
            .all(|aside| aside.note.cause == Cause::Stray && !aside.note.reason.is_empty())
    );
}

#[tokio::test]
async fn leftovers_are_removed_and_secrets_protected() {
    let store = support::store().await;
    let layout = store.manager.layout().clone();
    let folder = layout.temporary().join("abandoned");
    std::fs::create_dir(&folder).unwrap();
    let leftovers = [
        layout.temporary().join("spool"),
        layout.projects().join(".tmp-abc"),
    ];
    for leftover in &leftovers {
        std::fs::write(leftover, b"half").unwrap();
    }
    for leftover in leftovers.iter().chain([&folder]) {
        let opened = std::fs::File::open(leftover).unwrap();
        opened
            .set_modified(SystemTime::now() - Duration::from_secs(7_200))
            .unwrap();
    }
    store.manager.worker().await.unwrap();
    {
        let other = store.reopen().await;
        other.worker().await.unwrap();
    }
    repaired(&store, &[FindingClass::Leftover; 3]).await;
    assert!(
        leftovers
            .iter()
            .chain([&folder])
            .all(|leftover| !leftover.exists())
    );

    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::write(layout.secrets(), "A = \"x\"\n").unwrap();
        std::fs::set_permissions(layout.secrets(), std::fs::Permissions::from_mode(0o644)).unwrap();
        repaired(&store, &[FindingClass::ExposedSecrets]).await;
        assert_eq!(
            std::fs::metadata(layout.secrets())
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o600
        );
    }
}

#[tokio::test]
async fn a_backup_whose_folder_is_gone_is_taken_off_the_list() {
    let store = support::store().await;
    let id = store.project("sales").await;
    let place = store.folder.path().join("elsewhere");
    add_backup(&store, &id, &place.join("b1")).await;
    let told = choice(&store, FindingClass::MissingBackup).await;
    assert!(told.contains("manifold backup delete b1"), "{told}");
    std::fs::create_dir_all(place.join("another")).unwrap();
    repaired(&store, &[FindingClass::MissingBackup]).await;
}

#[tokio::test]
async fn what_stopped_half_way_is_finished_or_undone() {
    let store = support::store().await;
    let (id, path) = sales(&store).await;
    let creating = projects::ActiveModel {
        id: Set(id.to_string()),
        state: Set(ProjectState::Creating),
        ..Default::default()
    };
    store.manager.core().update(creating.clone()).await.unwrap();
    repaired(&store, &[FindingClass::HalfDone]).await;
    assert_eq!(row(&store, &id).await.state, ProjectState::Active);

    let operation = project_operations::ActiveModel {
        id: Set("operation".to_owned()),
        project_id: Set(id.to_string()),
        kind: Set(OperationKind::Create),
        state: Set(OperationState::Running),
        step: Set("planned".to_owned()),
        payload: Set(serde_json::json!({})),
        created_at: Set(Timestamp::now()),
        updated_at: Set(Timestamp::now()),
        ..Default::default()
    };
    store.manager.core().insert(operation).await.unwrap();
    repaired(&store, &[FindingClass::HalfDone]).await;

    std::fs::remove_file(&path).unwrap();
    store.manager.core().update(creating).await.unwrap();
    repaired(&store, &[FindingClass::HalfDone]).await;
    assert!(
        Projects::new(&store.manager)
            .list()
            .await
            .unwrap()
            .is_empty()
    );
}
