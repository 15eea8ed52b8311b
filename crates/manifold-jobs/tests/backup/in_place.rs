//! A restore into a project that exists.

use std::path::PathBuf;

use entity_core::enums::BackupType;
use entity_project::{import_history, project};
use manifold_jobs::jobs::{BackupProject, RestoreProject, RestoreTarget};
use manifold_jobs::{Observer, run_foreground};
use manifold_store::{
    DatabaseManager as _, FileLock, ImportFilter, ImportHistory, Projects, Share,
};
use sea_orm::EntityTrait as _;
use tokio_util::sync::CancellationToken;

use crate::store::{Store, TYPES, names, open, place, without_identity};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_has_it_open_sees_the_old_content_again() {
    let store = Store::rich().await;
    let other_process = open(store.folder.path()).await;
    let theirs = other_process.project(&store.project).await.unwrap();
    let connection = store.connection();
    let count = |connection: &rusqlite::Connection| -> i64 {
        connection
            .query_row("SELECT count(*) FROM orders", [], |row| row.get(0))
            .unwrap()
    };
    for backup_type in TYPES {
        let saved = store.tables(&store.project).await;
        let rows = count(&connection);
        let backup = store.back_up(backup_type).await;
        store
            .import("orders", "id,name,price,note\n9,later,1.00,\n")
            .await;
        store.import("new source", "a\n1\n").await;
        Projects::new(&store.manager)
            .rename(&store.project, "renamed")
            .await
            .unwrap();
        assert_eq!(count(&connection), 1);
        let before = theirs.one(project::Entity::find()).await.unwrap().unwrap();

        let restored = store
            .restore(place(&backup), RestoreTarget::InPlace)
            .await
            .unwrap();
        assert_eq!(restored.project_id.as_deref(), Some(store.project.as_str()));
        assert_eq!(
            restored.project_name, "renamed",
            "a restore took the name away"
        );
        let back = store.tables(&store.project).await;
        assert_eq!(
            without_identity(&back),
            without_identity(&saved),
            "{backup_type}"
        );
        assert_eq!(
            count(&connection),
            rows,
            "an open connection does not see the restored rows"
        );
        let after = theirs.one(project::Entity::find()).await.unwrap().unwrap();
        assert_eq!((after.id, after.epoch), (before.id, before.epoch + 1));

        let shown = Projects::new(&store.manager)
            .find(store.project.as_str())
            .await
            .unwrap();
        assert_eq!(
            (shown.epoch, shown.source_count, shown.name.as_str()),
            (after.epoch, 3, "renamed")
        );
        // What was replaced is kept as a file that can be opened.
        let kept = rusqlite::Connection::open_with_flags_and_vfs(
            restored.safety_copy.unwrap(),
            rusqlite::OpenFlags::default(),
            manifold_store::vfs(),
        )
        .unwrap();
        let sources: i64 = kept
            .query_row("SELECT count(*) FROM data_sources", [], |row| row.get(0))
            .unwrap();
        assert_eq!(sources, 4);
        assert_eq!(count(&kept), 1);
    }
    assert_eq!(
        other_process
            .project(&store.project)
            .await
            .unwrap()
            .count(project::Entity::find())
            .await
            .unwrap(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_three_safety_copies_are_kept() {
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Sqlite).await;
    let mut newest = None;
    for _ in 0..5 {
        newest = store
            .restore(place(&backup), RestoreTarget::InPlace)
            .await
            .unwrap()
            .safety_copy;
    }
    let kept = names(&store.manager.layout().trash().join("before-restore"));
    assert_eq!(kept.len(), 3, "{kept:?}");
    assert_eq!(
        kept.last().map(String::as_str),
        newest.unwrap().file_name().unwrap().to_str()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn it_waits_for_an_import_and_can_be_cancelled() {
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Sqlite).await;
    let before = store.tables(&store.project).await;
    let lock = store
        .manager
        .layout()
        .write_lock(&store.project.namespace());
    let import = FileLock::try_take(&lock, Share::Exclusive)
        .unwrap()
        .unwrap();
    let cancel = CancellationToken::new();
    let (observer, mut latest) = Observer::new(cancel.clone());
    let job = RestoreProject {
        backup: place(&backup),
        target: RestoreTarget::InPlace,
        dry_run: false,
    };
    let restore = run_foreground(&store.manager, job.clone(), None, observer);
    let waits = async {
        latest
            .wait_for(|progress| progress.waiting_for.is_some())
            .await
            .unwrap();
        cancel.cancel();
    };
    let (finished, ()) = tokio::join!(restore, waits);
    assert_eq!(finished.unwrap().outcome.unwrap_err().code(), "cancelled");
    assert_eq!(store.tables(&store.project).await, before);

    drop(import);
    store.run(job).await.unwrap();
}

/// How many files lie in the quarantine.
fn set_aside(store: &Store) -> usize {
    let folder = store.manager.layout().quarantine();
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_or_missing_file_is_replaced() {
    let store = Store::rich().await;
    let saved = without_identity(&store.tables(&store.project).await);
    let backup = store.back_up(BackupType::Full).await;
    for damage in ["garbage", "missing", "another"] {
        assert!(store.manager.close(&store.project).await.unwrap());
        let aside = set_aside(&store);
        match damage {
            "garbage" => std::fs::write(
                store.file(),
                b"no database at all, in more than sixteen bytes",
            )
            .unwrap(),
            "missing" => std::fs::remove_file(store.file()).unwrap(),
            _ => {
                let other = Store::new().await;
                other.manager.close(&other.project).await.unwrap();
                std::fs::copy(other.file(), store.file()).unwrap();
            }
        }
        // A log from elsewhere, which SQLite would take for the file's own, must not be replayed into what
        // is restored.
        let log = |file: PathBuf| PathBuf::from(format!("{}-wal", file.display()));
        let stranger = Store::rich().await;
        let connection = stranger.connection();
        connection
            .execute_batch(
                "PRAGMA wal_autocheckpoint = 0; UPDATE data_sources SET name = 'replayed'",
            )
            .unwrap();
        std::fs::copy(log(stranger.file()), log(store.file())).unwrap();
        assert!(
            store.manager.project(&store.project).await.is_err(),
            "{damage}"
        );
        let restored = store
            .restore(place(&backup), RestoreTarget::InPlace)
            .await
            .unwrap();
        assert_eq!(
            without_identity(&store.tables(&store.project).await),
            saved,
            "{damage}"
        );
        // Its bytes are kept: where it proved to be damaged when it was opened, it was set aside then.
        let now_aside = set_aside(&store);
        assert_eq!(
            restored.safety_copy.is_some() || now_aside > aside,
            damage != "missing",
            "{damage}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_is_gone_cannot_be_replaced() {
    let store = Store::rich().await;
    let job = BackupProject::new(store.project.clone(), BackupType::Sqlite);
    let backup = store.run(job).await.unwrap();
    let elsewhere = Store::new().await;
    let folder = manifold_jobs::backup::BackupPlace::Folder(backup.location.into());
    let error = elsewhere
        .restore(folder, RestoreTarget::InPlace)
        .await
        .unwrap_err();
    assert_eq!(error.code(), "not_found", "{error}");
}

/// The ids of a project's imports: as the hub shows them, and in the project.
async fn imports(store: &Store) -> (Vec<String>, Vec<String>) {
    let filter = ImportFilter {
        project: Some(store.project.clone()),
        ..ImportFilter::default()
    };
    let shown = ImportHistory::new(store.manager.clone())
        .list(&filter)
        .await
        .unwrap();
    let spoke = store.manager.project(&store.project).await.unwrap();
    let kept = spoke.all(import_history::Entity::find()).await.unwrap();
    let mut shown: Vec<_> = shown.into_iter().map(|line| line.id).collect();
    let mut kept: Vec<_> = kept.into_iter().map(|line| line.id).collect();
    shown.sort();
    kept.sort();
    (shown, kept)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_import_history_is_that_of_the_backup() {
    let store = Store::rich().await;
    let (shown, kept) = imports(&store).await;
    assert_eq!(shown, kept);
    let backup = store.back_up(BackupType::Sqlite).await;
    store
        .import("orders", "id,name,price,note\n9,later,1.00,\n")
        .await;
    assert_eq!(imports(&store).await.0.len(), kept.len() + 1);
    store
        .restore(place(&backup), RestoreTarget::InPlace)
        .await
        .unwrap();
    assert_eq!(imports(&store).await, (kept.clone(), kept));
}
