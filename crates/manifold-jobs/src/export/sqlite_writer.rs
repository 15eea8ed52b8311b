//! Rows as the table of an SQLite database.

use manifold_format::{ColumnType, ShownCell, Value, WriteError, Writer};
use manifold_store::rows::Row;
use manifold_store::{TableColumn, TableFile};

use super::ExportedColumn;
use super::column::unique_names;

/// Writes rows into the table of a database file.
pub(super) struct SqliteWriter {
    file: TableFile,
    columns: usize,
    row: Row,
    rows: u64,
}

impl SqliteWriter {
    /// A writer into `file`, which has these many columns.
    pub(super) fn new(file: TableFile, columns: usize) -> Self {
        Self {
            file,
            columns,
            row: Row::new(),
            rows: 0,
        }
    }
}

impl Writer for SqliteWriter {
    fn cell(&mut self, cell: ShownCell<'_>) {
        match cell.value() {
            Value::Null => self.row.push_null(),
            Value::Int(value) => self.row.push_int(value),
            Value::Real(value) => self.row.push_real(value),
            Value::Text(bytes) => self.row.push_text(bytes),
            Value::Blob(bytes) => self.row.push_blob(bytes),
        }
    }

    fn end_row(&mut self) -> Result<(), WriteError> {
        self.rows += 1;
        let (columns, found) = (self.columns, self.row.len());
        if columns != found {
            let row = self.rows;
            return Err(WriteError::CellCount {
                row,
                columns,
                found,
            });
        }
        let inserted = self.file.insert(&self.row);
        self.row.clear();
        inserted.map_err(|error| WriteError::Other(Box::new(error)))
    }

    fn finish(self: Box<Self>) -> Result<(), WriteError> {
        let finished = self.file.finish();
        finished.map_err(|error| WriteError::Other(Box::new(error)))
    }
}

/// The columns of the table. A type is declared where SQLite then stores every value as it is: it would make `3` of `3.0` and of
/// `'03'` where it takes them for numbers, so decimals and columns with odd cells have none.
pub(super) fn table_columns(columns: &[ExportedColumn]) -> Vec<TableColumn> {
    let names = unique_names(columns);
    let declared = columns.iter().map(|column| match column.pure_type() {
        Some(ColumnType::Integer) => "INTEGER",
        Some(ColumnType::Boolean) => "BOOLEAN",
        Some(ColumnType::Date | ColumnType::Time | ColumnType::Timestamp | ColumnType::Text) => {
            "TEXT"
        }
        Some(ColumnType::Real | ColumnType::Decimal | ColumnType::Empty) | None => "",
    });
    let columns = names.into_iter().zip(declared);
    columns
        .map(|(name, declared)| TableColumn { name, declared })
        .collect()
}
