//! What the cells of a table were seen to be.

use crate::column::{Column, Proposal, names};
use crate::evidence::Evidence;
use crate::number;
use crate::quoting::Quoting;
use crate::typed_cell::TypedCell;
use crate::verdict::Verdict;

/// How many cells of each column are kept, and of how many bytes in all.
const KEPT_CELLS: u64 = 256;
const KEPT_BYTES: usize = 4 * 1024 * 1024;

/// What the cells of a table were seen to be, for formats that know numbers from text.
#[derive(Clone, Debug, Default)]
pub struct TableEvidence {
    columns: Vec<ColumnEvidence>,
    rows: u64,
    kept_bytes: usize,
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
        Self {
            columns: vec![ColumnEvidence::default(); columns],
            ..Self::default()
        }
    }

    /// One more column, which was NULL so far. Returns its index.
    pub fn add_column(&mut self) -> usize {
        self.columns.push(ColumnEvidence::default());
        self.columns.len() - 1
    }

    /// The evidence over one column of numbers from 1, or of texts, that was made for `rows` rows.
    pub(crate) fn made(rows: u64, numbers: bool) -> Self {
        let mut made = Self::new(1);
        made.rows = rows;
        let evidence = &mut made.columns[0].evidence;
        evidence.filled = rows;
        evidence.integers = if numbers { rows } else { 0 };
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
                    proposal: Proposal {
                        column_type: verdict.column_type,
                        format: verdict.format,
                        encoding: verdict.encoding,
                        quoting: verdict.quoting,
                        cells: column.cells.clone(),
                    },
                }
            })
            .collect()
    }
}

impl ColumnEvidence {
    fn verdict(&self, rows: u64) -> Verdict {
        let mut evidence = self.evidence.clone();
        evidence.nulls = rows.saturating_sub(evidence.filled + evidence.empties);
        Verdict::of(&evidence, Quoting::Minimal)
    }
}
