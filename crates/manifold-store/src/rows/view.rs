//! Views: the rows of a source under the names and types of a snapshot.

use super::error::{Doing, RowsError};
use super::snapshot::{Column, Snapshot, latest};
use super::source::Source;
use super::view_cell::shown;
use rusqlite::{Connection, OptionalExtension};

/// Makes the stored view of a source show the columns of its latest snapshot; drops it when the
/// source has none. The view reads `published`, so it needs to be made again only when columns
/// change, and it is left alone when they did not.
///
/// # Errors
/// [`RowsError::NoSource`] and [`RowsError::Sqlite`].
pub fn create_view(conn: &Connection, source_id: &str) -> Result<(), RowsError> {
    let source = Source::load(conn, source_id)?;
    let name = quoted(&source.view_name);
    let wanted = latest(conn, source_id)?.map(|snapshot| {
        format!(
            "CREATE VIEW {name} AS SELECT {} FROM published p CROSS JOIN {} d \
             WHERE p.source_id = {} AND d._rid <= p.rid_hi AND d._to > p.seq",
            columns(&snapshot.columns),
            source.table,
            literal(source_id),
        )
    });
    let stored: Option<String> = conn
        .query_row(
            "SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?",
            [&source.view_name],
            |row| row.get(0),
        )
        .optional()
        .doing("looking for the view")?;
    if stored == wanted {
        return Ok(());
    }
    let create = wanted.unwrap_or_default();
    conn.execute_batch(&format!("DROP VIEW IF EXISTS main.{name};{create}"))
        .doing("making the view")
}

/// The SQL of a TEMP view that shows `snapshot` under `view_name`, whatever is published later.
#[must_use]
pub fn temp_view_sql(snapshot: &Snapshot, view_name: &str) -> String {
    format!(
        "CREATE TEMP VIEW {} AS {}",
        quoted(view_name),
        snapshot_query(snapshot)
    )
}

/// The query that shows the rows of `snapshot`, in no particular order.
#[must_use]
pub fn snapshot_query(snapshot: &Snapshot) -> String {
    format!(
        "SELECT {} FROM main.{} d WHERE d._rid <= {} AND d._to > {}",
        columns(&snapshot.columns),
        snapshot.table,
        snapshot.rid_hi,
        snapshot.seq
    )
}

fn columns(columns: &[Column]) -> String {
    let shown: Vec<_> = columns
        .iter()
        .map(|column| format!("{} AS {}", shown(column), quoted(&column.name)))
        .collect();
    shown.join(", ")
}

/// An SQL name. SQL text ends at a NUL, so names lose theirs.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
}

/// An SQL string.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}
