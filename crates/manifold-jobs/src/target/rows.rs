//! The rows of snapshots on their way into a target.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use manifold_format::ShownColumn;
use manifold_store::rows::{self, Cell, Column, Snapshot, StoredRow};
use manifold_store::{ProjectId, RowLog, SqliteManager, fail_point};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::TargetError;
use super::cell::TargetCell;
use super::column::{Fitted, TargetColumn};
use super::difference::Differences;
use crate::database::DatabaseError;
use crate::export::{shown_column, stored};

/// How many rows, and bytes, are handed over at once; one batch waits while another is written.
const ROWS: usize = 256;
const BYTES: usize = 1 << 20;

/// A row, and what happened to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// `+` it is new, `-` it is gone, `~` it is another.
    pub(super) op: &'static str,
    /// As it is in the latest snapshot; of one that is gone, its key.
    pub(super) ours: Vec<TargetCell>,
    /// As it was in the snapshot that was written last.
    pub(super) base: Vec<TargetCell>,
}

/// Which rows are wanted.
#[derive(Debug, Clone)]
pub(super) enum Wanted {
    /// Those of the snapshot.
    All,
    /// Those that this older one does not have.
    Added(Box<Snapshot>),
    /// Those that differ from this older one, by the columns of the key.
    Differing {
        base: Box<Snapshot>,
        key: Vec<usize>,
        /// Columns that the target did not have: rows with values there differ, too.
        fresh: Vec<bool>,
    },
}

/// Rows that come while they are read.
pub(super) struct Stream {
    lines: mpsc::Receiver<Vec<Line>>,
    reading: JoinHandle<Result<(), TargetError>>,
}

impl Stream {
    /// Begins to read.
    pub(super) fn begin(
        manager: &Arc<SqliteManager>,
        project: &ProjectId,
        latest: Snapshot,
        columns: &[TargetColumn],
        wanted: Wanted,
    ) -> Self {
        let (sender, lines) = mpsc::channel(1);
        let fitted: Vec<_> = columns.iter().map(|column| column.fitted).collect();
        let (log, project) = (RowLog::new(manager), project.clone());
        let reading = tokio::spawn(async move {
            let read = log.read(&project, move |connection| {
                let mut batches = Batches::new(sender);
                let read = read(connection, &latest, &fitted, &wanted, &mut batches);
                if let Ok(Ok(())) = &read {
                    let _ = batches.flush();
                }
                read
            });
            read.await?
        });
        Self { lines, reading }
    }

    /// The next rows; none behind the last ones, or where reading failed, which [`Self::finish`] says.
    ///
    /// # Errors
    /// None but in tests.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Line>>, DatabaseError> {
        let lines = self.lines.recv().await;
        fail_point!("sync-target-rows-taken", DatabaseError::Stopped);
        Ok(lines)
    }

    /// There are no more rows.
    ///
    /// # Errors
    /// What kept them from being read.
    pub(super) async fn finish(self) -> Result<(), TargetError> {
        drop(self.lines);
        match self.reading.await {
            Ok(read) => read,
            Err(died) => match died.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => std::future::pending().await,
            },
        }
    }
}

/// Rows that are handed over together.
pub(super) struct Batches {
    sender: mpsc::Sender<Vec<Line>>,
    batch: Vec<Line>,
    bytes: usize,
}

impl Batches {
    fn new(sender: mpsc::Sender<Vec<Line>>) -> Self {
        Self {
            sender,
            batch: Vec::new(),
            bytes: 0,
        }
    }

    /// Hands over a row, sooner or later. `Break` when nobody takes it any more: who did has an error of its own.
    pub(super) fn push(&mut self, line: Line) -> ControlFlow<()> {
        let cells = line.ours.iter().chain(&line.base);
        self.bytes += cells.map(TargetCell::size).sum::<usize>();
        self.batch.push(line);
        if self.batch.len() < ROWS && self.bytes < BYTES {
            return ControlFlow::Continue(());
        }
        self.flush()
    }

