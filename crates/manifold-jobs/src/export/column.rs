//! The columns that are exported.

use manifold_format::{ColumnType, Encoding, ShownColumn, UnknownEncoding};
use manifold_store::rows::Column;
use serde::{Deserialize, Serialize};

/// A column that is exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedColumn {
    /// Its name. Those of a query need not be unique.
    pub name: String,
    /// `integer`, `real`, `decimal`, `boolean`, `date`, `time`, `timestamp`, `text` or `empty`; `None` where a query computes it.
    #[serde(rename = "type")]
    pub column_type: Option<String>,
    /// The format of the type, as it is written here.
    pub format: Option<String>,
    /// Cells that are not of its type.
    pub odd_cells: i64,
}

impl ExportedColumn {
    /// A column of a snapshot.
    pub(super) fn of(column: &Column) -> Self {
        let format = match column.column_type.as_str() {
            "date" => None, // they are written as ISO 8601
            _ => column.format.clone(),
        };
        Self {
            name: column.name.clone(),
            column_type: Some(column.column_type.clone()),
            format,
            odd_cells: column.odd_cells,
        }
    }

    /// The type, if every cell is of it.
    pub(super) fn pure_type(&self) -> Option<ColumnType> {
        let known = self.column_type.as_deref().filter(|_| self.odd_cells == 0);
        known.and_then(ColumnType::from_code)
    }
}

/// How the cells of a column are shown.
///
/// # Errors
/// [`UnknownEncoding`] for what a newer version wrote.
pub(crate) fn shown(column: &Column) -> Result<ShownColumn, UnknownEncoding> {
    let encoding: Encoding = column.encoding.parse()?;
    let column_type = ColumnType::from_code(&column.column_type);
    let format = column.format.as_deref();
    Ok(ShownColumn::new(
        encoding,
        column_type,
        format,
        &column.null_tokens,
    ))
}

/// The names of columns, each once whatever the case of its letters.
pub(super) fn unique_names(columns: &[ExportedColumn]) -> Vec<String> {
    manifold_format::unique_names(columns.iter().map(|column| column.name.as_bytes()))
}
