//! A byte of the hub or of a project's file is changed: nothing panics, no byte of anybody's is lost, other projects
//! work, and what is read is right or an error with a name.
//!
//! `MANIFOLD_ROUNDS` multiplies how many bytes are changed.
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
use std::sync::Arc;

use manifold_store::rows::{ImportOptions, RowsError, Unwatched};
use manifold_store::{
    Access, DataSources, DatabaseManager as _, Doctor, Layout, NewSource, ProjectId, Projects,
    Quarantine, RowLog, RowLogError, SnapshotId, Snapshots, SqliteManager, StoreError,
    StoreOptions, Timestamp,
};
use sea_orm::EntityTrait as _;
use support::Store;
use text_records::TextRecords;

/// Changed bytes of each file, in one round.
const BYTES: usize = 250;

async fn import(store: &Store, id: &ProjectId, source: &str) {
    let made = DataSources::new(store.manager.clone())
        .create(id, NewSource::file(source))
        .await
        .unwrap();
    let cells: Vec<[String; 2]> = (0..400)
        .map(|row| [format!("{source} {row}"), format!("value {row}")])
        .collect();
    let cells: Vec<[&str; 2]> = cells
        .iter()
        .map(|[a, b]| [a.as_str(), b.as_str()])
        .collect();
    let rows: Vec<&[&str]> = cells.iter().map(|row| &row[..]).collect();
    let options = ImportOptions::new(SnapshotId::new().to_string(), Timestamp::now());
    RowLog::new(&store.manager)
        .import(
            id,
            &made.id.parse().unwrap(),
            TextRecords::new(&["a", "b"], &rows),
            options,
            Unwatched,
            |_| {},
        )
        .await
        .unwrap();
}

/// Two projects with rows, closed; the first one is damaged.
async fn two_projects() -> (Store, ProjectId, ProjectId) {
    let store = support::store().await;
    let (first, second) = (store.project("first").await, store.project("second").await);
    import(&store, &first, "orders").await;
    import(&store, &second, "customers").await;
    for id in [&first, &second] {
        assert!(store.manager.close(id).await.unwrap());
    }
    (store, first, second)
}

/// Everything of a project that anybody reads: its catalogue and its rows.
async fn contents(
    manager: &Arc<SqliteManager>,
    id: &ProjectId,
    view: &'static str,
) -> Result<String, RowLogError> {
    let sources = DataSources::new(manager.clone()).list(id).await?;
    let snapshots = Snapshots::new(manager.clone()).list(id, None).await?;
    let rows = RowLog::new(manager)
        .read(id, move |connection| {
            let rows = || -> rusqlite::Result<Vec<(i64, String, String)>> {
                connection
                    .prepare(&format!("SELECT rowid, a, b FROM (SELECT row_number() OVER () AS rowid, * FROM {view})"))?
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                    .collect()
            };
            rows().map_err(|source| RowsError::Sqlite { doing: "reading", source })
        })
        .await?;
    Ok(format!("{sources:?}{snapshots:?}{rows:?}"))
}

/// Everything that the hub shows of its projects.
async fn shown(manager: &Arc<SqliteManager>) -> Result<String, StoreError> {
    let projects = Projects::new(manager).list().await?;
    let sources = manager
        .core()
        .all(entity_core::data_sources::Entity::find())
        .await?;
    Ok(format!("{projects:?}{sources:?}"))
}

