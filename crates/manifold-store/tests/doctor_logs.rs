//! A read that goes on keeps a log from being written back: it is found, named and, once it ended, repaired.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

#[path = "support/doctored.rs"]
mod doctored;
mod support;
#[path = "support/text_records.rs"]
mod text_records;

use std::path::{Path, PathBuf};
use std::time::Duration;

use doctored::{examine, file};
use entity_project::data_sources;
use manifold_store::{
    DataSources, DatabaseId, DatabaseManager as _, Doctor, Finding, FindingClass, NewSource,
    ProjectId, Severity,
};
use sea_orm::EntityTrait as _;
use sea_orm::sea_query::Expr;
use support::Store;

/// To how many bytes a log is cut.
const LOG_LIMIT: u64 = 64 << 20;

fn log_size(database: &Path) -> u64 {
    let mut path = database.as_os_str().to_owned();
    path.push("-wal");
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

/// Writes so many times 8 MB, each a commit, over the same rows.
async fn write(store: &Store, id: &ProjectId, commits: usize) {
    let spoke = store.manager.project(id).await.unwrap();
    for commit in 0..commits {
        let text = format!("{commit}").repeat(8 << 20);
        let update = data_sources::Entity::update_many().col_expr(
            data_sources::Column::Description,
            Expr::value(&text[..8 << 20]),
        );
        spoke.exec(update).await.unwrap();
    }
}

async fn project(store: &Store) -> (ProjectId, PathBuf) {
    let id = store.project("sales").await;
    let sources = DataSources::new(store.manager.clone());
    sources
        .create(&id, NewSource::file("orders"))
        .await
        .unwrap();
    let path = file(store, &id);
    (id, path)
}

/// Without waiting for the finding to be long enough; a read is written down after a second.
async fn long_reads(doctor: &Doctor) -> Vec<Finding> {
    let found = doctor.examine().await.unwrap().findings;
    let of_class = |finding: &Finding| finding.class == FindingClass::LongReader;
    found.into_iter().filter(of_class).collect()
}

fn records(store: &Store) -> usize {
    let entries = std::fs::read_dir(store.manager.layout().workers()).unwrap();
    entries
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().ends_with(".read")
        })
        .count()
}

