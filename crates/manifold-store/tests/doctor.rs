//! The doctor finds each thing that can be wrong, by class, and changes nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

mod support;
#[path = "support/text_records.rs"]
mod text_records;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use entity_core::enums::{BackupState, BackupType, OperationKind, OperationState, ProjectState};
use entity_core::{backups, project_operations, projects};
use manifold_store::rows::{ImportOptions, Unwatched};
use manifold_store::{
    DataSources, DatabaseManager as _, Doctor, Finding, FindingClass, NewSource, ProjectId,
    Projects, RowLog, Secret, Secrets, Severity, SnapshotId, Timestamp,
};
use sea_orm::{ActiveValue::Set, EntityTrait as _};
use support::Store;
use text_records::TextRecords;

async fn findings(store: &Store) -> Vec<Finding> {
    Doctor::new(&store.manager)
        .examine()
        .await
        .unwrap()
        .findings
}

/// The one finding, which names the project and the path.
async fn only(store: &Store) -> Finding {
    let mut found = findings(store).await;
    assert_eq!(found.len(), 1, "{found:#?}");
    let finding = found.remove(0);
    assert!(
        !finding.explanation.contains('\n') && !finding.explanation.ends_with('.'),
        "{finding:?}"
    );
    assert!(
        !finding.repair.is_empty() && !finding.repair.ends_with('.'),
        "{finding:?}"
    );
    finding
}

fn file(store: &Store, id: &ProjectId) -> PathBuf {
    store.manager.layout().spoke(&id.namespace())
}

/// The file of a project that no process has open.
async fn closed(store: &Store, id: &ProjectId) -> PathBuf {
    assert!(store.manager.close(id).await.unwrap());
    file(store, id)
}

/// Every file of the store with its bytes, but for SQLite's shared memory.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.to_str().unwrap().ends_with("-shm") {
                found.insert(path.clone(), std::fs::read(path).unwrap());
            }
        }
    }
    found
}

fn age(path: &Path, hours: u64) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_secs(hours * 3_600))
        .unwrap();
}

