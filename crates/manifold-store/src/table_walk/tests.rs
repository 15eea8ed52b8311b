//! A walk beside the query for the same rows.

use std::path::Path;

use proptest::prelude::*;
use rusqlite::types::Value;
use rusqlite::{OpenFlags, params};

use super::*;
use crate::sqlite::{connect, want_checksums};

#[derive(Debug, Clone)]
enum Step {
    Insert(i64, Value, Value),
    Delete(i64),
    /// Rows stored before have no value for it.
    AddColumn,
}

fn value() -> impl Strategy<Value = Value> {
    let edges = [i64::MIN, -1, 0, 1, 127, 128, 1 << 40, i64::MAX];
    prop_oneof![
        Just(Value::Null),
        prop::sample::select(edges.to_vec()).prop_map(Value::Integer),
        any::<i64>().prop_map(Value::Integer),
        any::<i16>().prop_map(|number| Value::Integer(number.into())),
        (-1e9..1e9).prop_map(Value::Real),
        Just(Value::Real(-0.0)),
        // Which SQLite stores as an integer where the column is REAL.
        (-9i32..9_000).prop_map(|number| Value::Real(number.into())),
        "\\PC{0,40}".prop_map(Value::Text),
        // Around the lengths from which on a record leaves its page.
        (400usize..9_000).prop_map(|length| Value::Text("ü".repeat(length))),
        prop::collection::vec(any::<u8>(), 0..700).prop_map(Value::Blob),
        (60_000usize..200_000).prop_map(|length| Value::Blob(vec![7; length])),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let rowid = prop_oneof![1i64..400, any::<i64>()];
    prop_oneof![
        20 => (rowid, value(), value()).prop_map(|(rowid, a, b)| Step::Insert(rowid, a, b)),
        4 => (1i64..400).prop_map(Step::Delete),
        1 => Just(Step::AddColumn),
    ]
}

fn flags() -> OpenFlags {
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
}

/// Makes a file of one table, all of it written back.
fn make(path: &Path, page_size: u32, checked: bool, steps: &[Step]) -> Connection {
    let connection = connect(path, flags()).unwrap();
    let pragma = format!("PRAGMA page_size = {page_size}");
    connection.execute_batch(&pragma).unwrap();
    if checked {
        want_checksums(&connection).unwrap();
    }
    let sql = "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; \
               CREATE TABLE t(_rid INTEGER PRIMARY KEY, a ANY, _to INTEGER NOT NULL DEFAULT 9, b ANY) STRICT; BEGIN";
    connection.execute_batch(sql).unwrap();
    let mut added = 0;
    for step in steps {
        match step {
            Step::Insert(rowid, a, b) => {
                let last = if added == 0 { "b" } else { "later" };
                let sql = format!("INSERT OR REPLACE INTO t(_rid, a, {last}) VALUES (?, ?, ?)");
                connection.execute(&sql, params![rowid, a, b]).unwrap();
            }
            Step::Delete(rowid) => {
                let sql = "DELETE FROM t WHERE _rid = ?";
                connection.execute(sql, [rowid]).unwrap();
            }
            Step::AddColumn if added == 0 => {
                let sql = "ALTER TABLE t ADD COLUMN later ANY";
                connection.execute_batch(sql).unwrap();
                added = 1;
            }
            Step::AddColumn => {}
        }
    }
    if added == 0 {
        let sql = "ALTER TABLE t ADD COLUMN later ANY";
        connection.execute_batch(sql).unwrap();
    }
    let sql = "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)";
    connection.execute_batch(sql).unwrap();
    connection
}

const COLUMNS: [&str; 4] = ["later", "_to", "a", "b"];

type Found = Vec<(i64, Vec<Value>)>;

fn walked(connection: &Connection) -> Option<Found> {
    let mut walk = TableWalk::open(connection, "t", &COLUMNS).unwrap()?;
    assert_eq!(walk.value(1), ValueRef::Null);
    let mut found = Vec::new();
    while let Some(rowid) = walk.advance().unwrap() {
        let values = (0..COLUMNS.len()).map(|column| Value::from_walk(walk.value(column)));
        found.push((rowid, values.collect()));
    }
    assert_eq!(walk.advance().unwrap(), None);
    assert_eq!(walk.value(1), ValueRef::Null);
    Some(found)
}

fn queried(connection: &Connection) -> Found {
    let sql = format!("SELECT _rid, {} FROM t ORDER BY _rid", COLUMNS.join(", "));
    let mut statement = connection.prepare(&sql).unwrap();
    let rows = statement.query_map([], |row| {
        let values = (1..=COLUMNS.len()).map(|at| row.get(at));
        Ok((row.get(0)?, values.collect::<rusqlite::Result<_>>()?))
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

trait FromWalk {
    fn from_walk(value: ValueRef<'_>) -> Self;
}

impl FromWalk for Value {
    fn from_walk(value: ValueRef<'_>) -> Self {
        Self::try_from(value).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_walk_finds_what_a_query_finds(
        steps in prop::collection::vec(step(), 0..250),
        page_size in prop::sample::select(vec![512u32, 1_024, 4_096, 65_536]),
        checked in any::<bool>(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let connection = make(&folder.path().join("db"), page_size, checked, &steps);
        connection.execute_batch("BEGIN").unwrap();
        let queried = queried(&connection);
        for from in [i64::MIN, -5, 1, 77, 399, i64::MAX] {
            let walk = TableWalk::open(&connection, "t", &COLUMNS).unwrap().unwrap();
            let mut walk = walk.beginning_at(from);
            let found = std::iter::from_fn(|| walk.advance().unwrap()).collect::<Vec<_>>();
            let expected = queried.iter().map(|(rowid, _)| *rowid).filter(|rowid| *rowid >= from);
            prop_assert_eq!(found, expected.collect::<Vec<_>>());
        }
        prop_assert_eq!(walked(&connection), Some(queried));
    }
}

fn many() -> Vec<Step> {
    let text = |rowid: i64| Value::Text(format!("text {rowid}"));
    (1..5_000)
        .map(|rowid| Step::Insert(rowid, text(rowid), Value::Integer(rowid)))
        .collect()
}

#[test]
fn only_a_state_that_is_all_in_the_file_is_walked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    let writer = make(&path, 4_096, true, &many());
    let reader = connect(&path, flags()).unwrap();
    assert!(walked(&reader).is_none(), "in no transaction");
    reader.execute_batch("BEGIN").unwrap();
    let before = queried(&reader);
    assert_eq!(walked(&reader).as_ref(), Some(&before));

    // Others go on; what is held stays.
    let mut walk = TableWalk::open(&reader, "t", &COLUMNS).unwrap().unwrap();
    assert_eq!(walk.advance().unwrap(), Some(1));
    writer
        .execute_batch("DELETE FROM t WHERE _rid % 3 = 0; PRAGMA wal_checkpoint")
        .unwrap();
    let mut rows = 1;
    while walk.advance().unwrap().is_some() {
        rows += 1;
    }
    assert_eq!(rows, before.len());

    // A new state has a part in the log.
    reader.execute_batch("COMMIT; BEGIN").unwrap();
    assert_ne!(queried(&reader), before);
    assert!(walked(&reader).is_none());
    assert!(walk.advance().unwrap().is_none(), "it has ended");
    reader.execute_batch("COMMIT").unwrap();

    // What the connection itself has written is in its memory.
    writer
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); BEGIN")
        .unwrap();
    let before = queried(&writer);
    let mut walk = TableWalk::open(&writer, "t", &COLUMNS).unwrap().unwrap();
    assert_eq!(walked(&writer).as_ref(), Some(&before));
    writer.execute_batch("DELETE FROM t").unwrap();
    assert!(walked(&writer).is_none());
    assert!(walk.advance().is_err());
}

#[test]
fn a_walk_whose_transaction_ended_does_not_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let connection = make(&folder.path().join("db"), 512, true, &many());
    connection.execute_batch("BEGIN").unwrap();
    queried(&connection);
    let mut walk = TableWalk::open(&connection, "t", &COLUMNS)
        .unwrap()
        .unwrap();
    assert_eq!(walk.advance().unwrap(), Some(1));
    connection.execute_batch("COMMIT; BEGIN").unwrap();
    queried(&connection);
    let rest = std::iter::from_fn(|| walk.advance().transpose());
    assert!(rest.take(5_000).any(|row| row.is_err()));
}

#[test]
fn columns_that_are_not_there_are_left_to_a_query() {
    let folder = tempfile::tempdir().unwrap();
    let connection = make(&folder.path().join("db"), 4_096, true, &many());
    connection.execute_batch("BEGIN").unwrap();
    for columns in [["_rid"], ["none"], ["a + 1"]] {
        let walk = TableWalk::open(&connection, "t", &columns).unwrap();
        assert!(walk.is_none(), "{columns:?}");
    }
    assert!(TableWalk::open(&connection, "u", &["a"]).unwrap().is_none());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the file is damaged on purpose")]
fn pages_that_are_damaged_are_told_and_never_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("db");
    // Without checksums, so that the walk itself has to see it.
    drop(make(&path, 512, false, &many()));
    let whole = std::fs::read(&path).unwrap();
    let expected = {
        let connection = connect(&path, flags()).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        queried(&connection)
    };
    let mut told = 0;
    for seed in 0..400usize {
        let mut bytes = whole.clone();
        let at = 512 + seed * 7_919 % (bytes.len() - 512);
        bytes[at] ^= 1 << (seed % 8);
        std::fs::write(&path, &bytes).unwrap();
        let connection = connect(&path, flags()).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        let Ok(Some(mut walk)) = TableWalk::open(&connection, "t", &COLUMNS) else {
            continue;
        };
        let mut rows = 0;
        loop {
            match walk.advance() {
                Ok(Some(_)) => rows += 1,
                Ok(None) => break,
                Err(_) => {
                    told += 1;
                    break;
                }
            }
        }
        assert!(rows <= expected.len() * 2, "it ends");
    }
    assert!(told > 0);
}
