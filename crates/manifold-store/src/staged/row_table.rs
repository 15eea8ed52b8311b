//! Tables of rows, made as imports make them.

use rusqlite::Connection;

use super::StagedError;
use crate::freeze::Table;

/// The columns that every table of rows begins with.
const FIXED: [&str; 3] = ["_rid", "_to", "_pos"];

/// The most columns that SQLite allows.
const MOST_COLUMNS: usize = 2_000;

/// What `_to` holds in a row that no snapshot has closed.
const END: i64 = 8_388_607;

/// Makes the empty table. Its columns are checked first, since their names come from outside.
pub(super) fn create(connection: &Connection, table: &Table) -> Result<(), StagedError> {
    let wrong = |reason: String| StagedError::Table {
        table: table.name.clone(),
        reason,
    };
    let (fixed, cells) = table.columns.split_at(FIXED.len().min(table.columns.len()));
    if fixed != FIXED {
        return Err(wrong(format!(
            "its first columns are not {}",
            FIXED.join(", ")
        )));
    }
    if table.columns.len() > MOST_COLUMNS {
        return Err(wrong(format!(
            "it has {} columns, and at most {MOST_COLUMNS} can be",
            table.columns.len()
        )));
    }
    let mut sql = format!(
        "CREATE TABLE {}(_rid INTEGER PRIMARY KEY, _to INTEGER NOT NULL DEFAULT {END}, _pos REAL",
        table.name
    );
    for (index, cell) in cells.iter().enumerate() {
        let number = cell
            .strip_prefix('c')
            .and_then(|digits| digits.parse::<i64>().ok());
        if number.is_none_or(|number| *cell != format!("c{number}"))
            || cells[..index].contains(cell)
        {
            return Err(wrong(format!(
                "`{cell}` is not the name of a column of rows, or is there twice"
            )));
        }
        sql.push_str(&format!(", {cell} ANY"));
    }
    sql.push_str(") STRICT");
    connection
        .execute_batch(&sql)
        .map_err(crate::StoreError::from)?;
    Ok(())
}

/// Makes the indexes on closed rows and on rows with a position, once the rows are there.
pub(super) fn create_indexes(connection: &Connection, table: &Table) -> Result<(), StagedError> {
    let name = &table.name;
    connection
        .execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS {name}_to ON {name}(_to) WHERE _to < {END};\
             CREATE INDEX IF NOT EXISTS {name}_pos ON {name}(_pos) WHERE _pos IS NOT NULL"
        ))
        .map_err(crate::StoreError::from)?;
    Ok(())
}