async fn import(store: &Store, id: &ProjectId, source: &str) {
    let sources = DataSources::new(store.manager.clone());
    let source = sources.create(id, NewSource::file(source)).await.unwrap();
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

#[tokio::test]
async fn a_sound_store_has_no_findings_and_is_not_changed() {
    let store = support::store().await;
    let id = store.project("sales").await;
    import(&store, &id, "orders").await;
    let idle = store.project("idle").await;
    closed(&store, &idle).await;
    let trashed = store.project("trashed").await;
    Projects::new(&store.manager)
        .delete(&trashed)
        .await
        .unwrap();
    // One project is open, with a log; another one is not; a killed process left its log beside a third.
    let killed = store.project("killed").await;
    Projects::new(&store.manager)
        .describe(&killed, Some("in the log".into()))
        .await
        .unwrap();
    let path = file(&store, &killed);
    let log = PathBuf::from(format!("{}-wal", path.display()));
    let (bytes, log_bytes) = (std::fs::read(&path).unwrap(), std::fs::read(&log).unwrap());
    assert!(!log_bytes.is_empty());
    closed(&store, &killed).await;
    std::fs::write(&path, bytes).unwrap();
    std::fs::write(&log, log_bytes).unwrap();

    let before = contents(store.folder.path());
    let examination = Doctor::new(&store.manager).examine().await.unwrap();
    assert!(
        examination.ok && examination.findings.is_empty(),
        "{:#?}",
        examination.findings
    );
    let after = contents(store.folder.path());
    assert_eq!(
        before.keys().collect::<Vec<_>>(),
        after.keys().collect::<Vec<_>>()
    );
    assert!(before == after, "a file was changed");

    // The locks of the open project are as before: another process cannot take its file away.
    let spoke = store.manager.project(&id).await.unwrap();
    let other = store.reopen().await;
    assert!(Projects::new(&other).delete(&id).await.is_err());
    let transaction = spoke.begin().await.unwrap();
    let shell = rusqlite::Connection::open_with_flags_and_vfs(
        file(&store, &id),
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    shell.busy_timeout(Duration::ZERO).unwrap();
    assert!(findings(&store).await.is_empty(), "while somebody writes");
    assert!(
        shell.execute_batch("BEGIN IMMEDIATE").is_err(),
        "the writer's lock was dropped"
    );
    transaction.rollback().await.unwrap();
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_told() {
    let store = support::store().await;
    let id = store.project("sales").await;
    import(&store, &id, "orders").await;
    let other = store.project("other").await;
    let other = closed(&store, &other).await;
    let path = closed(&store, &id).await;
    let sound = std::fs::read(&path).unwrap();
    let check = async |class: FindingClass, words: &str| {
        let finding = only(&store).await;
        assert_eq!(
            (finding.class, finding.severity),
            (class, class.severity()),
            "{finding:?}"
        );
        assert_eq!(finding.project_id.as_deref(), Some(id.as_str()));
        assert_eq!(finding.path.as_deref(), Some(path.as_path()));
        let told = format!("{}; {}", finding.explanation, finding.repair);
        assert!(told.contains("sales") && told.contains(words), "{told}");
        assert_eq!(
            Doctor::new(&store.manager).examine().await.unwrap().ok,
            finding.severity != Severity::Error
        );
    };

    std::fs::remove_file(&path).unwrap();
    check(FindingClass::MissingFile, "put it back").await;
    assert!(!path.exists());
    std::fs::write(&path, b"").unwrap();
    check(FindingClass::NotSqlite, "empty").await;
    std::fs::write(&path, b"just some text, certainly not a database, and long enough for a header of one hundred bytes ......").unwrap();
    check(FindingClass::NotSqlite, "not a database").await;
    std::fs::copy(&other, &path).unwrap();
    check(
        FindingClass::WrongProject,
        "the right one can take its place",
    )
    .await;
    std::fs::write(&path, &sound[..sound.len() / 2]).unwrap();
    check(FindingClass::Corrupt, "moved into the quarantine").await;

    let foreign = rusqlite::Connection::open_in_memory().unwrap();
    foreign.execute_batch("CREATE TABLE theirs(x)").unwrap();
    std::fs::remove_file(&path).unwrap();
    foreign.backup(rusqlite::MAIN_DB, &path, None).unwrap();
    check(FindingClass::NotManifold, "application id").await;

    let edited = |sql: &str| {
        std::fs::write(&path, &sound).unwrap();
        let shell = rusqlite::Connection::open_with_flags_and_vfs(
            &path,
            rusqlite::OpenFlags::default(),
            manifold_store::vfs(),
        )
        .unwrap();
        shell.execute_batch(sql).unwrap();
        shell.close().unwrap();
    };
    edited("PRAGMA user_version = 999");
    check(FindingClass::NewerSchema, "use a newer manifold").await;
    edited("PRAGMA user_version = 1");
    check(FindingClass::OlderSchema, "migrated").await;
    let version: i64 = rusqlite::Connection::open_with_flags_and_vfs(
        &path,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap()
    .query_row("PRAGMA user_version", [], |row| row.get(0))
    .unwrap();
    assert_eq!(version, 1, "it was migrated");
    edited("UPDATE project SET revision = revision + 1, name = 'SALES'");
    check(FindingClass::DriftedProjection, "revision, name").await;
    edited("DELETE FROM published");
    check(
        FindingClass::DriftedProjection,
        "number of rows, list of sources",
    )
    .await;
    edited("DELETE FROM project");
    check(FindingClass::Corrupt, "names no project").await;
    std::fs::write(&path, &sound).unwrap();
    assert!(findings(&store).await.is_empty());
}

#[tokio::test]
async fn every_damaged_page_is_an_error_and_never_a_panic() {
    let store = support::store().await;
    let id = store.project("sales").await;
    import(&store, &id, "orders").await;
    let path = closed(&store, &id).await;
    let sound = std::fs::read(&path).unwrap();
    let mut told = 0;
    for page in 0..sound.len() / 4_096 {
        let mut spoiled = sound.clone();
        spoiled[page * 4_096..(page + 1) * 4_096].fill(0xA5);
        std::fs::write(&path, &spoiled).unwrap();
        let found = findings(&store).await;
        assert!(
            found
                .iter()
                .all(|finding| finding.project_id.as_deref() == Some(id.as_str())),
            "{found:?}"
        );
        told += usize::from(
            found
                .iter()
                .any(|finding| finding.severity == Severity::Error),
        );
        assert_eq!(std::fs::read(&path).unwrap(), spoiled, "page {page}");
    }
    assert_eq!(told, sound.len() / 4_096, "a spoiled page was not told");
}

#[tokio::test]
async fn files_that_nobody_accounts_for_are_told() {
    let store = support::store().await;
    let layout = store.manager.layout().clone();
    let id = store.project("sales").await;
    let path = closed(&store, &id).await;

    let orphan = layout.projects().join("restored_by_hand.db");
    std::fs::copy(&path, &orphan).unwrap();
    let finding = only(&store).await;
    assert_eq!(
        (finding.class, finding.path.as_deref()),
        (FindingClass::OrphanFile, Some(orphan.as_path()))
    );
    assert!(
        finding.explanation.contains(&format!("holds project {id}")),
        "{finding:?}"
    );
    std::fs::write(&orphan, b"?").unwrap();
    assert_eq!(only(&store).await.class, FindingClass::OrphanFile);
    std::fs::remove_file(&orphan).unwrap();

    std::fs::create_dir_all(layout.trash().join("before-restore")).unwrap();
    std::fs::copy(&path, layout.trash().join("before-restore/a.db")).unwrap();
    let orphan = layout.trash().join("unknown.db");
    std::fs::copy(&path, &orphan).unwrap();
    assert_eq!(only(&store).await.path.as_deref(), Some(orphan.as_path()));
    std::fs::remove_file(&orphan).unwrap();

    for suffix in ["-wal", "-shm", "-journal"] {
        let sidecar = layout.projects().join(format!("gone.db{suffix}"));
        std::fs::write(&sidecar, b"log").unwrap();
        let finding = only(&store).await;
        assert_eq!(
            (finding.class, finding.path.as_deref()),
            (FindingClass::StaleSidecar, Some(sidecar.as_path()))
        );
        assert!(
            finding.explanation.contains("gone.db, which is not there"),
            "{finding:?}"
        );
        std::fs::remove_file(sidecar).unwrap();
    }

    let leftovers = [
        layout.temporary().join("spool"),
        layout.projects().join(".tmp-abc"),
        layout.root().join(".tmp-d"),
    ];
    for leftover in &leftovers {
        std::fs::write(leftover, b"half").unwrap();
    }
    assert!(findings(&store).await.is_empty(), "they may be in use");
    for leftover in &leftovers {
        age(leftover, 3);
    }
    let found = findings(&store).await;
    assert!(
        found
            .iter()
            .all(|finding| finding.class == FindingClass::Leftover
                && finding.severity == Severity::Warning)
    );
    let mut paths: Vec<_> = found
        .iter()
        .map(|finding| finding.path.clone().unwrap())
        .collect();
    paths.sort();
    let mut expected = leftovers.to_vec();
    expected.sort();
    assert_eq!(paths, expected);
    assert!(found[0].explanation.contains("3 hours"), "{:?}", found[0]);
    assert!(Doctor::new(&store.manager).examine().await.unwrap().ok);
}

#[tokio::test]
async fn what_stopped_half_way_is_told() {
    let store = support::store().await;
    let id = store.project("sales").await;
    let core = store.manager.core();
    let operation = |worker: Option<String>| project_operations::ActiveModel {
        id: Set("operation".to_owned()),
        project_id: Set(id.to_string()),
        kind: Set(OperationKind::Delete),
        state: Set(OperationState::Running),
        step: Set("planned".to_owned()),
        payload: Set(serde_json::json!({})),
        worker_id: Set(worker),
        error: Set(Some("the disk was full".to_owned())),
        created_at: Set(Timestamp::now()),
        updated_at: Set(Timestamp::now()),
        finished_at: Set(None),
    };
    core.insert(operation(Some(
        store.manager.worker().await.unwrap().id().to_string(),
    )))
    .await
    .unwrap();
    assert!(findings(&store).await.is_empty(), "somebody works on it");
    core.exec(project_operations::Entity::delete_by_id("operation"))
        .await
        .unwrap();
    for worker in [None, Some("0123456789abcdef0123456789abcdef".to_owned())] {
        core.insert(operation(worker)).await.unwrap();
        let finding = only(&store).await;
        assert_eq!(
            (finding.class, finding.project_id.as_deref()),
            (FindingClass::HalfDone, Some(id.as_str()))
        );
        assert!(
            finding.explanation.contains("delete") && finding.explanation.contains("disk was full"),
            "{finding:?}"
        );
        core.exec(project_operations::Entity::delete_by_id("operation"))
            .await
            .unwrap();
    }

    core.exec(projects::Entity::update_many().set(projects::ActiveModel {
        state: Set(ProjectState::Creating),
        ..Default::default()
    }))
    .await
    .unwrap();
    let finding = only(&store).await;
    assert_eq!(
        (finding.class, finding.path),
        (FindingClass::HalfDone, Some(file(&store, &id)))
    );
}

#[tokio::test]
async fn a_project_in_the_trash_has_its_file_there() {
    let store = support::store().await;
    let id = store.project("sales").await;
    Projects::new(&store.manager).delete(&id).await.unwrap();
    let path = store.manager.layout().trashed(&id.namespace());
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(only(&store).await.class, FindingClass::MissingFile);
    std::fs::write(&path, &bytes[..1_000]).unwrap();
    let finding = only(&store).await;
    assert!(
        matches!(
            finding.class,
            FindingClass::Corrupt | FindingClass::NotSqlite
        ),
        "{finding:?}"
    );
    std::fs::write(&path, &bytes).unwrap();
    assert!(findings(&store).await.is_empty());
}

#[tokio::test]
async fn backups_that_are_gone_and_secrets_that_others_read_are_told() {
    let store = support::store().await;
    let folder = store.folder.path().join("backups/sales-full");
    let backup = backups::ActiveModel {
        id: Set("b1".to_owned()),
        project_id: Set(Some("p1".to_owned())),
        r#type: Set(BackupType::Full),
        state: Set(BackupState::Completed),
        location: Set(folder.display().to_string()),
        size_bytes: Set(Some(1)),
        data_source_count: Set(Some(0)),
        snapshot_count: Set(Some(0)),
        total_records: Set(Some(0)),
        tables: Set(None),
        compressed: Set(false),
        with_data: Set(true),
        description: Set(None),
        job_id: Set(None),
        error: Set(None),
        verified_at: Set(None),
        created_at: Set(Timestamp::now()),
        completed_at: Set(Some(Timestamp::now())),
        last_proven_restore_at: Set(None),
    };
    store.manager.core().insert(backup).await.unwrap();
    let finding = only(&store).await;
    assert_eq!(
        (finding.class, finding.path.as_ref()),
        (FindingClass::MissingBackup, Some(&folder))
    );
    assert!(
        finding.repair.contains("manifold backup delete b1"),
        "{finding:?}"
    );
    std::fs::create_dir_all(&folder).unwrap();
    assert!(findings(&store).await.is_empty());

    Secrets::new(store.manager.layout())
        .set("db", Secret::from("hunter2".to_owned()))
        .await
        .unwrap();
    assert!(findings(&store).await.is_empty());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let path = store.manager.layout().secrets();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        let finding = only(&store).await;
        assert_eq!(finding.class, FindingClass::ExposedSecrets);
        assert!(
            finding.explanation.contains("644") && !finding.explanation.contains("hunter2"),
            "{finding:?}"
        );
    }
}

#[tokio::test]
async fn errors_come_first() {
    let store = support::store().await;
    let layout = store.manager.layout().clone();
    let leftover = layout.temporary().join("a");
    std::fs::write(&leftover, b"half").unwrap();
    age(&leftover, 2);
    std::fs::write(layout.projects().join("x.db-wal"), b"log").unwrap();
    std::fs::write(layout.projects().join("a.db"), b"?").unwrap();
    std::fs::write(layout.projects().join("b.db"), b"?").unwrap();
    let examination = Doctor::new(&store.manager).examine().await.unwrap();
    assert!(!examination.ok);
    let classes: Vec<_> = examination
        .findings
        .iter()
        .map(|finding| finding.class)
        .collect();
    use FindingClass::{Leftover, OrphanFile, StaleSidecar};
    assert_eq!(classes, [OrphanFile, OrphanFile, StaleSidecar, Leftover]);
    assert!(examination.findings[0].path < examination.findings[1].path);
    let json = serde_json::to_value(&examination).unwrap();
    assert_eq!(json["findings"][0]["class"], "orphan_file");
    assert_eq!(json["findings"][3]["severity"], "warning");
}
