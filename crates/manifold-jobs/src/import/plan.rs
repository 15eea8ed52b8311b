//! What an import would do.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use manifold_format::Decision;
use manifold_store::rows::{ImportError, Outcome, Records as _, Row, Step};
use manifold_store::{DatabaseManager as _, JobWatch, RowLog, Settings, SqliteManager};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::csv_file::blocking;
use super::follow::follow;
use super::{
    CsvFile, CsvRecords, Findings, FoundColumn, FoundReject, ImportTarget, SharedFindings,
    import_error,
};
use crate::{JobError, Observer};

/// After how many rows the reader of a file without a source looks up.
const LOOK_UP_EVERY: u64 = 4_096;

/// Where an import would go.
#[derive(Debug, Clone)]
pub enum PlanTarget {
    /// Into a source that does not exist yet.
    NewSource {
        /// The columns that together are to identify a row.
        key_columns: Vec<String>,
    },
    /// Into this source, which is made if need be.
    Source(ImportTarget),
}

/// What an import would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportPlan {
    /// How the file is written: delimiter, line ends, header, quoting; and how it is read.
    pub dialect: Json,
    /// The encoding of its text.
    pub encoding: String,
    /// `none`, `gzip` or `zstd`.
    pub compression: &'static str,
    /// The columns, in the file's order.
    pub columns: Vec<FoundColumn>,
    /// Rows of the file.
    pub rows: u64,
    /// Records that are no rows.
    pub rejected: u64,
    /// The first 20 of them.
    pub rejects: Vec<FoundReject>,
    /// Rows that are too short and would be filled with NULL.
    pub padded: u64,
    /// Rows that are read in another way than the dialect says, because only so they split into
    /// the columns.
    pub mended: u64,
    /// Cells that are not what the others of their column are.
    pub odd_cells: u64,
    /// Why the file is read as it is; in JSON as `evidence` of the dialect.
    #[serde(skip)]
    pub decisions: Vec<Decision>,
    /// How rows would change.
    #[serde(flatten)]
    pub changes: PlannedChanges,
}

/// How rows would change, against the latest snapshot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PlannedChanges {
    /// The file is the one of the latest snapshot: nothing would be done.
    pub unchanged: bool,
    /// Rows that the latest snapshot does not have.
    pub added: u64,
    /// Rows that only the latest snapshot has.
    pub removed: u64,
    /// Rows with the same key and other values.
    pub changed: u64,
    /// Rows that would stand at another place.
    pub moved: u64,
    /// Rows that repeat the key of an earlier row; `None` without a key, or for a new source.
    pub duplicate_keys: Option<u64>,
}

/// Reads a whole file and says what importing it would do, writing nothing.
///
/// # Errors
/// As the import would fail; [`JobError::Cancelled`] when the observer stops it.
pub async fn import_plan(
    manager: &Arc<SqliteManager>,
    file: &CsvFile,
    target: &PlanTarget,
    observer: Observer,
) -> Result<ImportPlan, JobError> {
    let max_cell = Settings::new(manager.core()).import_max_cell().await?;
    let (existing, key_columns) = match target {
        PlanTarget::NewSource { key_columns } => (None, key_columns),
        PlanTarget::Source(target) => {
            let found = match target.source_id(manager).await? {
                None => None,
                Some(source) => {
                    let found = target.find(manager, &source, &file.reading).await?;
                    Some((target, source, found))
                }
            };
            (found, &target.key_columns)
        }
    };
    let before = existing
        .as_ref()
        .and_then(|(_, _, found)| found.remembered());
    let opening = file.clone();
    let opened = blocking(move || opening.open(max_cell, before)).await?;
    let (compression, encoding) = (opened.compression, opened.reader.options().encoding);
    let found = SharedFindings::default();
    let records = CsvRecords::new(opened.reader, found.clone());
    let progress = observer.progress.clone();
    let follow = follow(opened.size, observer.cancel, move |latest| {
        drop(progress.send_replace(latest));
    });
    let changes = match existing {
        None => {
            read_alone(&file.path, records, follow).await?;
            found.look(|findings| file.check_keys(key_columns, &findings.columns))?;
            PlannedChanges {
                added: found.look(|findings| findings.rows),
                ..PlannedChanges::default()
            }
        }
        Some((target, source, found)) => {
            let (watch, rows) = (JobWatch::reading(follow), RowLog::new(manager));
            let planned = rows
                .plan(&target.project_id, &source, records, found.options, watch)
                .await;
            PlannedChanges::of(&planned.map_err(|error| import_error(&file.path, error))?)
        }
    };
    let Findings {
        columns,
        rejects,
        mut dialect,
        rows,
        rejected,
        padded,
        mended,
        odd_cells,
        decisions,
    } = found.take();
    dialect["evidence"] = decisions
        .iter()
        .map(
            |Decision {
                 what,
                 found,
                 why,
                 sure,
             }| json!({ "what": what, "found": found, "why": why, "sure": sure }),
        )
        .collect();
    Ok(ImportPlan {
        dialect,
        encoding: encoding.name(),
        compression: compression.name(),
        columns,
        rows,
        rejected,
        rejects,
        padded,
        mended,
        odd_cells,
        decisions,
        changes,
    })
}

/// Reads all records, for what is found on the way.
async fn read_alone<R: std::io::Read + Send + 'static>(
    path: &Path,
    mut records: CsvRecords<R>,
    mut follow: impl FnMut(u64) -> ControlFlow<()> + Send + 'static,
) -> Result<(), JobError> {
    let reading = tokio::task::spawn_blocking(move || {
        let (mut row, mut rows) = (Row::new(), 0);
        loop {
            row.clear();
            match records.next(&mut row).map_err(ImportError::Records)? {
                Step::End => break,
                Step::Rejected(_) => {}
                Step::Row => rows += 1,
            }
            if rows % LOOK_UP_EVERY == 0 && follow(rows).is_break() {
                return Err(ImportError::Cancelled);
            }
        }
        records.finish().map_err(ImportError::Records)
    });
    match reading.await {
        Ok(read) => read
            .map(drop)
            .map_err(|error| import_error(path, error.into())),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(JobError::Cancelled), // the runtime ends
        },
    }
}

impl PlannedChanges {
    fn of(outcome: &Outcome) -> Self {
        let (Outcome::Planned(summary) | Outcome::Published(summary)) = outcome else {
            return Self {
                unchanged: true,
                ..Self::default()
            };
        };
        let counts = summary.counts;
        Self {
            unchanged: false,
            added: counts.added.unsigned_abs(),
            removed: counts.removed.unsigned_abs(),
            changed: counts.changed.unsigned_abs(),
            moved: counts.moved.unsigned_abs(),
            duplicate_keys: summary.duplicate_keys,
        }
    }
}
