#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, StreamTrait as _};

use super::{Connection, OpenFile};
use crate::lease::Leases;
use crate::metrics::FileMeter;
use crate::{Durability, StoreError};

fn open(folder: &tempfile::TempDir, limit: Duration) -> Connection {
    let path = folder.path().join("scratch.db");
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t (n integer)")
        .unwrap();
    let access = crate::Access::ReadWrite;
    let file = OpenFile::new(path, access, 0, Durability::Relaxed, 8, FileMeter::alone())
        .with_stream_limit(limit);
    Connection::new(Arc::new(file), None)
}

fn numbers(count: u32) -> Statement {
    let sql = format!(
        "SELECT i FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n)"
    );
    Statement::from_string(DbBackend::Sqlite, sql)
}

#[tokio::test]
async fn a_stream_that_nobody_reads_gives_its_connection_back() {
    let folder = tempfile::tempdir().unwrap();
    let limit = Duration::from_millis(100);
    let connection = open(&folder, limit);
    // Every reader of the file is held by a stream whose consumer went away in its thoughts.
    let mut streams = Vec::new();
    for _ in 0..2 {
        let mut stream = connection.stream_raw(numbers(1_000_000)).await.unwrap();
        stream.next().await.unwrap().unwrap();
        streams.push(stream);
    }
    let row = connection.query_one_raw(numbers(1)).await.unwrap(); // waits for one to come back
    assert!(row.is_some());
    for mut stream in streams {
        tokio::time::sleep(limit * 5).await;
        let error = StoreError::from(stream.next().await.unwrap().unwrap_err());
        assert_eq!(error.code(), "stream_stalled");
        let file = folder.path().join("scratch.db").display().to_string();
        assert!(error.to_string().contains(&file), "{error}");
        assert!(stream.next().await.is_none());
    }
}

/// A connection under a lease, and the leases.
fn leased(folder: &tempfile::TempDir, limit: Duration) -> (Connection, Arc<Leases>) {
    let leases = Arc::new(Leases::new(Arc::default()));
    let file = open(folder, limit).file().clone();
    let connection = Connection::new(file, Some(leases.grant("test")));
    (connection, leases)
}

#[tokio::test]
async fn the_lease_of_a_stream_that_nobody_reads_ends() {
    let folder = tempfile::tempdir().unwrap();
    let (connection, leases) = leased(&folder, Duration::from_millis(100));
    let mut stream = connection.stream_raw(numbers(1_000_000)).await.unwrap();
    stream.next().await.unwrap().unwrap();
    assert!(!leases.is_idle());
    while !leases.is_idle() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(!connection.file().is_in_use());
    // The spoke may be closed and its file moved now: nothing must reach it any more.
    let read = connection.query_one_raw(numbers(1)).await.unwrap_err();
    assert_eq!(StoreError::from(read).code(), "stream_stalled");
    let write = connection.begin(Durability::Relaxed).await.unwrap_err();
    assert_eq!(write.code(), "stream_stalled");
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(StoreError::from(error).code(), "stream_stalled");
    assert!(!connection.file().is_in_use());
}

#[tokio::test]
async fn a_lease_that_is_used_otherwise_outlives_a_stream_that_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    let (connection, leases) = leased(&folder, Duration::from_millis(500));
    let mut stream = connection.stream_raw(numbers(1_000_000)).await.unwrap();
    stream.next().await.unwrap().unwrap();
    while connection.file().is_in_use() {
        connection.begin(Durability::Relaxed).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let row = connection.query_one_raw(numbers(1)).await.unwrap();
    assert!(row.is_some());
    assert!(!leases.is_idle());
    let error = stream.next().await.unwrap().unwrap_err();
    assert_eq!(StoreError::from(error).code(), "stream_stalled");
}

#[tokio::test]
async fn a_stream_that_is_read_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let limit = Duration::from_secs(1);
    let connection = open(&folder, limit);
    // Slowly read, but never left for the whole limit.
    let mut stream = connection.stream_raw(numbers(40)).await.unwrap();
    let mut count = 0;
    while let Some(row) = stream.next().await {
        row.unwrap();
        count += 1;
        if count % 10 == 0 {
            tokio::time::sleep(limit / 3).await;
        }
    }
    assert_eq!(count, 40);
    // A query that takes longer than the limit for its first row is not its consumer's fault.
    let slow = "SELECT c FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000000) \
        SELECT count(*) AS c FROM n)";
    let slow = Statement::from_string(DbBackend::Sqlite, slow);
    let rows: Vec<_> = connection.stream_raw(slow).await.unwrap().collect().await;
    assert!(rows.len() == 1 && rows[0].is_ok());
}

#[tokio::test]
async fn a_dropped_stream_gives_its_connection_back_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let connection = open(&folder, Duration::from_secs(30));
    for _ in 0..10 {
        let mut stream = connection.stream_raw(numbers(1_000_000)).await.unwrap();
        stream.next().await.unwrap().unwrap();
    }
    assert!(
        connection
            .query_one_raw(numbers(1))
            .await
            .unwrap()
            .is_some()
    );
}
