//! Backups of a project that somebody else writes to at full speed.
//!
//! `MANIFOLD_BUSY_SECONDS` says for how long backups of each type are made and restored; without it, until one of each type was made
//! during which enough was committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use entity_core::TableCount;
use entity_core::backups;
use entity_core::enums::BackupType;
use manifold_jobs::backup::BackupOptions;
use manifold_jobs::jobs::BackupProject;
use manifold_store::Projects;

use crate::faults::ALONE;
use crate::store::{Store, as_new, id, place, without_identity};

const TYPES: [BackupType; 4] = [
    BackupType::Sqlite,
    BackupType::Csv,
    BackupType::Full,
    BackupType::Incremental,
];

/// So much is committed at least while a state is being copied.
const COMMITS: u64 = 20;

/// The rids of the rows that are committed meanwhile to the source `many`, whose table is `d4`.
const FIRST: i64 = 1_000_000;

/// Somebody who commits without pause: each time a row, its quirk, and the snapshot that shows it.
struct Writer {
    stop: Arc<AtomicBool>,
    commits: Arc<AtomicU64>,
    thread: std::thread::JoinHandle<()>,
}

impl Writer {
    fn new(store: &Store) -> Self {
        let connection = store.connection();
        // Nothing here loses power.
        connection
            .execute_batch("PRAGMA synchronous = OFF")
            .unwrap();
        let (stop, commits) = (Arc::<AtomicBool>::default(), Arc::<AtomicU64>::default());
        let (stopped, committed) = (stop.clone(), commits.clone());
        let write = move || {
            let mut rid = FIRST;
            while !stopped.load(Ordering::Relaxed) {
                let transaction = format!(
                    "BEGIN IMMEDIATE; \
                     INSERT INTO d4(_rid, c1) VALUES ({rid}, 1); \
                     INSERT INTO row_quirks SELECT id, {rid}, {rid}, 8388607, x'00' FROM data_sources WHERE row_table = 4; \
                     UPDATE data_sources SET next_rid = {rid} + 1, next_quirk = {rid} + 1 WHERE row_table = 4; \
                     UPDATE published SET rid_hi = {rid} \
                       WHERE source_id = (SELECT id FROM data_sources WHERE row_table = 4); \
                     UPDATE snapshots SET rid_hi = {rid}, quirk_hi = {rid}, row_count = row_count + 1 \
                       WHERE id = (SELECT p.snapshot_id FROM published p JOIN data_sources d ON d.id = p.source_id \
                                   WHERE d.row_table = 4); \
                     COMMIT"
                );
                connection.execute_batch(&transaction).unwrap();
                committed.fetch_add(1, Ordering::Relaxed);
                rid += 1;
            }
        };
        let thread = std::thread::spawn(write);
        Self {
            stop,
            commits,
            thread,
        }
    }

    fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
    }
}

/// Counts what is committed between the moment in which a state is held and that in which all of it is written.
struct Counted {
    during: Arc<AtomicU64>,
}

const HELD: &str = "backup-frozen";
const WRITTEN: &str = "backup-files-written";

impl Counted {
    fn new(commits: &Arc<AtomicU64>) -> Self {
        let (during, began) = (Arc::<AtomicU64>::default(), Arc::<AtomicU64>::default());
        let (now, begin) = (commits.clone(), began.clone());
        let held = move || begin.store(now.load(Ordering::SeqCst), Ordering::SeqCst);
        fail::cfg_callback(HELD, held).unwrap();
        let (now, counted) = (commits.clone(), during.clone());
        let written = move || {
            let passed = now.load(Ordering::SeqCst) - began.load(Ordering::SeqCst);
            counted.store(passed, Ordering::SeqCst);
        };
        fail::cfg_callback(WRITTEN, written).unwrap();
        Self { during }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        fail::remove(HELD);
        fail::remove(WRITTEN);
    }
}

fn seconds() -> u64 {
    let given = std::env::var("MANIFOLD_BUSY_SECONDS").ok();
    given.map_or(0, |seconds| seconds.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_one_state_however_much_is_committed_meanwhile() {
    let _alone = ALONE.lock().await;
    for backup_type in TYPES {
        let store = Store::rich().await;
        let rows: String = (0..20_000)
            .map(|row| format!("{row},row {row}\n"))
            .collect();
        store.import("many", format!("id,name\n{rows}")).await;
        let writer = Writer::new(&store);
        let counted = Counted::new(&writer.commits);
        let begin = Instant::now();
        let (mut made, mut most) = (0, 0);
        while most < COMMITS || begin.elapsed() < Duration::from_secs(seconds()) {
            let mut job = BackupProject::new(store.project.clone(), backup_type);
            job.options = BackupOptions {
                compress: made % 2 == 1,
                without_data: false,
            };
            let taken = store.run(job).await.unwrap();
            made += 1;
            let during = counted.during.load(Ordering::SeqCst);
            most = most.max(during);
            if during >= COMMITS || seconds() > 0 {
                is_one_state(&store, &taken, during).await;
            }
        }
        drop(counted);
        let commits = writer.commits.load(Ordering::Relaxed);
        writer.stop();
        println!(
            "{backup_type}: {made} backups beside {commits} commits, up to {most} of them during one"
        );
    }
}

async fn is_one_state(store: &Store, taken: &backups::Model, during: u64) {
    let verified = store.verify(taken).await;
    assert!(verified.ok, "{verified:#?}");
    let tables = taken.tables.clone().unwrap().0;
    let restored = store.restore(place(taken), as_new("copy")).await.unwrap();
    let project = id(&restored);
    let back = store.tables(&project).await;
    let rows = |tables: &[TableCount]| -> Vec<(String, i64)> {
        let tables = tables.iter().filter(|table| table.name != "project");
        tables
            .map(|table| (table.name.clone(), table.rows))
            .collect()
    };
    assert_eq!(rows(&back), rows(&tables), "the frozen counts");
    // The hashes of increments are those of their tiles; they were compared when it was verified.
    if taken.r#type != BackupType::Incremental {
        assert_eq!(
            without_identity(&back),
            without_identity(&tables),
            "the frozen hashes"
        );
    }
    let file = store.manager.layout().spoke(&project.namespace());
    let copy = rusqlite::Connection::open_with_flags_and_vfs(
        file,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    let number = |sql: &str| -> i64 {
        let sql = sql.replace("FIRST", &FIRST.to_string());
        copy.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    let added = number("SELECT count(*) FROM d4 WHERE _rid >= FIRST");
    let others = [
        "SELECT count(*) FROM row_quirks WHERE rid >= FIRST",
        "SELECT max(next_rid, FIRST) - FIRST FROM data_sources WHERE row_table = 4",
        "SELECT max(max(rid_hi), FIRST - 1) + 1 - FIRST FROM published",
        "SELECT max(max(rid_hi), FIRST - 1) + 1 - FIRST FROM snapshots",
    ];
    for sql in others {
        let found = number(sql);
        assert_eq!(
            found, added,
            "half a transaction was saved ({during} commits): {sql}"
        );
    }
    drop(copy);
    let projects = Projects::new(&store.manager);
    let trashed = projects.delete(&project).await.unwrap();
    let trash = manifold_store::Trash::new(&store.manager);
    trash.purge(&trashed).await.unwrap();
}
