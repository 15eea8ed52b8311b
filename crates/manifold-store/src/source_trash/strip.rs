//! Copies of a project have no trash.

use rusqlite::Connection;

use super::kept::{LIST, is_trash_table};
use crate::StoreError;
use crate::freeze::quoted;

/// Whether there is anything that [`strip`] would remove.
pub(crate) fn is_in(connection: &Connection) -> rusqlite::Result<bool> {
    let trash = tables(connection)?;
    let has_list = trash.iter().any(|table| table == LIST);
    if trash.len() > usize::from(has_list) {
        return Ok(true);
    }
    if !has_list {
        return Ok(false);
    }
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {LIST})");
    connection.query_row(&sql, [], |row| row.get(0))
}

/// Removes the trash from the copy of a project: what somebody deleted does not go along where the copy goes. Its pages
/// are overwritten.
pub(crate) fn strip(connection: &Connection) -> Result<(), StoreError> {
    let trash = tables(connection)?;
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

/// The tables of the trash, empty or not.
fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut tables = Vec::new();
    let mut named = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    for table in named.query_map([], |row| row.get::<_, String>(0))? {
        tables.push(table?);
    }
    tables.retain(|table| is_trash_table(table));
    Ok(tables)
}
