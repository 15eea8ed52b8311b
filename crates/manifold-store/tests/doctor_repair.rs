//! The doctor repairs what can be repaired without losing anything, and names the choice where it cannot.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

mod support;
#[path = "support/text_records.rs"]
mod text_records;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use entity_core::enums::{BackupState, BackupType, OperationKind, OperationState, ProjectState};
use entity_core::{backups, data_sources, project_operations, projects};
use manifold_store::rows::{ImportOptions, Unwatched};
use manifold_store::{
    Cause, DataSources, DatabaseManager as _, Direction, Doctor, Finding, FindingClass, NewSource,
    Project, ProjectId, Projects, Quarantine, RowLog, SnapshotId, StoreError, Timestamp,
};
use sea_orm::{ActiveValue::Set, EntityTrait as _};
use support::Store;
use text_records::TextRecords;

fn file(store: &Store, id: &ProjectId) -> PathBuf {
    store.manager.layout().spoke(&id.namespace())
}

async fn closed(store: &Store, id: &ProjectId) -> PathBuf {
    assert!(store.manager.close(id).await.unwrap());
    file(store, id)
}

async fn import(store: &Store, id: &ProjectId, source: &str) {
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
async fn sales(store: &Store) -> (ProjectId, PathBuf) {
    let id = store.project("sales").await;
    import(store, &id, "orders").await;
    let path = closed(store, &id).await;
    (id, path)
}

async fn examine(store: &Store) -> Vec<Finding> {
    Doctor::new(&store.manager)
        .examine()
        .await
        .unwrap()
        .findings
}

/// Everything that is found is of these classes and can be repaired, is repaired, and is gone afterwards.
async fn repaired(store: &Store, classes: &[FindingClass]) {
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
async fn choice(store: &Store, class: FindingClass) -> String {
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

async fn row(store: &Store, id: &ProjectId) -> projects::Model {
    let row = store
        .manager
        .core()
        .one(projects::Entity::find_by_id(id.as_str()));
    row.await.unwrap().unwrap()
}

async fn forget(store: &Store, id: &ProjectId) {
    let deleted = projects::Entity::delete_by_id(id.as_str());
    store.manager.core().exec(deleted).await.unwrap();
}

fn edit(path: &Path, sql: &str) {
    let shell = rusqlite::Connection::open(path).unwrap();
    shell.execute_batch(sql).unwrap();
    shell.close().unwrap();
}

#[tokio::test]
async fn an_unknown_project_is_shown_again_with_everything() {
    let store = support::store().await;
    let (id, path) = sales(&store).await;
    let before = row(&store, &id).await;
    let sources = store
        .manager
        .core()
        .all(data_sources::Entity::find())
        .await
        .unwrap();
    forget(&store, &id).await;
    repaired(&store, &[FindingClass::OrphanFile]).await;
    assert_eq!(row(&store, &id).await, before);
    let again = store
        .manager
        .core()
        .all(data_sources::Entity::find())
        .await
        .unwrap();
    assert_eq!(again, sources);

    // Under another name, in the trash, and where another project has its name.
    closed(&store, &id).await;
    forget(&store, &id).await;
    std::fs::rename(&path, path.with_file_name("by_hand.db")).unwrap();
    repaired(&store, &[FindingClass::OrphanFile]).await;
    assert!(path.exists());
    Projects::new(&store.manager).delete(&id).await.unwrap();
    forget(&store, &id).await;
    repaired(&store, &[FindingClass::OrphanFile]).await;
    let found = row(&store, &id).await;
    assert_eq!((found.state, found.row_count), (ProjectState::Trashed, 2));
    Projects::new(&store.manager)
        .undelete("sales", None)
        .await
        .unwrap();
    forget(&store, &id).await;
    let other = store.project("Sales").await;
    let told = choice(&store, FindingClass::OrphanFile).await;
    assert!(
        told.contains(&format!("manifold project rename {other}")),
        "{told}"
    );
}

#[tokio::test]
async fn a_second_file_of_a_project_is_left_to_a_choice() {
    let store = support::store().await;
    let (id, path) = sales(&store).await;
    let copy = path.with_file_name("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    assert!(
        choice(&store, FindingClass::OrphanFile)
            .await
            .contains("has another file")
    );
    assert!(copy.exists());
    // When it is the only one it goes where that project's belongs.
    std::fs::remove_file(&path).unwrap();
    let outcome = Doctor::new(&store.manager).repair().await.unwrap();
    assert!(
        outcome.ok && examine(&store).await.is_empty(),
        "{outcome:#?}"
    );
    assert!(!copy.exists() && path.exists());
    store.manager.project(&id).await.unwrap();
}

#[tokio::test]
async fn a_missing_file_is_looked_for_and_else_left_to_a_choice() {
    let store = support::store().await;
    let (id, path) = sales(&store).await;
    let layout = store.manager.layout().clone();
    std::fs::create_dir_all(layout.trash()).unwrap();
    std::fs::rename(&path, layout.trashed(&id.namespace())).unwrap();
    repaired(&store, &[FindingClass::MissingFile]).await;
    assert_eq!(row(&store, &id).await.state, ProjectState::Trashed);
    std::fs::rename(layout.trashed(&id.namespace()), &path).unwrap();
    repaired(&store, &[FindingClass::MissingFile]).await;
    assert_eq!(row(&store, &id).await.state, ProjectState::Active);

    std::fs::remove_file(&path).unwrap();
    let told = choice(&store, FindingClass::MissingFile).await;
    assert!(
        told.contains(&format!("manifold project delete {id}")),
        "{told}"
    );
    add_backup(&store, &id, store.folder.path()).await;
    let told = choice(&store, FindingClass::MissingFile).await;
    assert!(told.contains("manifold restore b1 --in-place"), "{told}");
    // What was given up is taken off the list.
    Projects::new(&store.manager).delete(&id).await.unwrap();
    repaired(&store, &[FindingClass::MissingFile]).await;
    assert!(
        Projects::new(&store.manager)
            .trash()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn files_that_changed_places_are_put_right() {
    let store = support::store().await;
    let (sales, sales_file) = sales(&store).await;
    let other = store.project("other").await;
    let other_file = closed(&store, &other).await;
    let between = sales_file.with_extension("x");
    std::fs::rename(&sales_file, &between).unwrap();
    std::fs::rename(&other_file, &sales_file).unwrap();
    std::fs::rename(&between, &other_file).unwrap();
    let outcome = Doctor::new(&store.manager).repair().await.unwrap();
    assert!(
        outcome.ok && examine(&store).await.is_empty(),
        "{outcome:#?}"
    );
    for id in [&sales, &other] {
        store.manager.project(id).await.unwrap();
    }
    assert!(
        Quarantine::new(store.manager.layout())
            .list()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_damaged_project_is_set_aside_and_comes_back_when_it_is_sound() {
    let store = support::store().await;
    let (id, path) = sales(&store).await;
    let other = store.project("other").await;
    let sound = std::fs::read(&path).unwrap();
    let spoiled = &sound[..sound.len() / 2];
    std::fs::write(&path, spoiled).unwrap();
    let outcome = Doctor::new(&store.manager).repair().await.unwrap();
    let classes: Vec<_> = outcome
        .findings
        .iter()
        .map(|finding| (finding.class, finding.repaired))
        .collect();
    assert_eq!(
        classes,
        [
            (FindingClass::Corrupt, true),
            (FindingClass::Quarantined, false)
        ]
    );
    assert!(!outcome.ok && !path.exists());
    let told = choice(&store, FindingClass::Quarantined).await;
    assert!(
        told.contains("manifold project salvage") && told.contains("manifold project delete"),
        "{told}"
    );

    let aside = Quarantine::new(store.manager.layout())
        .project(&id)
        .unwrap()
        .unwrap();
    assert_eq!(
        (aside.note.cause, &aside.note.was),
        (Cause::DamagedProject, &path)
    );
    assert_eq!(std::fs::read(&aside.path).unwrap(), spoiled);
    let error = store.manager.project(&id).await.unwrap_err();
    assert!(matches!(error, StoreError::Quarantined { .. }), "{error:?}");
    store.manager.project(&other).await.unwrap();

    std::fs::write(&aside.path, &sound).unwrap();
    repaired(&store, &[FindingClass::Quarantined]).await;
    store.manager.project(&id).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), sound);
    assert!(
        Quarantine::new(store.manager.layout())
            .list()
            .unwrap()
            .is_empty()
    );
}

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
    let folder = layout.temporary().join("staged-x");
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

async fn add_backup(store: &Store, id: &ProjectId, folder: &Path) {
    let backup = backups::ActiveModel {
        id: Set("b1".to_owned()),
        project_id: Set(id.to_string()),
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
