//! Statements in this crate's own words, run on this thread within a transaction.

use rusqlite::{CachedStatement, Row};
use sea_orm::Value;

use super::bind;

/// Runs a statement to its end and reads its rows.
pub(crate) fn rows<T>(
    connection: &rusqlite::Connection,
    sql: &str,
    values: &[Value],
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    let mut prepared = bound(connection, sql, values)?;
    let mut found = Vec::new();
    let mut rows = prepared.raw_query();
    while let Some(row) = rows.next()? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Runs a statement that returns no row. Returns how many it changed.
pub(crate) fn execute(
    connection: &rusqlite::Connection,
    sql: &str,
    values: &[Value],
) -> rusqlite::Result<usize> {
    bound(connection, sql, values)?.raw_execute()
}

fn bound<'a>(
    connection: &'a rusqlite::Connection,
    sql: &str,
    values: &[Value],
) -> rusqlite::Result<CachedStatement<'a>> {
    let mut prepared = connection.prepare_cached(sql)?;
    for (index, value) in values.iter().enumerate() {
        let parameter = bind::parameter(value).ok_or_else(|| {
            rusqlite::Error::ToSqlConversionFailure(format!("{value:?} is not stored").into())
        })?;
        prepared.raw_bind_parameter(index + 1, parameter)?;
    }
    Ok(prepared)
}
