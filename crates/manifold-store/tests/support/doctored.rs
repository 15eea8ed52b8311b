//! A store with something wrong, and what the doctor does about it.
#![allow(dead_code, reason = "not every test uses all of it")]

use std::path::{Path, PathBuf};

use entity_core::enums::{BackupState, BackupType};
use entity_core::{backups, projects};
use manifold_store::rows::{ImportOptions, Unwatched};
use manifold_store::{
    DataSources, DatabaseManager as _, Doctor, Finding, FindingClass, NewSource, ProjectId, RowLog,
    SnapshotId, Timestamp,
};
use sea_orm::{ActiveValue::Set, EntityTrait as _};

use crate::support::Store;
use crate::text_records::TextRecords;

pub(crate) fn file(store: &Store, id: &ProjectId) -> PathBuf {
    store.manager.layout().spoke(&id.namespace())
}

pub(crate) async fn closed(store: &Store, id: &ProjectId) -> PathBuf {
    assert!(store.manager.close(id).await.unwrap());
    file(store, id)
}

pub(crate) async fn import(store: &Store, id: &ProjectId, source: &str) {
    let source = DataSources::new(store.manager.clone())
        .create(id, NewSource::file(source))
        .await
        .unwrap();
    let options = ImportOptions::new(SnapshotId::new().to_string(), Timestamp::now());
    let records = TextRecords::new(&["a", "b"], &[&["1", "x"], &["2", "y"]]);
    RowLog::new(&store.manager)
        .import(
            id,
            &source.id.parse().unwrap(),
            records,
            options,
            Unwatched,
            |_| {},
        )
        .await
        .unwrap();
}

/// A project with a source and two rows, closed: its id and its file.
pub(crate) async fn sales(store: &Store) -> (ProjectId, PathBuf) {
    let id = store.project("sales").await;
    import(store, &id, "orders").await;
    let path = closed(store, &id).await;
    (id, path)
}

pub(crate) async fn examine(store: &Store) -> Vec<Finding> {
    Doctor::new(&store.manager)
        .examine()
        .await
        .unwrap()
        .findings
}

/// Everything that is found is of these classes and can be repaired, is repaired, and is gone afterwards.
pub(crate) async fn repaired(store: &Store, classes: &[FindingClass]) {
    let found = examine(store).await;
    let found: Vec<_> = found.iter().map(|finding| finding.class).collect();
    assert!(
        !found.is_empty() && found.iter().all(|class| classes.contains(class)),
        "{found:?}"
    );
    let outcome = Doctor::new(&store.manager).repair().await.unwrap();
    assert!(outcome.ok, "{outcome:#?}");
    assert!(
        outcome.findings.iter().all(|finding| finding.repaired),
        "{outcome:#?}"
    );
    let mut done: Vec<_> = outcome
        .findings
        .iter()
        .map(|finding| finding.class)
        .collect();
    let mut wanted = classes.to_vec();
    done.sort();
    wanted.sort();
    assert_eq!(done, wanted);
    assert!(
        examine(store).await.is_empty(),
        "a second look finds something"
    );
}

/// The one finding is left to somebody's choice: what it says.
pub(crate) async fn choice(store: &Store, class: FindingClass) -> String {
    let outcome = Doctor::new(&store.manager).repair().await.unwrap();
    assert!(!outcome.ok);
    let [finding] = &outcome.findings[..] else {
        panic!("{outcome:#?}");
    };
    assert_eq!(
        (finding.class, finding.repaired, finding.is_curable()),
        (class, false, false)
    );
    finding.repair.clone()
}

pub(crate) async fn row(store: &Store, id: &ProjectId) -> projects::Model {
    let row = store
        .manager
        .core()
        .one(projects::Entity::find_by_id(id.as_str()));
    row.await.unwrap().unwrap()
}

pub(crate) async fn forget(store: &Store, id: &ProjectId) {
    let deleted = projects::Entity::delete_by_id(id.as_str());
    store.manager.core().exec(deleted).await.unwrap();
}

pub(crate) fn edit(path: &Path, sql: &str) {
    let shell = rusqlite::Connection::open_with_flags_and_vfs(
        path,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    shell.execute_batch(sql).unwrap();
    shell.close().unwrap();
}

pub(crate) async fn add_backup(store: &Store, id: &ProjectId, folder: &Path) {
    let backup = backups::ActiveModel {
        id: Set("b1".to_owned()),
        project_id: Set(Some(id.to_string())),
        r#type: Set(BackupType::Full),
        state: Set(BackupState::Completed),
        location: Set(folder.display().to_string()),
        compressed: Set(false),
        with_data: Set(true),
        created_at: Set(Timestamp::now()),
        ..Default::default()
    };
    store.manager.core().insert(backup).await.unwrap();
}
