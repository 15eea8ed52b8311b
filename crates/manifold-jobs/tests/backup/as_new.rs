//! A restore that makes a project of its own.

use entity_core::enums::BackupType;
use manifold_jobs::jobs::{RestoreProject, RestoreTarget};
use manifold_store::Projects;

use crate::store::{Store, as_new, id, place};

#[tokio::test(flavor = "multi_thread")]
async fn it_has_another_id_and_a_higher_epoch_and_is_shown() {
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Full).await;
    let restored = store.restore(place(&backup), as_new("copy")).await.unwrap();
    let projects = Projects::new(&store.manager);
    let (old, new) = (
        projects.find(store.project.as_str()).await.unwrap(),
        projects.find("copy").await.unwrap(),
    );
    assert_ne!(old.id, new.id);
    assert_eq!(new.epoch, old.epoch + 1);
    assert_eq!(new.description, old.description);
    assert_eq!(
        (new.source_count, new.snapshot_count, new.row_count),
        (old.source_count, old.snapshot_count, old.row_count)
    );
    // Both can be changed without the other noticing.
    store.import_into(&id(&restored), "more", "a\n1\n").await;
    assert_eq!(store.sources().list(&store.project).await.unwrap().len(), 3);
    assert_eq!(store.sources().list(&id(&restored)).await.unwrap().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_name_is_refused() {
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Sqlite).await;
    for target in [RestoreTarget::AsNew { name: None }, as_new("ÇA VA - \"X\"")] {
        let error = store.restore(place(&backup), target).await.unwrap_err();
        assert_eq!(error.code(), "name_taken", "{error}");
    }
    let error = store
        .restore(place(&backup), as_new("a/b"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "invalid_name", "{error}");
    assert_eq!(Projects::new(&store.manager).list().await.unwrap().len(), 1);
    assert!(store.staged().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_checks_all_and_changes_nothing() {
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Csv).await;
    let before = store.tables(&store.project).await;
    for (target, replaces) in [
        (as_new("copy"), None),
        (RestoreTarget::InPlace, Some(store.project.to_string())),
    ] {
        let job = RestoreProject {
            backup: place(&backup),
            target,
            dry_run: true,
        };
        let plan = store.run(job).await.unwrap();
        assert!(plan.dry_run && !plan.tables.is_empty());
        assert_eq!(plan.project_id, replaces);
    }
    assert_eq!(store.tables(&store.project).await, before);
    assert_eq!(Projects::new(&store.manager).list().await.unwrap().len(), 1);
    assert!(store.staged().is_empty());
    assert!(
        !store
            .manager
            .layout()
            .trash()
            .join("before-restore")
            .exists()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_ran_is_not_running_in_the_copy() {
    let store = Store::rich().await;
    store.sql("UPDATE import_history SET state = 'running', finished_at = NULL");
    let backup = store.back_up(BackupType::Sqlite).await;
    let restored = store.restore(place(&backup), as_new("copy")).await.unwrap();
    let file = store.manager.layout().spoke(&id(&restored).namespace());
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        file,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    let states: String = connection
        .query_row(
            "SELECT group_concat(DISTINCT state) FROM import_history",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(states, "failed");
}
