//! The recorded types of the columns that a query can read.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::sandbox::RowColumn;

/// The types of the columns of every source's latest snapshot, by where they are stored.
pub(super) fn column_types(
    connection: &Connection,
) -> rusqlite::Result<HashMap<RowColumn, String>> {
    let mut statement = connection.prepare_cached(
        "SELECT s.row_table, c.phys, c.type FROM data_sources s \
         JOIN published p ON p.source_id = s.id \
         JOIN snapshot_columns c ON c.snapshot_id = p.snapshot_id",
    )?;
    let types = statement.query_map([], |row| {
        let (table, phys): (i64, i64) = (row.get(0)?, row.get(1)?);
        let place = RowColumn {
            table: format!("d{table}"),
            column: format!("c{phys}"),
        };
        Ok((place, row.get(2)?))
    })?;
    types.collect()
}
