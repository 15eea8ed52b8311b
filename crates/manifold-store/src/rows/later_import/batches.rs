//! The transactions in which the differences are written, before the one that publishes them.

use super::super::error::{Doing, ImportError, RowsError};
use super::super::first_import::COMMIT_EVERY;
use super::super::import::ImportOptions;
use super::super::input::Input;
use super::super::snapshot::{Snapshot, latest};
use super::super::source::Source;
use crate::{Durability, fail_point};
use rusqlite::{Connection, Transaction};
use std::time::Instant;

/// Writes that nobody sees before they are published, committed every now and then.
pub(super) struct Batches<'c, 'i, 'a> {
    conn: &'c Connection,
    input: &'i mut Input<'a>,
    unmoved: Unmoved<'c>,
    batch_rows: u64,
    transaction: Option<Transaction<'c>>,
    begun: Instant,
    rows: u64,
}

impl<'c, 'i, 'a> Batches<'c, 'i, 'a> {
    /// # Errors
    /// [`ImportError::Moved`], [`RowsError::Guard`] and [`RowsError::Sqlite`].
    pub(super) fn begin(
        conn: &'c Connection,
        input: &'i mut Input<'a>,
        unmoved: Unmoved<'c>,
        options: &ImportOptions,
    ) -> Result<Self, ImportError> {
        let mut batches = Self {
            conn,
            input,
            unmoved,
            batch_rows: options.batch_rows,
            transaction: None,
            begun: Instant::now(),
            rows: 0,
        };
        batches.open()?;
        Ok(batches)
    }

    /// The connection, in a transaction.
    pub(super) fn conn(&self) -> &'c Connection {
        self.conn
    }

    /// From now on the source's next column has this number, in this transaction too.
    pub(super) fn take_columns(&mut self, next_phys: i64) -> Result<(), RowsError> {
        self.conn
            .execute(
                "UPDATE data_sources SET next_phys = ? WHERE id = ?",
                (next_phys, &self.unmoved.source.id),
            )
            .doing("adding columns")?;
        self.unmoved.next_phys = next_phys;
        Ok(())
    }

    /// Counts a row that was written, and commits when it is time.
    ///
    /// # Errors
    /// As [`Self::begin`], and [`ImportError::Cancelled`].
    #[inline]
    pub(super) fn wrote(&mut self) -> Result<(), ImportError> {
        self.rows += 1;
        let full = self.rows >= self.batch_rows;
        if full || self.rows.is_multiple_of(64) && self.begun.elapsed() > COMMIT_EVERY {
            self.commit()?;
            self.input.check()?;
            self.open()?;
        }
        Ok(())
    }

    /// Commits what is left.
    pub(super) fn commit(&mut self) -> Result<(), RowsError> {
        if let Some(transaction) = self.transaction.take() {
            transaction.commit().doing("storing the differences")?;
            fail_point!("import-differences-committed", RowsError::interrupted());
        }
        Ok(())
    }

    fn open(&mut self) -> Result<(), ImportError> {
        let transaction = self.input.begin(self.conn, Durability::Relaxed)?;
        self.unmoved.check(&transaction)?;
        self.transaction = Some(transaction);
        (self.begun, self.rows) = (Instant::now(), 0);
        Ok(())
    }
}

/// The state of a source that an import was compared with.
#[derive(Clone, Copy)]
pub(super) struct Unmoved<'s> {
    source: &'s Source,
    previous: &'s Snapshot,
    next_phys: i64,
}

impl<'s> Unmoved<'s> {
    pub(super) fn new(source: &'s Source, previous: &'s Snapshot) -> Self {
        Self {
            source,
            previous,
            next_phys: source.next_phys,
        }
    }

    /// Expects the column numbers that the import itself has taken.
    pub(super) fn with_columns(self, next_phys: i64) -> Self {
        Self { next_phys, ..self }
    }

    /// # Errors
    /// [`ImportError::Moved`] when anything was published or deleted since the source was read.
    pub(super) fn check(&self, conn: &Connection) -> Result<(), ImportError> {
        let previous = self.previous;
        let same_snapshot = latest(conn, &self.source.id)?.is_some_and(|now| {
            (now.id.as_str(), now.rid_hi, now.seq) == (&previous.id, previous.rid_hi, previous.seq)
        });
        let expected = Source {
            next_phys: self.next_phys,
            ..self.source.clone()
        };
        if same_snapshot && Source::load(conn, &self.source.id)?.counters() == expected.counters() {
            Ok(())
        } else {
            Err(ImportError::Moved {
                source_id: self.source.id.clone(),
            })
        }
    }
}