/// Which bytes are changed.
fn places(length: usize) -> impl Iterator<Item = usize> {
    let rounds: usize =
        std::env::var("MANIFOLD_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let step = (length / (BYTES * rounds)).max(1);
    // Odd, so that every place in a page has its turn.
    (0..length).step_by(step | 1).chain(0..100)
}

fn write_changed(path: &Path, sound: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = sound.to_vec();
    bytes[at] ^= 0x55;
    std::fs::write(path, &bytes).unwrap();
    bytes
}

/// An error that says what happened: not one that only the database knows the meaning of.
fn assert_named(code: &str, at: usize, error: &impl std::fmt::Debug) {
    assert!(
        !["internal", "busy", "interrupted"].contains(&code),
        "byte {at}: {error:?}"
    );
}

#[tokio::test]
async fn a_changed_byte_of_a_project_is_told() {
    let (store, first, second) = two_projects().await;
    let manager = &store.manager;
    let path = manager.layout().spoke(&first.namespace());
    let truth = contents(manager, &first, "orders").await.unwrap();
    let other = contents(manager, &second, "customers").await.unwrap();
    assert!(manager.close(&first).await.unwrap());
    let sound = std::fs::read(&path).unwrap();
    let mut told = 0;
    for at in places(sound.len()) {
        let changed = write_changed(&path, &sound, at);
        let read = contents(manager, &first, "orders").await;
        assert!(manager.close(&first).await.unwrap());
        match read {
            Ok(read) => assert_eq!(read, truth, "byte {at}"),
            Err(error) => {
                assert_named(error.code(), at, &error);
                told += 1;
            }
        }
        let kept = kept(manager.layout(), &path, &first);
        // Opening may write what SQLite always writes, such as the mode of the journal.
        assert_eq!(kept.len(), changed.len(), "byte {at}");
        if at % 10 == 0 {
            assert_eq!(
                contents(manager, &second, "customers").await.unwrap(),
                other,
                "byte {at}"
            );
        }
        remove_sidecars(&path);
        drop(std::fs::remove_dir_all(manager.layout().quarantine()));
        std::fs::write(&path, &sound).unwrap();
    }
    assert_eq!(contents(manager, &first, "orders").await.unwrap(), truth);
    assert!(told > 0);
}

/// The file of the project, wherever it is now.
fn kept(layout: &Layout, path: &Path, id: &ProjectId) -> Vec<u8> {
    let aside = Quarantine::new(layout).project(id).unwrap();
    let place: PathBuf = aside.map_or(path.to_owned(), |aside| aside.path);
    std::fs::read(place).unwrap()
}

fn remove_sidecars(path: &Path) {
    for suffix in ["-wal", "-shm", "-journal"] {
        drop(std::fs::remove_file(format!("{}{suffix}", path.display())));
    }
}

#[tokio::test]
async fn a_changed_byte_of_the_hub_is_told_and_projects_are_not_touched() {
    let (store, first, second) = two_projects().await;
    let layout = store.manager.layout().clone();
    let truth = contents(&store.manager, &first, "orders").await.unwrap();
    let other = contents(&store.manager, &second, "customers")
        .await
        .unwrap();
    let shown = shown(&store.manager).await.unwrap();
    store.manager.shut_down().await.unwrap();
    let hub = layout.core();
    let sound = std::fs::read(&hub).unwrap();
    let spokes = [&first, &second].map(|id| std::fs::read(layout.spoke(&id.namespace())).unwrap());
    let mut told = 0;
    for at in places(sound.len()) {
        write_changed(&hub, &sound, at);
        match SqliteManager::open(layout.clone(), StoreOptions::default()).await {
            Err(error) => {
                assert_named(error.code(), at, &error);
                told += 1;
            }
            Ok(manager) => {
                for (id, view, truth) in
                    [(&first, "orders", &truth), (&second, "customers", &other)]
                {
                    match contents(&manager, id, view).await {
                        Ok(read) => assert_eq!(read, *truth, "byte {at}"),
                        Err(error) => {
                            assert_named(error.code(), at, &error);
                            told += 1;
                        }
                    }
                }
                match self::shown(&manager).await {
                    Ok(now) => assert_eq!(now, shown, "byte {at}"),
                    Err(error) => {
                        assert_named(error.code(), at, &error);
                        told += 1;
                    }
                }
                drop(manager.shut_down().await);
            }
        }
        remove_sidecars(&hub);
        std::fs::write(&hub, &sound).unwrap();
        let _examined = Doctor::examine_hub(&layout, Access::ReadWrite)
            .await
            .unwrap();
        let now = [&first, &second].map(|id| std::fs::read(layout.spoke(&id.namespace())).unwrap());
        assert!(now == spokes, "byte {at}: a project's file was changed");
    }
    assert!(told > 0);
}

/// What a killed process leaves: a byte of the file is changed while its last commits are only in the log.
#[tokio::test]
async fn a_changed_byte_of_a_log_gives_an_earlier_state_or_is_told() {
    let (store, first, second) = two_projects().await;
    let manager = &store.manager;
    let path = manager.layout().spoke(&first.namespace());
    let log = PathBuf::from(format!("{}-wal", path.display()));
    let before = contents(manager, &first, "orders").await.unwrap();
    import(&store, &first, "invoices").await;
    let after = contents(manager, &first, "orders").await.unwrap();
    let sound = std::fs::read(&path).unwrap();
    let logged = std::fs::read(&log).unwrap();
    assert!(manager.close(&first).await.unwrap());
    assert!(!logged.is_empty() && before != after);
    let other = contents(manager, &second, "customers").await.unwrap();
    for at in places(logged.len()).step_by(5) {
        std::fs::write(&path, &sound).unwrap();
        write_changed(&log, &logged, at);
        match contents(manager, &first, "orders").await {
            // SQLite takes the log up to the frame whose checksum is wrong. A commit in the middle of the import may
            // be the last: the source is there then, and has no snapshot.
            Ok(read) => {
                let rows = |contents: &str| contents[contents.rfind('[').unwrap()..].to_owned();
                assert_eq!(rows(&read), rows(&before), "byte {at}");
            }
            Err(error) => assert_named(error.code(), at, &error),
        }
        drop(manager.close(&first).await);
        remove_sidecars(&path);
        drop(std::fs::remove_dir_all(manager.layout().quarantine()));
    }
    assert_eq!(
        contents(manager, &second, "customers").await.unwrap(),
        other
    );
}