#[tokio::test]
async fn a_long_read_of_another_process_is_named_until_it_ends() {
    let store = support::store().await;
    let (id, path) = project(&store).await;
    // What a killed process left: nobody holds its lock.
    let dead = store.manager.layout().held_read("0123");
    std::fs::write(
        &dead,
        r#"{"pid":1,"command":"c","purpose":"p","project_id":null,"since":"2020-01-01T00:00:00Z"}"#,
    )
    .unwrap();
    let other = store.reopen().await;
    let frozen = other.freeze(DatabaseId::Project(id.clone())).await.unwrap();
    let doctor = Doctor::new(&store.manager).long_after(Duration::ZERO);
    let found = loop {
        let found = long_reads(&doctor).await;
        if !found.is_empty() {
            break found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let [finding] = &found[..] else {
        panic!("{found:#?}");
    };
    assert!(!dead.exists(), "the next record takes dead ones away");
    assert_eq!(finding.severity, Severity::Warning);
    assert_eq!(finding.project_id.as_deref(), Some(id.as_str()));
    assert_eq!(finding.path.as_deref(), Some(path.as_path()));
    for part in [
        std::process::id().to_string(),
        "project `sales`".to_owned(),
        "a backup, clone or export".to_owned(),
        manifold_store::command_line(),
    ] {
        assert!(finding.explanation.contains(&part), "{finding:#?}");
    }
    assert!(examine(&store).await.is_empty(), "it is no minute old");

    // Nobody's read is ended by a repair.
    assert!(!finding.is_curable());
    let repaired = doctor.repair().await.unwrap();
    assert!(repaired.ok && repaired.findings.iter().all(|finding| !finding.repaired));

    assert_eq!(records(&store), 1);
    drop(frozen);
    assert_eq!(records(&store), 0);
    assert!(long_reads(&doctor).await.is_empty());
}

/// In the child process: where the store is, and the project.
const CHILD: &str = "MANIFOLD_TEST_READER";

/// Does nothing unless it is run as the child of the test below: holds a state until it is killed.
#[tokio::test]
async fn child_holds_a_state() {
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let (folder, id) = told.rsplit_once(':').unwrap();
    let options = manifold_store::StoreOptions::default();
    let manager = manifold_store::SqliteManager::open(manifold_store::Layout::new(folder), options)
        .await
        .unwrap();
    let which = DatabaseId::Project(id.parse().unwrap());
    let _frozen = manager.freeze(which).await.unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_long_read_of_a_killed_process_is_none() {
    let store = support::store().await;
    let (id, _) = project(&store).await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_holds_a_state"])
        .env(CHILD, format!("{}:{id}", store.folder.path().display()))
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let doctor = Doctor::new(&store.manager).long_after(Duration::ZERO);
    while long_reads(&doctor).await.is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "the child ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let found = long_reads(&doctor).await;
    let named = format!("process {} (", child.id());
    assert!(found[0].explanation.contains(&named), "{found:#?}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(records(&store), 1, "nobody could take it away");
    assert!(long_reads(&doctor).await.is_empty());
}

#[tokio::test]
async fn a_log_that_a_reader_lets_grow_is_found_and_written_back_when_the_reader_ended() {
    let store = support::store().await;
    let (id, path) = project(&store).await;
    write(&store, &id, 1).await;
    let restarts = || store.manager.metrics().projects[0].log_restarts;
    let before = restarts();

    // Without a reader the log stays small at full rate.
    write(&store, &id, 12).await;
    assert!(log_size(&path) <= LOG_LIMIT, "{}", log_size(&path));
    assert!(restarts() > before);
    assert!(examine(&store).await.is_empty());

    // Any program may read: the system's locks name it.
    let reader = rusqlite::Connection::open(&path).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM data_sources")
        .unwrap();
    write(&store, &id, 10).await;
    assert!(log_size(&path) > LOG_LIMIT);
    let found = examine(&store).await;
    let [finding] = &found[..] else {
        panic!("{found:#?}");
    };
    assert_eq!(
        (finding.class, finding.severity),
        (FindingClass::WalGrowing, Severity::Warning)
    );
    assert_eq!(finding.project_id.as_deref(), Some(id.as_str()));
    let this = format!("process {}", std::process::id());
    if cfg!(target_os = "linux") {
        assert!(finding.explanation.contains(&this), "{finding:#?}");
    }

    // While the reader reads, the repair says why it is not done.
    let refused = Doctor::new(&store.manager).repair().await.unwrap();
    let [finding] = &refused.findings[..] else {
        panic!("{refused:#?}");
    };
    assert!(
        !finding.repaired && finding.repair.contains("it was not done"),
        "{finding:#?}"
    );
    if cfg!(target_os = "linux") {
        assert!(finding.repair.contains(&this), "{finding:#?}");
    }

    reader.execute_batch("COMMIT").unwrap();
    doctored::repaired(&store, &[FindingClass::WalGrowing]).await;
    assert_eq!(log_size(&path), 0);

    // Without a doctor the next writes cut it.
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM data_sources")
        .unwrap();
    write(&store, &id, 10).await;
    assert!(log_size(&path) > LOG_LIMIT);
    drop(reader);
    write(&store, &id, 3).await;
    assert!(log_size(&path) <= LOG_LIMIT, "{}", log_size(&path));
    assert!(examine(&store).await.is_empty());
}

#[tokio::test]
async fn the_state_of_every_database_names_who_has_it_open() {
    let store = support::store().await;
    let (id, path) = project(&store).await;
    let held = store.manager.project(&id).await.unwrap();
    let databases = Doctor::new(&store.manager).databases().await.unwrap();
    let [hub, sales] = &databases[..] else {
        panic!("{databases:#?}");
    };
    assert_eq!((hub.project_id.as_ref(), hub.name.as_str()), (None, "hub"));
    assert_eq!((sales.name.as_str(), &sales.path), ("sales", &path));
    assert!(sales.size_bytes > 0 && sales.log_bytes == log_size(&path));
    if cfg!(target_os = "linux") {
        let this = std::process::id().to_string();
        let holders = sales.holders.as_deref().unwrap();
        assert!(holders.contains(&this), "{sales:#?}");
    }
    drop(held);
}
