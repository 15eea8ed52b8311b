//! The input of one import while it is read.

use super::cell::Cell;
use super::duplicates::KeyCounter;
use super::error::{GuardError, ImportError, RowsError};
use super::records::{Finished, IncomingColumn, Records, Step};
use super::rejects::Rejects;
use super::row::Row;
use super::snapshot::{Column, Counts};
use super::spool::Scratch;
use super::transaction::begin;
use super::watch::Watch;
use crate::Durability;
use rusqlite::{Connection, Transaction};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// After how many rows the watch is told.
const WATCH_EVERY: u64 = 4_096;

/// The rows of an input; rejected records are set aside, repeated keys are counted, and the watch
/// is told on the way.
pub(super) struct Input<'a> {
    pub(super) records: &'a mut dyn Records,
    watch: &'a mut dyn Watch,
    width: usize,
    key: Vec<usize>,
    keys: KeyCounter,
    seed: u64,
    packed: Vec<u8>,
    read: u64,
    rejects: Rejects,
}

/// What is left of an input when all of it was read.
pub(super) struct Exhausted {
    pub(super) finished: Finished,
    pub(super) rejects: Rejects,
    pub(super) duplicate_keys: Option<u64>,
    pub(super) rows: i64,
}

impl<'a> Input<'a> {
    /// # Errors
    /// [`ImportError::NoColumns`] and [`ImportError::MissingKeyColumn`].
    pub(super) fn open(
        conn: &Connection,
        records: &'a mut dyn Records,
        watch: &'a mut dyn Watch,
        key_columns: &[String],
    ) -> Result<Self, ImportError> {
        let columns = records.columns();
        if columns.is_empty() {
            return Err(ImportError::NoColumns);
        }
        let key = key_columns
            .iter()
            .map(|name| key_column(columns, name))
            .collect::<Result<_, _>>()?;
        let scratch = Scratch::beside(conn);
        Ok(Self {
            width: columns.len(),
            records,
            watch,
            key,
            keys: KeyCounter::new(&scratch),
            seed: random_seed(),
            packed: Vec::new(),
            read: 0,
            rejects: Rejects::new(&scratch),
        })
    }

    /// The columns that identify a row, by index.
    pub(super) fn key(&self) -> &[usize] {
        &self.key
    }

    /// How many records were rejected so far.
    pub(super) fn rejected(&self) -> i64 {
        self.rejects.len()
    }

    /// How many columns a row has.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// A number that no input can be made for, to hash its rows with.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Reads the next row into `row`; `false` at the end.
    ///
    /// # Errors
    /// [`ImportError::Records`], [`ImportError::WrongWidth`], [`ImportError::Cancelled`], and
    /// [`RowsError::Spool`].
    #[inline]
    pub(super) fn next(&mut self, row: &mut Row) -> Result<bool, ImportError> {
        loop {
            row.clear();
            match self.records.next(row).map_err(ImportError::Records)? {
                Step::Row => break,
                Step::Rejected(rejected) => {
                    self.rejects.push(self.read.cast_signed(), &rejected)?;
                }
                Step::End => return Ok(false),
            }
        }
        if row.len() != self.width {
            return Err(ImportError::WrongWidth {
                line: row.line,
                found: row.len(),
                expected: self.width,
            });
        }
        if !self.key.is_empty() {
            let hash = self.key_hash(row);
            self.keys.push(hash)?;
        }
        self.read += 1;
        if self.read.is_multiple_of(WATCH_EVERY) {
            self.check()?;
        }
        Ok(true)
    }

    /// A number that rows with different keys share as good as never.
    #[inline]
    fn key_hash(&mut self, row: &Row) -> u64 {
        // An integer is a number already; rising ones stay in order, so that there is nothing to sort.
        if let [index] = self.key[..]
            && let Cell::Int(value) = row.cell(index)
        {
            return value.cast_unsigned() ^ (1 << 63);
        }
        self.packed.clear();
        for &index in &self.key {
            row.cell(index).pack(&mut self.packed);
        }
        xxh3_64_with_seed(&self.packed, self.seed)
    }

    /// Tells the watch how far the import is.
    ///
    /// # Errors
    /// [`ImportError::Cancelled`].
    pub(super) fn check(&mut self) -> Result<(), ImportError> {
        if self.watch.rows(self.read).is_break() {
            Err(ImportError::Cancelled)
        } else {
            Ok(())
        }
    }

    /// Asks the watch whether a write transaction may go on.
    pub(super) fn guard(&self, conn: &Connection) -> Result<(), GuardError> {
        self.watch.guard(conn)
    }

    /// Begins a write transaction that the watch allows.
    pub(super) fn begin<'c>(
        &self,
        conn: &'c Connection,
        durability: Durability,
    ) -> Result<Transaction<'c>, RowsError> {
        begin(conn, durability, &|conn| self.guard(conn))
    }

    /// Ends reading.
    ///
    /// # Errors
    /// [`ImportError::Records`], [`ImportError::WrongWidth`] and [`ImportError::Cancelled`].
    pub(super) fn finish(&mut self) -> Result<Exhausted, ImportError> {
        self.check()?;
        let finished = self.records.finish().map_err(ImportError::Records)?;
        if finished.columns.len() != self.width {
            return Err(ImportError::WrongWidth {
                line: 1,
                found: finished.columns.len(),
                expected: self.width,
            });
        }
        let scratch = self.keys.scratch().clone();
        let keys = std::mem::replace(&mut self.keys, KeyCounter::new(&scratch));
        let duplicate_keys = if self.key.is_empty() {
            None
        } else {
            Some(keys.repeated()?)
        };
        let rejects = std::mem::replace(&mut self.rejects, Rejects::new(&scratch));
        Ok(Exhausted {
            finished,
            rejects,
            duplicate_keys,
            rows: self.read.cast_signed(),
        })
    }
}

impl Exhausted {
    /// The columns as the snapshot lists them, stored as `phys` under `encodings`.
    pub(super) fn columns(
        &self,
        incoming: &[IncomingColumn],
        phys: &[i64],
        encodings: &[String],
    ) -> Vec<Column> {
        let stored = phys.iter().zip(encodings);
        let shown = incoming.iter().zip(&self.finished.columns);
        shown
            .zip(stored)
            .map(|((incoming, finished), (&phys, encoding))| Column {
                phys,
                name: incoming.name.clone(),
                column_type: finished.column_type.clone(),
                format: finished.format.clone(),
                encoding: encoding.clone(),
                quoting: finished.quoting.clone(),
                odd_cells: finished.odd_cells.cast_signed(),
                null_tokens: finished.null_tokens.clone(),
            })
            .collect()
    }

    /// The counts that the input alone decides.
    pub(super) fn counts(&self) -> Counts {
        Counts {
            row_count: self.rows,
            rejected: self.rejects.len(),
            padded: self.finished.padded.cast_signed(),
            odd_cells: self.finished.odd_cells.cast_signed(),
            ..Counts::default()
        }
    }
}

/// The index of the column that `name` means.
fn key_column(columns: &[IncomingColumn], name: &str) -> Result<usize, ImportError> {
    let exact = columns.iter().position(|column| column.name == name);
    let folded = name.to_lowercase();
    exact
        .or_else(|| {
            columns
                .iter()
                .position(|column| column.name.to_lowercase() == folded)
        })
        .ok_or_else(|| ImportError::MissingKeyColumn {
            key: name.to_owned(),
            columns: columns.iter().map(|column| column.name.clone()).collect(),
        })
}

/// Rows are recognised by hash, so the hash must not be predictable: an input made to collide
/// could otherwise hide a change.
fn random_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}
