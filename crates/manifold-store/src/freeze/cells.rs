//! Reads the rows of a table as they are stored.

use entity_core::TableCount;
use rusqlite::{Connection, params_from_iter};

use super::{Table, TableDigest};
use crate::StoreError;
use crate::rows::Cell;
use crate::sqlite::{Bound, Scan};

/// Hands each row of `table` to `each`, in key order; one row is in memory at a time.
pub(crate) fn read_rows<E: From<StoreError>>(
    connection: &Connection,
    table: &Table,
    mut each: impl FnMut(&[Cell<'_>]) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
    let mut statement = connection.prepare(&table.select()).map_err(failed)?;
    let parameters = params_from_iter(table.parameters());
    let mut rows = statement.query(parameters).map_err(failed)?;
    let width = table.columns.len();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut cells = Vec::with_capacity(width);
        for index in 0..width {
            cells.push(Cell::from(row.get_ref(index).map_err(failed)?));
        }
        each(&cells)?;
    }
    Ok(())
}

/// The rows of `table` and their logical hash. `each` is called for each.
pub(crate) fn hash_rows<E: From<StoreError>>(
    connection: &Connection,
    table: &Table,
    mut each: impl FnMut() -> Result<(), E>,
) -> Result<TableCount, E> {
    let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
    let mut digest = TableDigest::new(table);
    let width = table.columns.len();
    let parameters: Vec<Bound<'_>> = table.parameters().map(Bound::Text).collect();
    let mut scan = Scan::prepare(connection, &table.select()).map_err(failed)?;
    let mut rows = scan.rows(&parameters).map_err(failed)?;
    while let Some(row) = rows.advance().map_err(failed)? {
        for index in 0..width {
            digest.cell(Cell::from(row.value(index)));
        }
        digest.end_row();
        each()?;
    }
    Ok(digest.finish())
}
