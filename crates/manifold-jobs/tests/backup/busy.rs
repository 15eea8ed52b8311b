//! Backups of a project that is being written to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use entity_core::TableCount;
use entity_core::enums::BackupType;

use crate::increments::{csv, published};
use crate::store::{Store, TYPES, as_new, id, place, without_identity};

/// Commits without pause: each adds a row to two tables.
fn writer(
    store: &Store,
    stop: Arc<AtomicBool>,
    commits: Arc<AtomicU64>,
) -> std::thread::JoinHandle<()> {
    let connection = store.connection();
    std::thread::spawn(move || {
        let mut number = 0_i64;
        while !stop.load(Ordering::Relaxed) {
            number += 1;
            connection
                .execute_batch(&format!(
                    "BEGIN IMMEDIATE; \
                     INSERT INTO d1(_rid, _to, c1) VALUES ({0}, 40000, 1); \
                     INSERT INTO row_quirks SELECT id, {0}, {0}, 40000, x'00' FROM data_sources LIMIT 1; COMMIT",
                    number + 10_000
                ))
                .unwrap();
            commits.fetch_add(1, Ordering::Relaxed);
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_one_state_however_much_is_committed_meanwhile() {
    for backup_type in TYPES {
        let store = Store::rich().await;
        // Long enough that the writer commits often while it is saved.
        store.sql(
            "WITH RECURSIVE n(i) AS (SELECT 2000 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) \
             INSERT INTO d1(_rid, _to, c1, c2) SELECT i, 40000, i, 'row ' || i FROM n",
        );
        let before = store.tables(&store.project).await;
        let (stop, commits) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let writing = writer(&store, stop.clone(), commits.clone());
        let mut taken;
        let mut during;
        loop {
            let committed = commits.load(Ordering::Relaxed);
            taken = store.back_up(backup_type).await;
            during = commits.load(Ordering::Relaxed) - committed;
            if during >= 20 {
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        writing.join().unwrap();

        assert!(store.verify(&taken).await.ok);
        let tables = taken.tables.clone().unwrap().0;
        let rows = |tables: &[TableCount], name: &str| {
            tables.iter().find(|table| table.name == name).unwrap().rows
        };
        let added = |name: &str| rows(&tables, name) - rows(&before, name);
        assert!(added("d1") > 0);
        assert_eq!(
            added("d1"),
            added("row_quirks"),
            "half a transaction was saved ({during} commits)"
        );
        let restored = store.restore(place(&taken), as_new("copy")).await.unwrap();
        assert_eq!(
            without_identity(&store.tables(&id(&restored)).await),
            without_identity(&tables)
        );
    }
}

/// Commits without pause: a model and a relationship each, and rows that no snapshot shows yet.
fn cataloguer(
    store: &Store,
    stop: Arc<AtomicBool>,
    commits: Arc<AtomicU64>,
) -> std::thread::JoinHandle<()> {
    let connection = store.connection();
    std::thread::spawn(move || {
        let mut number = 0_i64;
        while !stop.load(Ordering::Relaxed) {
            number += 1;
            let at = "'2026-11-22T10:00:00+00:00', '2026-11-22T10:00:00+00:00'";
            connection
                .execute_batch(&format!(
                    "BEGIN IMMEDIATE; \
                     INSERT INTO d1(_rid, c1) VALUES ({number} + 1000000, 1); \
                     INSERT INTO relationships(id, name, from_source_id, from_columns, to_source_id, to_columns, cardinality, created_at, updated_at)
                       SELECT 'w{number}', 'w{number}', min(id), '[]', max(id), '[]', 'one_to_many', {at} FROM data_sources; \
                     INSERT INTO consolidated_models(id, name, name_fold, description, spec, created_at, updated_at)
                       VALUES ('w{number}', 'w{number}', 'w{number}', NULL, '{{}}', {at}); COMMIT",
                ))
                .unwrap();
            commits.fetch_add(1, Ordering::Relaxed);
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_increment_is_one_state_however_much_is_committed_meanwhile() {
    let store = Store::rich().await;
    store.sql("DELETE FROM d1 WHERE _rid > 1000");
    store.import("large", &csv(0..60_000, 0, 0)).await;
    let rows = |tables: Vec<TableCount>| {
        let rows = tables
            .into_iter()
            .filter(|table| table.name.contains(" of "));
        rows.collect::<Vec<_>>()
    };
    let shown = rows(published(&store, &store.project).await);
    let before = store.tables(&store.project).await;
    let (stop, commits) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicU64::new(0)),
    );
    let writing = cataloguer(&store, stop.clone(), commits.clone());
    let (mut taken, mut during);
    // The first writes all rows; the next one none. Both are made beside the writer.
    let mut increments = Vec::new();
    loop {
        let committed = commits.load(Ordering::Relaxed);
        taken = store.back_up(BackupType::Incremental).await;
        during = commits.load(Ordering::Relaxed) - committed;
        increments.push(taken);
        if during >= 20 && increments.len() > 1 {
            break;
        }
    }
    stop.store(true, Ordering::Relaxed);
    writing.join().unwrap();
    for (number, taken) in increments.iter().enumerate() {
        assert!(store.verify(taken).await.ok);
        let saved = taken.tables.clone().unwrap().0;
        let count = |tables: &[TableCount], name: &str| {
            tables.iter().find(|table| table.name == name).unwrap().rows
        };
        let added = |name: &str| count(&saved, name) - count(&before, name);
        assert_eq!(
            added("consolidated_models"),
            added("relationships"),
            "half a transaction was saved ({during} commits)"
        );
        assert!(number == 0 || added("relationships") > 0);
        let restored = store
            .restore(place(taken), as_new(&format!("copy {number}")))
            .await
            .unwrap();
        let project = id(&restored);
        assert_eq!(rows(published(&store, &project).await), shown);
        let back = store.tables(&project).await;
        for table in [
            "consolidated_models",
            "relationships",
            "snapshots",
            "row_quirks",
        ] {
            let hash = |tables: &[TableCount]| {
                let found = tables.iter().find(|found| found.name == table);
                found.unwrap().clone()
            };
            assert_eq!(hash(&back), hash(&saved), "{table}");
        }
    }
}
