//! What is counted of one database file.

use std::sync::atomic::{AtomicU64, Ordering};

use sea_orm::DbErr;
use serde::Serialize;

use super::latency::{Histogram, Latency};
use super::waits::{WaitMeter, Waits};
use crate::StoreError;

/// Whether something reads or writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Read,
    Write,
}

impl Work {
    /// What a statement does on a connection. Only a plain SELECT may run on a reader: others (`INSERT .. RETURNING`,
    /// `WITH ..`) go to the writer, where a read is right too; a write on a reader would fail loudly.
    pub(crate) fn of(sql: &str) -> Self {
        if sql.starts_with("SELECT") {
            Self::Read
        } else {
            Self::Write
        }
    }
}

/// Counters of one open file. Each is added to on its own, so a snapshot may show a query and not yet its error.
#[derive(Debug, Default)]
pub(crate) struct DatabaseMeter {
    pub(super) reads: Histogram,
    pub(super) writes: Histogram,
    pub(crate) read_transactions: Histogram,
    pub(crate) write_transactions: Histogram,
    pub(crate) begins: Histogram,
    pub(crate) bulk: Histogram,
    pub(crate) connection_waits: WaitMeter,
    reruns: AtomicU64,
    errors: AtomicU64,
    busy: AtomicU64,
    groups: AtomicU64,
    group_members: AtomicU64,
}

impl DatabaseMeter {
    /// A read was not short, or met a lock: it is run again on the connection's own thread.
    pub(crate) fn rerun(&self) {
        self.reruns.fetch_add(1, Ordering::Relaxed);
    }

    /// Several callers' writes were committed together.
    pub(crate) fn group(&self, members: usize) {
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.group_members
            .fetch_add(members as u64, Ordering::Relaxed);
    }

    /// A statement or a transaction failed.
    pub(crate) fn failed(&self, error: &DbErr) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        if matches!(StoreError::from(error.clone()), StoreError::Busy { .. }) {
            self.busy.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Adds what was counted of a file that is closed.
    pub(crate) fn absorb(&self, other: &Self) {
        for (own, others) in [
            (&self.reads, &other.reads),
            (&self.writes, &other.writes),
            (&self.read_transactions, &other.read_transactions),
            (&self.write_transactions, &other.write_transactions),
            (&self.begins, &other.begins),
            (&self.bulk, &other.bulk),
        ] {
            own.absorb(others);
        }
        self.connection_waits.absorb(&other.connection_waits);
        for (own, others) in [
            (&self.reruns, &other.reruns),
            (&self.errors, &other.errors),
            (&self.busy, &other.busy),
            (&self.groups, &other.groups),
            (&self.group_members, &other.group_members),
        ] {
            own.fetch_add(others.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    pub(crate) fn metrics(&self) -> DatabaseMetrics {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        DatabaseMetrics {
            reads: self.reads.latency(),
            writes: self.writes.latency(),
            read_transactions: self.read_transactions.latency(),
            write_transactions: self.write_transactions.latency(),
            begins: self.begins.latency(),
            bulk: self.bulk.latency(),
            connection_waits: self.connection_waits.waits(),
            reruns: count(&self.reruns),
            errors: count(&self.errors),
            busy: count(&self.busy),
            group_commits: count(&self.groups),
            group_members: count(&self.group_members),
        }
    }
}

/// What this process did with one database, or with several together.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct DatabaseMetrics {
    /// Typed queries that read: from when they had a connection to their last row. What was dropped before is
    /// not counted.
    pub reads: Latency,
    /// Typed statements that write. One outside a transaction includes its commit.
    pub writes: Latency,
    /// Read transactions, from their begin to their end.
    pub read_transactions: Latency,
    /// Write transactions, from their begin to their end, with what their owner did in between.
    pub write_transactions: Latency,
    /// `BEGIN IMMEDIATE`: how long the write lock was waited for, which another process may hold.
    pub begins: Latency,
    /// Bulk work on a borrowed connection: imports, diffs, long reads of rows.
    pub bulk: Latency,
    /// Waits for one of the file's own connections, because all were in use in this process.
    pub connection_waits: Waits,
    /// Reads that were tried on the caller's thread and run again on the connection's own, because they were not
    /// short or met a lock.
    pub reruns: u64,
    /// Statements and transactions that failed, whatever their caller made of it.
    pub errors: u64,
    /// Those of them that failed because the database was locked for too long.
    pub busy: u64,
    /// Commits that callers who waited for the writer shared.
    pub group_commits: u64,
    /// How many callers they served.
    pub group_members: u64,
}
