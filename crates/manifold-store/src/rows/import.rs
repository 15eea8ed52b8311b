//! Importing: what it is asked for, what it answers, and where it starts.

use super::error::{ImportError, RowsError};
use super::input::Input;
use super::pull::PullRecord;
use super::records::Records;
use super::recover::recover;
use super::rename::{Rename, RenamedColumn};
use super::snapshot::{Column, Counts, Snapshot, latest, published_by};
use super::source::Source;
use super::spool::LIST_IN_MEMORY;
use super::transaction::keeping_level;
use super::watch::Watch;
use super::{first_import, later_import};
use crate::Durability;
use chrono::{DateTime, Utc};
use rusqlite::Connection;

/// How an import is to be done.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The id of the snapshot that is made.
    pub snapshot_id: String,
    /// The step of a job that the import is. A step that has published before gives the same
    /// answer again and reads nothing.
    pub step: Option<JobStep>,
    /// Shown names of the columns that together identify a row; without regard to case if no name
    /// matches exactly. Empty: rows are identified by their content.
    pub key_columns: Vec<String>,
    /// The snapshot that must be the latest one when the import begins, if it was made for that one.
    pub onto: Option<String>,
    /// The source must have no snapshot when the import begins.
    pub first: bool,
    /// What is pulled, to be written down where the snapshot is published, or where nothing has changed.
    pub pull: Option<PullRecord>,
    /// Make no snapshot if its rows, in their order, and its columns are those of the latest one, however the input is written.
    pub only_changes: bool,
    /// The most rows of the latest snapshot that may be missing in the new one; of rows without a key, by how many it may be
    /// shorter.
    pub most_removed: Option<i64>,
    /// Stored columns that go on under other names.
    pub renames: Vec<Rename>,
    /// Make a snapshot even if the input is the one that is published.
    pub always: bool,
    /// What the source is to remember of what was said about its columns; opaque. `None`: nothing.
    pub typing: Option<serde_json::Value>,
    /// The row of `import_history` to complete in the transaction that publishes.
    pub history_id: Option<String>,
    /// The time of the snapshot.
    pub taken_at: DateTime<Utc>,
    /// The most rows that one transaction commits before the one that publishes.
    pub batch_rows: u64,
    /// The most rows that are looked ahead on each side to find where two versions of a source
    /// meet again. Smaller is quicker on very different versions, and never less exact.
    pub window: usize,
    /// When more than this many percent of the rows have moved, their order is stored instead of new versions of them.
    pub most_moved: u32,
    /// Of each list of what differs, what is above this many bytes is in temporary files beside the project.
    pub list_bytes: usize,
    /// The durability of the publishing transaction; all others are [`Durability::Relaxed`].
    pub durability: Durability,
    /// When more than so many of a hundred rows are written otherwise than the dialect says, the bytes of the input are
    /// kept instead of what is special about each row.
    pub original_percent: u8,
    /// Find out what would change and write nothing.
    pub dry_run: bool,
    /// When a first import fails, what it stored stays for the next one, as it does when the process dies. Nobody sees it, and
    /// [`recover()`] takes it away.
    pub resumable: bool,
}

impl ImportOptions {
    /// The usual way: no key, batches of 100,000 rows, a window of 1,024, an order for more than 10 % of moved rows,
    /// lists of 8 MiB in memory, full durability.
    #[must_use]
    pub fn new(snapshot_id: impl Into<String>, taken_at: DateTime<Utc>) -> Self {
        Self {
            snapshot_id: snapshot_id.into(),
            step: None,
            key_columns: Vec::new(),
            onto: None,
            first: false,
            pull: None,
            only_changes: false,
            most_removed: None,
            renames: Vec::new(),
            always: false,
            typing: None,
            history_id: None,
            taken_at,
            batch_rows: 100_000,
            window: 1_024,
            most_moved: 10,
            list_bytes: LIST_IN_MEMORY,
            durability: Durability::Full,
            original_percent: 10,
            dry_run: false,
            resumable: false,
        }
    }
}

/// A step of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobStep {
    /// The job.
    pub job_id: String,
    /// The step, unique within the job.
    pub step: String,
}

