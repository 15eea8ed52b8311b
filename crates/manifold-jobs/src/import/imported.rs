//! What an import did.

use entity_core::enums::LogLevel;
use manifold_format::Decision;
use manifold_store::rows::{Column, Counts, Snapshot};
use serde::{Deserialize, Serialize};

use super::{Findings, FoundColumn, FoundReject, FoundRename, SeenFile};
use crate::Reporter;

/// What an import did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// The latest snapshot now: the one that was made, unless `unchanged`.
    pub snapshot_id: String,
    /// Its number, from 1 per source.
    pub number: i64,
    /// The file is the one of the latest snapshot: nothing was stored.
    pub unchanged: bool,
    /// Rows in the snapshot.
    pub row_count: i64,
    /// Rows that the snapshot before does not have.
    pub added: i64,
    /// Rows that only the snapshot before has.
    pub removed: i64,
    /// Rows with the same key and other values.
    pub changed: i64,
    /// Rows that stand at another place.
    pub moved: i64,
    /// Records that are no rows; they are kept beside them.
    pub rejected: i64,
    /// The first 20 of them, as far as the file was read.
    pub rejects: Vec<FoundReject>,
    /// Rows that were too short and were filled with NULL.
    pub padded: i64,
    /// Rows that were read in another way than the dialect says, because only so they split into
    /// the columns.
    #[serde(default)]
    pub mended: u64,
    /// How the file was read, where that is not UTF-8 with commas and one header record.
    #[serde(default)]
    pub read_as: Vec<Decision>,
    /// Cells that are not what the others of their column are; they stay as they are.
    pub odd_cells: i64,
    /// Rows that repeat the key of an earlier row; `None` without a key.
    pub duplicate_keys: Option<u64>,
    /// The columns, in the file's order.
    pub columns: Vec<FoundColumn>,
    /// Those that go on under another name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<FoundRename>,
    /// How what the columns hold differs strongly from the snapshot before, the weightiest change first; without values of cells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<String>,
    /// The source, where the file has several tables.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_id: Option<String>,
    /// What the file calls the table; `None` for the one that is called like the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// What the file was while it was read, if nothing suggests that it changed meanwhile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<SeenFile>,
    /// What came of the further tables of the file, each in a source of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<Self>,
}

impl Imported {
    pub(crate) fn new(
        snapshot_id: String,
        number: i64,
        counts: Counts,
        columns: &[Column],
        findings: Findings,
    ) -> Self {
        // A run that finds what an earlier one has published reads nothing.
        let read = !findings.columns.is_empty();
        let read_as = findings.read_as();
        Self {
            snapshot_id,
            number,
            unchanged: false,
            row_count: counts.row_count,
            added: counts.added,
            removed: counts.removed,
            changed: counts.changed,
            moved: counts.moved,
            rejected: counts.rejected,
            rejects: findings.rejects,
            padded: counts.padded,
            mended: findings.mended,
            read_as,
            odd_cells: counts.odd_cells,
            duplicate_keys: None,
            columns: if read {
                findings.columns
            } else {
                columns.iter().map(FoundColumn::stored).collect()
            },
            renamed: Vec::new(),
            drift: Vec::new(),
            source_id: None,
            table: None,
            seen: None,
            further: Vec::new(),
        }
    }

    /// What an earlier attempt of the same job has published.
    pub(crate) fn by_earlier_attempt(done: Snapshot) -> Self {
        let findings = Findings::default();
        Self::new(done.id, done.number, done.counts, &done.columns, findings)
    }

    pub(crate) fn unchanged(latest: Snapshot) -> Self {
        let counts = Counts {
            added: 0,
            removed: 0,
            changed: 0,
            moved: 0,
            ..latest.counts
        };
        let findings = Findings::default();
        Self {
            unchanged: true,
            ..Self::new(latest.id, latest.number, counts, &latest.columns, findings)
        }
    }

    /// Says in the job's log what the import did, and what its user may not expect.
    pub(crate) fn log(&self, reporter: &Reporter) {
        if self.unchanged {
            return reporter.log(
                LogLevel::Info,
                format!("the file is the one of snapshot {}", self.number),
            );
        }
        let Self {
            number,
            row_count,
            added,
            removed,
            changed,
            moved,
            ..
        } = self;
        let numbers = format!(
            "{row_count} rows: {added} added, {removed} removed, {changed} changed, {moved} moved"
        );
        reporter.log(
            LogLevel::Info,
            format!("published snapshot {number} with {numbers}"),
        );
        if self.rejected > 0 {
            reporter.log(
                LogLevel::Warn,
                format!("{} records are no rows and were rejected", self.rejected),
            );
        }
        if self.mended > 0 {
            reporter.log(
                LogLevel::Warn,
                format!(
                    "{} rows did not split into the columns and were mended",
                    self.mended
                ),
            );
        }
        for decision in &self.read_as {
            let Decision {
                what, found, why, ..
            } = decision;
            reporter.log(LogLevel::Info, format!("{what}: {found} ({why})"));
        }
        if self.duplicate_keys.is_some_and(|repeated| repeated > 0) {
            let repeated = self.duplicate_keys.unwrap_or_default();
            reporter.log(
                LogLevel::Warn,
                format!("{repeated} rows repeat the key of an earlier row"),
            );
        }
        for FoundRename { from, to, why, .. } in &self.renamed {
            let message = format!("column `{from}` goes on as `{to}`: {why}");
            reporter.log(LogLevel::Info, message);
        }
        for note in &self.drift {
            reporter.log(LogLevel::Warn, format!("drift: {note}"));
        }
        for column in &self.columns {
            if let Some(original) = &column.renamed_from {
                reporter.log(
                    LogLevel::Warn,
                    format!("column `{original}` is shown as `{}`", column.name),
                );
            }
            if column.ambiguous_date {
                let name = &column.name;
                let message = format!(
                    "column `{name}` stays text: no date in it tells whether day or month comes first"
                );
                reporter.log(LogLevel::Warn, message);
            }
        }
    }
}
