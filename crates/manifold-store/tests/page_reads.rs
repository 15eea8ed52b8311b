//! What is read on ahead of a scan is what a transaction is to see, whoever writes beside it.
#![allow(clippy::unwrap_used, missing_docs, clippy::disallowed_methods)]

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use manifold_store::vfs;
use proptest::prelude::*;
use rusqlite::{Connection, OpenFlags};

const ROWS: u64 = 3_000;

/// A connection that reads on, or one of SQLite's own kind; both forget pages soon.
fn connect(path: &Path, reads_on: bool) -> Connection {
    let flags = OpenFlags::default();
    let connection = match reads_on {
        true => Connection::open_with_flags_and_vfs(path, flags, vfs()),
        false => Connection::open_with_flags(path, flags),
    };
    let connection = connection.unwrap();
    connection.busy_timeout(Duration::from_secs(60)).unwrap();
    let settings =
        "PRAGMA cache_size = 12; PRAGMA synchronous = OFF; PRAGMA wal_autocheckpoint = 40";
    connection.execute_batch(settings).unwrap();
    connection
}

fn make(path: &Path, journal: &str) {
    let connection = connect(path, true);
    let mode: String = connection
        .query_row(&format!("PRAGMA journal_mode = {journal}"), [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(mode, journal);
    connection
        .execute_batch(&format!(
            "CREATE TABLE t(id INTEGER PRIMARY KEY, amount INTEGER, pad BLOB); CREATE INDEX amounts ON t(amount); \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
             INSERT INTO t SELECT i, 0, randomblob(700) FROM n"
        ))
        .unwrap();
    connection.close().unwrap();
}

/// How many rows there are, the sum of their amounts, and the rows.
type Seen = (i64, i64, Vec<(i64, i64, Vec<u8>)>);

/// Everything that a transaction sees, in the orders of the table and of the index.
fn seen(connection: &Connection) -> Seen {
    let sum = "SELECT count(*), sum(amount) FROM t INDEXED BY amounts WHERE amount > -1e9";
    let (count, sum) = connection
        .query_row(sum, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let rows = connection
        .prepare_cached("SELECT id, amount, pad FROM t ORDER BY id")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<Result<Vec<_>, _>>()
        .unwrap();
    (count, sum, rows)
}

/// Moves an amount from one row to another, and puts a row in the place of one.
fn write(connection: &Connection, mixed: &mut u64) {
    let mut next = || {
        *mixed = mixed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (*mixed >> 33) % ROWS + 1
    };
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    for (id, by) in [(next(), 1), (next(), -1)] {
        let sql =
            "UPDATE t SET amount = amount + ?2, pad = randomblob(600 + ?1 % 200) WHERE id = ?1";
        connection.execute(sql, (id as i64, by)).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}

/// Readers of both kinds see the same, again and again in one transaction, while somebody writes and checkpoints.
fn read_beside_a_writer(journal: &str, rounds: usize) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    make(&path, journal);
    let (between, stop) = (Mutex::new(()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (connection, mut mixed) = (connect(&path, true), 7);
            let mut written = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                let alone = between.lock().unwrap();
                write(&connection, &mut mixed);
                drop(alone);
                written += 1;
                if written.is_multiple_of(50) {
                    // A transaction of its own, which reads and writes.
                    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                    assert_eq!(seen(&connection).1, 0);
                    connection
                        .execute("UPDATE t SET pad = zeroblob(500) WHERE id % 97 = 5", [])
                        .unwrap();
                    assert_eq!(seen(&connection).0, ROWS as i64);
                    connection.execute_batch("ROLLBACK").unwrap();
                }
                std::thread::yield_now();
            }
            written
        });
        let (ahead, plain) = (connect(&path, true), connect(&path, false));
        for _ in 0..rounds {
            let alone = between.lock().unwrap();
            for connection in [&ahead, &plain] {
                connection
                    .execute_batch("BEGIN; SELECT 1 FROM t LIMIT 1")
                    .unwrap();
            }
            drop(alone);
            let expected = seen(&plain);
            assert_eq!((expected.0, expected.1), (ROWS as i64, 0));
            for _ in 0..3 {
                assert!(seen(&ahead) == expected, "another state was read");
            }
            for connection in [&ahead, &plain] {
                connection.execute_batch("COMMIT").unwrap();
            }
        }
        stop.store(true, Ordering::Relaxed);
        assert!(writer.join().unwrap() > 0);
    });
    let check: String = connect(&path, false)
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn a_transaction_sees_one_state_beside_writers_and_checkpoints() {
    read_beside_a_writer("wal", 40);
}

#[test]
fn so_it_does_without_a_write_ahead_log() {
    read_beside_a_writer("delete", 8);
}

/// What a connection that reads, and others, do.
#[derive(Debug, Clone)]
enum Step {
    /// The reader begins a transaction, or ends it.
    Turn,
    /// Somebody writes some times.
    Write(usize),
    /// The log is written back, as far as that is possible.
    Checkpoint,
    /// The log is written back and begins anew, if nobody reads.
    Restart,
    /// The reader scans a part of the table, from a row on.
    Scan(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        Just(Step::Turn),
        (1_usize..20).prop_map(Step::Write),
        Just(Step::Checkpoint),
        Just(Step::Restart),
        (1..ROWS).prop_map(Step::Scan),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn both_kinds_of_readers_see_the_same(steps in steps()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        make(&path, "wal");
        let writer = connect(&path, true);
        let readers = [connect(&path, true), connect(&path, false)];
        let mut mixed = 11;
        for step in steps {
            match step {
                Step::Turn => {
                    for reader in &readers {
                        let sql = match reader.is_autocommit() {
                            true => "BEGIN; SELECT 1 FROM t LIMIT 1",
                            false => "COMMIT",
                        };
                        reader.execute_batch(sql).unwrap();
                    }
                }
                Step::Write(times) => (0..times).for_each(|_| write(&writer, &mut mixed)),
                Step::Checkpoint => {
                    let sql = "PRAGMA wal_checkpoint(PASSIVE)";
                    writer.query_row(sql, [], |_| Ok(())).unwrap();
                }
                Step::Restart => {
                    writer.busy_timeout(Duration::ZERO).unwrap();
                    let sql = "PRAGMA wal_checkpoint(RESTART)";
                    writer.query_row(sql, [], |_| Ok(())).unwrap();
                }
                Step::Scan(from) => {
                    let scan = |reader: &Connection| -> Vec<(i64, Vec<u8>)> {
                        let mut statement = reader
                            .prepare_cached("SELECT amount, pad FROM t WHERE id >= ? ORDER BY id LIMIT 400")
                            .unwrap();
                        let rows = statement.query_map([from as i64], |row| Ok((row.get(0)?, row.get(1)?)));
                        rows.unwrap().collect::<Result<_, _>>().unwrap()
                    };
                    prop_assert!(scan(&readers[0]) == scan(&readers[1]));
                }
            }
        }
    }
}