/// What an import has done.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Outcome {
    /// The snapshot is published.
    Published(SnapshotSummary),
    /// The input is the one of the latest snapshot: nothing was stored.
    Unchanged {
        /// The latest snapshot.
        snapshot_id: String,
    },
    /// A dry run: what would have been published. Numbers of new columns are those that the
    /// columns would get.
    Planned(SnapshotSummary),
}

/// What is to be said about an import.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotSummary {
    /// The snapshot's id.
    pub snapshot_id: String,
    /// Its public number.
    pub number: i64,
    /// Its internal number.
    pub seq: i64,
    /// The numbers of rows.
    pub counts: Counts,
    /// Rows that repeat the key of an earlier row; `None` without a key, or when the snapshot was
    /// published by an earlier run of the same step.
    pub duplicate_keys: Option<u64>,
    /// The columns, in the input's order.
    pub columns: Vec<Column>,
    /// Those that go on under another name; not known any more when the snapshot was published by an earlier run of the same
    /// step.
    pub renamed: Vec<RenamedColumn>,
}

impl From<Snapshot> for SnapshotSummary {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            snapshot_id: snapshot.id,
            number: snapshot.number,
            seq: snapshot.seq,
            counts: snapshot.counts,
            duplicate_keys: None,
            columns: snapshot.columns,
            renamed: Vec::new(),
        }
    }
}

/// Imports `records` into a source as its next snapshot.
///
/// `conn` is the connection that writes to the project's file; it must not be in a transaction.
/// A first import commits rows in batches and then publishes them; a later one reads first, then
/// commits the differences in batches and publishes them. Until then nothing of it is visible. If the
/// process dies, the import may be repeated: a first one goes on behind the stored rows that its
/// input begins with, whatever else is left is taken away by the next import or by [`recover()`].
///
/// # Errors
/// [`ImportError::Cancelled`] if `watch` says so, [`ImportError::Moved`] if another writer
/// changed the source meanwhile, [`ImportError::Records`] if the input cannot be read, and the
/// others as they say. Nothing of the import stays, unless it is
/// [`resumable`](ImportOptions::resumable).
pub fn import(
    conn: &Connection,
    source_id: &str,
    records: &mut dyn Records,
    options: &ImportOptions,
    watch: &mut dyn Watch,
) -> Result<Outcome, ImportError> {
    if let Some(JobStep { job_id, step }) = &options.step
        && let Some(done) = published_by(conn, job_id, step)?
        && done.source_id == source_id
    {
        return Ok(Outcome::Published(done.into()));
    }
    keeping_level(conn, || {
        let outcome = run(conn, source_id, records, options, watch);
        // Only a first import goes on with what another one stored.
        let stays = options.resumable && matches!(latest(conn, source_id), Ok(None));
        if outcome.is_err() && !options.dry_run && !stays {
            undo(conn, source_id, watch);
        }
        outcome
    })
}

fn run(
    conn: &Connection,
    source_id: &str,
    records: &mut dyn Records,
    options: &ImportOptions,
    watch: &mut dyn Watch,
) -> Result<Outcome, ImportError> {
    let previous = latest(conn, source_id)?;
    if let Some(onto) = &options.onto
        && previous.as_ref().is_none_or(|latest| latest.id != *onto)
    {
        let source_id = source_id.to_owned();
        return Err(ImportError::Moved { source_id });
    }
    if options.first && previous.is_some() {
        let source_id = source_id.to_owned();
        return Err(ImportError::Moved { source_id });
    }
    if previous.is_some() && !options.dry_run {
        recover(conn, source_id, &|conn| watch.guard(conn))?;
    }
    let source = Source::load(conn, source_id)?;
    source.refuse_if_exhausted()?;
    let input = Input::open(conn, records, watch, &options.key_columns)?;
    match previous {
        None if !options.renames.is_empty() => Err(ImportError::NothingToRename {
            column: options.renames[0].stored.clone(),
        }),
        None => first_import::run(conn, &source, input, options),
        Some(previous) => later_import::run(conn, &source, &previous, input, options),
    }
}

/// Takes back what a failed import left. That it failed is what the caller must hear; if this
/// fails too, the next import takes it back.
fn undo(conn: &Connection, source_id: &str, watch: &dyn Watch) {
    let undone: Result<_, RowsError> = recover(conn, source_id, &|conn| watch.guard(conn));
    if let Err(error) = undone {
        tracing::warn!(source_id, %error, "rows of a failed import stay, invisible, until the next import");
    }
}
