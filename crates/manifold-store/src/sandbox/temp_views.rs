//! Makes a TEMP view for each snapshot that a statement names.

use std::collections::HashSet;
use std::error::Error;

use rusqlite::Connection;

use super::classify::file_error;
use super::error::QueryError;
use super::schema::{Schema, fold};
use super::statement::Statement;
use super::stop::Stop;
use super::tokenizer::TokenKind;

/// Finds the SELECT behind a name such as `orders@3` or `orders@2026-11-01`.
///
/// It is called, in the run's read transaction and before the authorizer is closed, with the
/// sandbox's connection and each quoted name of the statement that contains `@` and is not stored in
/// the file. `Ok(None)` means that there is no such snapshot: the name may still be a column's, and
/// if it is not, the query fails with [`QueryError::UnknownTable`]. An error ends the query with
/// [`QueryError::Snapshot`]. The SELECT must read the row table and `published` directly.
pub type ViewResolver<'a> =
    dyn Fn(&Connection, &str) -> Result<Option<String>, Box<dyn Error + Send + Sync>> + 'a;

/// Creates the TEMP views that `statement` needs and adds them to `schema`. They last until the
/// transaction is rolled back.
///
/// # Errors
///
/// [`QueryError::Snapshot`] from the resolver, the stop's error, or SQLite's.
pub(super) fn create(
    connection: &Connection,
    statement: &Statement<'_>,
    schema: &mut Schema,
    resolve: &ViewResolver<'_>,
    stop: &Stop,
) -> Result<(), QueryError> {
    let mut seen = HashSet::new();
    for token in statement
        .tokens()
        .iter()
        .filter(|token| token.kind == TokenKind::QuotedName)
    {
        let Some(name) = token.name().filter(|name| name.contains('@')) else {
            continue;
        };
        if schema.contains(&name) || !seen.insert(fold(&name)) {
            continue;
        }
        if stop.is_due() {
            return stop.error().map_or(Ok(()), Err);
        }
        let body = resolve(connection, &name).map_err(|source| QueryError::Snapshot {
            name: name.clone().into_owned(),
            source,
        })?;
        if let Some(body) = body {
            let quoted = name.replace('"', "\"\"");
            connection
                .execute_batch(&format!("CREATE TEMP VIEW \"{quoted}\" AS {body}"))
                .map_err(file_error)?;
            schema.add_view(&name);
        }
    }
    Ok(())
}
