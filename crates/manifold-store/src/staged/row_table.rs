//! Tables of rows, made as imports make them.

use rusqlite::Connection;

use super::StagedError;
use crate::freeze::{Table, row_table_number};
use crate::rows::{FIXED_COLUMNS, RowTable};

/// The most columns that SQLite allows.
const MOST_COLUMNS: usize = 2_000;

/// Makes the empty table. Its columns are checked first, since their names come from outside.
pub(super) fn create(connection: &Connection, table: &Table) -> Result<(), StagedError> {
    let wrong = |reason: String| wrong(table, reason);
    let fixed = FIXED_COLUMNS.len().min(table.columns.len());
    let (fixed, cells) = table.columns.split_at(fixed);
    if fixed != FIXED_COLUMNS {
        let expected = FIXED_COLUMNS.join(", ");
        return Err(wrong(format!("its first columns are not {expected}")));
    }
    if table.columns.len() > MOST_COLUMNS {
        return Err(wrong(format!(
            "it has {} columns, and at most {MOST_COLUMNS} can be",
            table.columns.len()
        )));
    }
    let mut phys = Vec::with_capacity(cells.len());
    for cell in cells {
        match cell_number(cell) {
            Some(number) if !phys.contains(&number) => phys.push(number),
            _ => {
                return Err(wrong(format!(
                    "`{cell}` is not the name of a column of rows, or is there twice"
                )));
            }
        }
    }
    run(connection, &row_table(table)?.create(phys))
}

/// Makes the indexes on closed rows and on rows with a position, once the rows are there.
pub(super) fn create_indexes(connection: &Connection, table: &Table) -> Result<(), StagedError> {
    run(connection, &row_table(table)?.create_indexes())
}

fn row_table(table: &Table) -> Result<RowTable, StagedError> {
    let number = row_table_number(&table.name);
    let number = number.ok_or_else(|| wrong(table, "it is no name of a table of rows".to_owned()));
    number.map(RowTable)
}

/// The number in a name such as `c3`, if that is how the number is written.
fn cell_number(name: &str) -> Option<i64> {
    let number: i64 = name.strip_prefix('c')?.parse().ok()?;
    (name == format!("c{number}")).then_some(number)
}

fn wrong(table: &Table, reason: String) -> StagedError {
    StagedError::Table {
        table: table.name.clone(),
        reason,
    }
}

fn run(connection: &Connection, sql: &str) -> Result<(), StagedError> {
    let done = connection.execute_batch(sql);
    Ok(done.map_err(crate::StoreError::from)?)
}
