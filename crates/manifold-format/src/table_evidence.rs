//! What the cells of a table were seen to be.

use crate::column::{Column, Proposal, names};
use crate::evidence::Evidence;
use crate::null_token::CountedTokens;
use crate::number;
use crate::quoting::Quoting;
use crate::typed_cell::TypedCell;
use crate::verdict::Verdict;
use std::sync::Arc;

/// How many cells of each column are kept, and of how many bytes in all.
const KEPT_CELLS: u64 = 256;
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// What the cells of a table were seen to be, for formats that know numbers from text.
#[derive(Clone, Debug, Default)]
pub struct TableEvidence {
    columns: Vec<ColumnEvidence>,
    rows: u64,
    kept_bytes: usize,
    null_tokens: Arc<[String]>,
}

#[derive(Clone, Debug, Default)]
struct ColumnEvidence {
    evidence: Evidence,
    cells: Vec<Vec<u8>>,
}

impl TableEvidence {
    /// No evidence over `columns` columns.
    #[must_use]
    pub fn new(columns: usize) -> Self {
        Self::counting(Arc::default(), columns)
    }

    /// No evidence over `columns` columns; cells that are one of `null_tokens` (see [`crate::Typing::tokens`]) are to be
    /// counted, so that somebody can say that they stand for NULL.
    #[must_use]
    pub fn counting(null_tokens: Arc<[String]>, columns: usize) -> Self {
        let mut evidence = Self {
            null_tokens,
            ..Self::default()
        };
        for _ in 0..columns {
            evidence.add_column();
        }
        evidence
    }

    /// One more column, which was NULL so far. Returns its index.
    pub fn add_column(&mut self) -> usize {
        let mut column = ColumnEvidence::default();
        column.evidence.counted_tokens = CountedTokens::new(&self.null_tokens);
        self.columns.push(column);
        self.columns.len() - 1
    }

    /// The evidence over one column of numbers from 1, or of texts, that was made for `rows` rows.
    pub(crate) fn made(rows: u64, numbers: bool) -> Self {
        let mut made = Self::new(1);
        made.rows = rows;
        let evidence = &mut made.columns[0].evidence;
        evidence.filled = rows;
        evidence.integers = if numbers { rows } else { 0 };
        // A number from 1 is no bit but for the first.
        evidence.bits = u64::from(numbers && rows > 0);
        made
    }

    /// Puts columns, over the same rows, before these.
    pub(crate) fn prepend(&mut self, before: Self) {
        self.columns.splice(0..0, before.columns);
    }

    /// How many columns there are.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns.len()
    }

    /// Rows that were ended.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Counts a cell of the row at hand; a column that is not counted in a row is NULL in it.
    ///
    /// # Panics
    /// When there is no such column.
    pub fn count(&mut self, column: usize, cell: TypedCell<'_>) {
        let found = &mut self.columns[column];
        let evidence = &mut found.evidence;
        match cell {
            TypedCell::Null => {}
            TypedCell::Text(b"") => evidence.empties += 1,
            TypedCell::Text(bytes) => evidence.count_text(bytes),
            TypedCell::Number(bytes) => evidence.count(bytes, number::scan(bytes)),
            TypedCell::Bool(_) => evidence.count(cell.bytes(), number::Number::Other),
            TypedCell::Blob(_) => evidence.count_invalid(),
        }
        if self.rows < KEPT_CELLS && self.kept_bytes < KEPT_BYTES {
            let missing = usize::try_from(self.rows).unwrap_or(usize::MAX);
            found.cells.resize(missing, Vec::new());
            found.cells.push(cell.bytes().to_vec());
            self.kept_bytes += cell.bytes().len();
        }
    }

    /// Ends a row.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// What the columns amount to.
    #[must_use]
    pub fn verdicts(&self) -> Vec<Verdict> {
        let columns = self.columns.iter();
        columns.map(|column| column.verdict(self.rows)).collect()
    }

    /// The columns by these names, with what the rows so far propose for them.
    ///
    /// # Panics
    /// When there are not as many names as columns.
    #[must_use]
    pub fn proposed(&self, given: Vec<Vec<u8>>) -> Vec<Column> {
        assert_eq!(given.len(), self.columns.len(), "a name for each column");
        let shown = names(&given);
        let columns = self.columns.iter().zip(given).zip(shown);
        columns
            .map(|((column, original), (name, renamed))| {
                let verdict = column.verdict(self.rows);
                Column {
                    name,
                    original,
                    renamed,
                    proposal: Proposal::new(verdict, column.cells.clone()),
                }
            })
            .collect()
    }
}

impl ColumnEvidence {
    fn verdict(&self, rows: u64) -> Verdict {
        let mut evidence = self.evidence.clone();
        evidence.nulls = rows.saturating_sub(evidence.filled + evidence.empties);
        Verdict::of(evidence, Quoting::Minimal)
    }
}
