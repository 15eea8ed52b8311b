//! Copies of a project have no trash.

use rusqlite::Connection;

use super::kept::{LIST, is_trash_table};
use crate::StoreError;
use crate::freeze::quoted;

/// Removes the trash from the copy of a project: what somebody deleted does not go along where the copy goes. Its pages
/// are overwritten.
pub(crate) fn strip(connection: &Connection) -> Result<(), StoreError> {
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let trash: Vec<String> = tables
        .into_iter()
        .filter(|table| is_trash_table(table))
        .collect();
    if trash.is_empty() {
        return Ok(()); // a schema that is older than the trash
    }
    connection.query_row("PRAGMA secure_delete = ON", [], |_| Ok(()))?;
    for table in trash {
        let sql = if table == LIST {
            format!("DELETE FROM {table}")
        } else {
            format!("DROP TABLE {}", quoted(&table))
        };
        connection.execute_batch(&sql)?;
    }
    Ok(())
}