    fn flush(&mut self) -> ControlFlow<()> {
        self.bytes = 0;
        match self.sender.blocking_send(std::mem::take(&mut self.batch)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

fn read(
    connection: &rows::SqliteConnection,
    latest: &Snapshot,
    fitted: &[Fitted],
    wanted: &Wanted,
    batches: &mut Batches,
) -> Result<Result<(), TargetError>, rows::RowsError> {
    let (base, key, fresh) = match wanted {
        Wanted::All => return all(connection, latest, fitted, batches),
        Wanted::Added(base) => (base, None, None),
        Wanted::Differing { base, key, fresh } => (base, Some(key), Some(fresh)),
    };
    let mut differences = Differences::new(fitted, key.map(Vec::as_slice), batches);
    let names = key.map(|key| {
        let names = key.iter().map(|index| latest.columns[*index].name.clone());
        names.collect::<Vec<_>>()
    });
    if let (Some(_), true) = (&names, fresh.is_some_and(|fresh| fresh.contains(&true))) {
        differences.remember_keys();
    }
    let listed = rows::Listing {
        limit: u64::MAX,
        moved: false,
    };
    rows::each_change(
        connection,
        base,
        latest,
        listed,
        names.as_deref(),
        &mut differences,
    )?;
    let known = match differences.finish() {
        Ok(known) => known,
        Err(error) => return Ok(Err(error)),
    };
    match (known, key, fresh) {
        (Some(known), Some(key), Some(fresh)) => {
            others(connection, latest, fitted, (key, fresh), &known, batches)
        }
        _ => Ok(Ok(())),
    }
}

fn all(
    connection: &rows::SqliteConnection,
    latest: &Snapshot,
    fitted: &[Fitted],
    batches: &mut Batches,
) -> Result<Result<(), TargetError>, rows::RowsError> {
    let columns = match shown_columns(&latest.columns) {
        Ok(columns) => columns,
        Err(error) => return Ok(Err(error)),
    };
    rows::read(connection, latest, None, None, |_, row, _| {
        let ours = cells(row, &columns, fitted);
        let base = vec![TargetCell::Null; ours.len()];
        batches.push(Line {
            op: "+",
            ours,
            base,
        })
    })?;
    Ok(Ok(()))
}

/// Rows that are the same but for columns that the target did not have.
fn others(
    connection: &rows::SqliteConnection,
    latest: &Snapshot,
    fitted: &[Fitted],
    (key, fresh): (&[usize], &[bool]),
    known: &HashSet<blake3::Hash>,
    batches: &mut Batches,
) -> Result<Result<(), TargetError>, rows::RowsError> {
    let columns = match shown_columns(&latest.columns) {
        Ok(columns) => columns,
        Err(error) => return Ok(Err(error)),
    };
    rows::read(connection, latest, None, None, |_, row, _| {
        let ours = cells(row, &columns, fitted);
        if known.contains(&hash_of(key.iter().map(|index| &ours[*index]))) {
            return ControlFlow::Continue(());
        }
        let base = ours.iter().zip(fresh).map(|(cell, fresh)| match fresh {
            true => TargetCell::Null,
            false => cell.clone(),
        });
        let base: Vec<_> = base.collect();
        if base == ours {
            return ControlFlow::Continue(());
        }
        batches.push(Line {
            op: "~",
            ours,
            base,
        })
    })?;
    Ok(Ok(()))
}

/// What tells keys apart.
pub(super) fn hash_of<'a>(cells: impl Iterator<Item = &'a TargetCell>) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    for cell in cells {
        let cell = format!("{cell:?}");
        hasher.update(&(cell.len() as u64).to_le_bytes());
        hasher.update(cell.as_bytes());
    }
    hasher.finalize()
}

pub(super) fn shown_columns(columns: &[Column]) -> Result<Vec<ShownColumn>, TargetError> {
    let shown: Result<Vec<_>, _> = columns.iter().map(shown_column).collect();
    Ok(shown?)
}

fn cells(row: &StoredRow<'_>, columns: &[ShownColumn], fitted: &[Fitted]) -> Vec<TargetCell> {
    let cells = columns.iter().zip(fitted).enumerate();
    cells
        .map(|(index, (column, fitted))| cell(row.cell(index), column, *fitted))
        .collect()
}

/// A stored cell as it goes into the target.
pub(super) fn cell(stored_cell: Cell<'_>, column: &ShownColumn, fitted: Fitted) -> TargetCell {
    let mut scratch = Vec::new();
    let cell = TargetCell::of(column.show(stored(stored_cell), &mut scratch));
    match fitted {
        Fitted::AsShown => cell,
        Fitted::Bytes => cell.into_bytes(),
        Fitted::Utc => cell.into_utc(),
    }
}
