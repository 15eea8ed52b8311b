//! Write transactions that a caller allows, as durable as is asked for.

use super::error::{Doing, GuardError, RowsError};
use crate::Durability;
use rusqlite::{Connection, Transaction, TransactionBehavior};

/// What a caller requires before anything is written; see [`super::Watch::guard`].
pub type Guard<'a> = dyn Fn(&Connection) -> Result<(), GuardError> + 'a;

/// Begins a write transaction at once and asks `guard`. Dropping it rolls it back.
///
/// `durability` stays set on the connection; see [`keeping_level`].
///
/// # Errors
/// [`RowsError::Guard`] and [`RowsError::Sqlite`].
pub(super) fn begin<'c>(
    conn: &'c Connection,
    durability: Durability,
    guard: &Guard<'_>,
) -> Result<Transaction<'c>, RowsError> {
    // Inside a transaction SQLite ignores the level, so it comes first.
    let level = match durability {
        Durability::Full => 2,
        Durability::Relaxed => 1,
    };
    set_level(conn, level)?;
    let transaction = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)
        .doing("waiting for the right to write")?;
    guard(&transaction).map_err(RowsError::Guard)?;
    Ok(transaction)
}

/// Runs `write` and gives the connection its own durability level back.
pub(super) fn keeping_level<T, E: From<RowsError>>(
    conn: &Connection,
    write: impl FnOnce() -> Result<T, E>,
) -> Result<T, E> {
    let level: i64 = conn
        .pragma_query_value(None, "synchronous", |row| row.get(0))
        .doing("reading the durability level")?;
    let outcome = write();
    set_level(conn, level)?;
    outcome
}

fn set_level(conn: &Connection, level: i64) -> Result<(), RowsError> {
    conn.pragma_update(None, "synchronous", level)
        .doing("setting the durability level")
}
