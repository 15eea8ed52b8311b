//! What reading a file has shown.

use std::sync::{Arc, Mutex, PoisonError};

use manifold_format::{CellExamples, Column, Decision, NullToken, TableSummary, Verdict};
use manifold_store::rows::{self, RenameReason, RenamedColumn};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// Rejected records that are kept to be shown.
const REJECTS_SHOWN: usize = 20;

/// A column as it was found in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundColumn {
    /// The name that is shown.
    pub name: String,
    /// What the file calls it, when that cannot be shown: it is empty, taken, or no UTF-8.
    pub renamed_from: Option<String>,
    /// What its cells are: `empty`, `integer`, `real`, `decimal`, `boolean`, `date`, `time`, `timestamp` or
    /// `text`.
    #[serde(rename = "type")]
    pub column_type: String,
    /// The format of the type, such as `%Y-%m-%d`.
    pub format: Option<String>,
    /// Cells that are not what the others are; they stay as they are.
    pub odd_cells: u64,
    /// What is shown as NULL in it, and stays what it is.
    #[serde(default)]
    pub null_tokens: Vec<FoundNull>,
    /// It holds dates, but no cell tells whether day or month comes first, so it stays text.
    pub ambiguous_date: bool,
    /// Why it is what it is; nothing where not all of its cells were looked at.
    #[serde(default)]
    pub why: String,
    /// Some of its odd cells; only in a plan.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub odd_examples: Vec<FoundCell>,
}

/// A cell of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundCell {
    /// The line at which its record starts, from 1.
    pub line: u64,
    /// The beginning of its text.
    pub cell: String,
}

/// A column that goes on under another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundRename {
    /// Its name in the snapshot before.
    pub from: String,
    /// Its name in the file.
    pub to: String,
    /// Whether somebody said so; otherwise its first values did.
    pub asked: bool,
    /// Why.
    pub why: String,
}

impl FoundRename {
    pub(crate) fn of(renamed: &RenamedColumn) -> Self {
        let (asked, why) = match renamed.why {
            RenameReason::Asked => (true, "asked".to_owned()),
            RenameReason::SameValues { same, of } => (
                false,
                format!("{same} of the first {of} values are the same"),
            ),
        };
        Self {
            from: renamed.from.clone(),
            to: renamed.to.clone(),
            asked,
            why,
        }
    }
}

/// A token that stands for NULL in a column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundNull {
    /// As it is written.
    pub token: String,
    /// How many cells are it; `None` where only the snapshot was looked at.
    pub cells: Option<u64>,
}

/// A record that was rejected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundReject {
    /// The line at which it starts, from 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// What reading a whole file has shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Findings {
    pub(crate) columns: Vec<FoundColumn>,
    /// The first rejected records.
    pub(crate) rejects: Vec<FoundReject>,
    /// How the file is written and how it was read.
    pub(crate) dialect: Json,
    /// Why it was read so.
    pub(crate) decisions: Vec<Decision>,
    pub(crate) rows: u64,
    pub(crate) rejected: u64,
    pub(crate) padded: u64,
    pub(crate) mended: u64,
    pub(crate) odd_cells: u64,
}

/// Findings of a reader that works on another thread.
#[derive(Debug, Clone, Default)]
pub(crate) struct SharedFindings(Arc<Mutex<Findings>>);

impl FoundColumn {
    /// The column as far as the first rows tell.
    pub(crate) fn proposed(column: &Column) -> Self {
        Self {
            name: column.name.clone(),
            renamed_from: column
                .renamed
                .map(|_| String::from_utf8_lossy(&column.original).into_owned()),
            column_type: column.proposal.column_type.code().to_owned(),
            format: column.proposal.format.clone(),
            odd_cells: 0,
            null_tokens: Vec::new(),
            ambiguous_date: false,
            why: String::new(),
            odd_examples: Vec::new(),
        }
    }

    /// The column as a snapshot has it.
    pub(crate) fn stored(column: &rows::Column) -> Self {
        Self {
            name: column.name.clone(),
            renamed_from: None,
            column_type: column.column_type.clone(),
            format: column.format.clone(),
            odd_cells: column.odd_cells.unsigned_abs(),
            null_tokens: column
                .null_tokens
                .iter()
                .map(|token| FoundNull::stored(token))
                .collect(),
            ambiguous_date: false,
            why: String::new(),
            odd_examples: Vec::new(),
        }
    }

    /// The column after all rows.
    fn judged(column: &Column, verdict: &Verdict) -> Self {
        Self {
            column_type: verdict.column_type.code().to_owned(),
            format: verdict.format.clone(),
            odd_cells: verdict.odd_cells,
            null_tokens: verdict.null_tokens.iter().map(FoundNull::seen).collect(),
            ambiguous_date: verdict.ambiguous_date,
            why: verdict.why(),
            ..Self::proposed(column)
        }
    }
}

impl FoundNull {
    fn stored(token: &str) -> Self {
        Self {
            token: token.to_owned(),
            cells: None,
        }
    }

    fn seen(seen: &NullToken) -> Self {
        Self {
            token: seen.token.clone(),
            cells: Some(seen.cells),
        }
    }
}

impl Findings {
    /// The decisions that are not what most files are.
    pub(crate) fn read_as(&self) -> Vec<Decision> {
        let is_usual = |decision: &&Decision| {
            matches!(
                (decision.what.as_str(), decision.found.as_str()),
                ("encoding", "utf-8")
                    | ("delimiter", ",")
                    | ("quote", "\"")
                    | ("escape", "doubled")
                    | ("line_end", "lf" | "crlf")
                    | ("header", "1")
                    | ("skip_lines", "0")
                    | ("comment", "none")
                    | ("remembered", "kept")
            )
        };
        let decisions = self.decisions.iter();
        decisions
            .filter(|decision| !is_usual(decision))
            .cloned()
            .collect()
    }
}

impl SharedFindings {
    pub(crate) fn add_reject(&self, line: u64, reason: &impl ToString) {
        let mut findings = self.lock();
        if findings.rejects.len() < REJECTS_SHOWN {
            findings.rejects.push(FoundReject {
                line,
                reason: reason.to_string(),
            });
        }
    }

    pub(crate) fn conclude(
        &self,
        columns: &[Column],
        decisions: &[Decision],
        summary: &TableSummary,
        examples: Option<&CellExamples>,
    ) {
        let judged = columns.iter().zip(&summary.columns).enumerate();
        let odd = |index: usize, verdict: &Verdict| -> Vec<FoundCell> {
            let odd = examples.map(|examples| examples.odd(index, verdict));
            let odd = odd.into_iter().flatten();
            odd.map(|example| FoundCell {
                line: example.line,
                cell: example.cell,
            })
            .collect()
        };
        let mut findings = self.lock();
        findings.columns = judged
            .map(|(index, (column, verdict))| FoundColumn {
                odd_examples: odd(index, verdict),
                ..FoundColumn::judged(column, verdict)
            })
            .collect();
        findings.dialect = summary.dialect.clone();
        findings.rows = summary.rows;
        findings.rejected = summary.rejected;
        findings.decisions = decisions.to_vec();
        findings.padded = summary.padded;
        findings.mended = summary.mended;
        findings.odd_cells = summary.odd_cells;
    }

    /// Looks at what was found.
    pub(crate) fn look<T>(&self, at: impl FnOnce(&Findings) -> T) -> T {
        at(&self.lock())
    }

    /// Takes what was found.
    pub(crate) fn take(&self) -> Findings {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Findings> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
