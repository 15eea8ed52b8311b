//! The stored cells of a snapshot, as values of their column's type or as the text that was read.

use manifold_format::{ColumnType, DateForm, Encoding, ShownColumn, UnknownEncoding, Value};
use manifold_store::rows::{Cell, Column};

/// Reads the cells of a snapshot's rows.
pub(crate) struct StoredCells {
    columns: Vec<StoredColumn>,
}

struct StoredColumn {
    shown: ShownColumn,
    scratch: Vec<u8>,
}

impl StoredCells {
    /// For rows with these columns; `as_text` shows every cell as the text that was read, otherwise cells are
    /// shown as their column's type, as SQL shows them.
    ///
    /// # Errors
    /// [`UnknownEncoding`] for what a newer version wrote.
    pub(crate) fn new(columns: &[Column], as_text: bool) -> Result<Self, UnknownEncoding> {
        let columns = columns.iter().map(|column| {
            let encoding: Encoding = column.encoding.parse()?;
            let column_type = ColumnType::from_code(&column.column_type);
            let format = column.format.as_deref();
            let shown = if as_text {
                ShownColumn::as_read(encoding)
            } else {
                ShownColumn::new(encoding, column_type, format, &column.null_tokens)
            };
            Ok(StoredColumn {
                shown,
                scratch: Vec::new(),
            })
        });
        Ok(Self {
            columns: columns.collect::<Result<_, _>>()?,
        })
    }

    /// The values of a row, given its cells.
    pub(crate) fn values<'a>(
        &'a mut self,
        cells: impl Iterator<Item = Cell<'a>>,
    ) -> Vec<Value<'a>> {
        let columns = self.columns.iter_mut().zip(cells);
        columns
            .map(|(column, cell)| {
                column
                    .shown
                    .show(stored_value(cell), &mut column.scratch)
                    .value()
            })
            .collect()
    }
}

/// A date that is written in exactly this format, as ISO 8601.
pub(crate) fn iso_date(text: &[u8], format: &str) -> Option<String> {
    let iso = DateForm::of(format)?.iso(text)?;
    Some(String::from_utf8_lossy(&iso).into_owned())
}

/// A stored cell as a value of the same class.
fn stored_value(cell: Cell<'_>) -> Value<'_> {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(value) => Value::Int(value),
        Cell::Real(value) => Value::Real(value),
        Cell::Text(bytes) => Value::Text(bytes),
        Cell::Blob(bytes) => Value::Blob(bytes),
    }
}
