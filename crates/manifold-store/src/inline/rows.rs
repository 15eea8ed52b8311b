//! One statement, run on this thread.

use rusqlite::Row;
use sea_orm::{EntityTrait, Statement, TryIntoModel};

use super::bind;
use super::columns::Columns;

/// What became of a statement.
#[derive(Debug)]
pub(super) enum Rows<T> {
    /// It ran to its end.
    Read(Vec<T>),
    /// It was not begun: it takes or gives something that only sqlx knows.
    NotBegun,
    /// It was run, and a row is not stored as this program stores rows.
    Unreadable,
}

/// Runs a statement whose rows are models of `E`.
pub(super) fn models<E: EntityTrait>(
    connection: &rusqlite::Connection,
    statement: &Statement,
) -> Result<Rows<E::Model>, rusqlite::Error>
where
    E::ActiveModel: TryIntoModel<E::Model>,
{
    let Some(columns) = Columns::of::<E>() else {
        return Ok(Rows::NotBegun);
    };
    run(
        connection,
        statement,
        |prepared| columns.are_selected_by(prepared),
        |row| columns.model::<E>(row),
    )
}

/// Runs a statement if `fits` says that `read` can read its rows.
pub(super) fn run<T>(
    connection: &rusqlite::Connection,
    statement: &Statement,
    fits: impl FnOnce(&rusqlite::Statement<'_>) -> bool,
    read: impl Fn(&Row<'_>) -> Option<T>,
) -> Result<Rows<T>, rusqlite::Error> {
    let values = statement
        .values
        .as_ref()
        .map_or(&[][..], |values| &values.0);
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    if prepared.parameter_count() != values.len() || !fits(&prepared) {
        return Ok(Rows::NotBegun);
    }
    for (index, value) in values.iter().enumerate() {
        let Some(parameter) = bind::parameter(value) else {
            return Ok(Rows::NotBegun);
        };
        prepared.raw_bind_parameter(index + 1, parameter)?;
    }
    let mut found = Vec::new();
    let mut rows = prepared.raw_query();
    let mut readable = true;
    while let Some(row) = rows.next()? {
        match read(row) {
            Some(row) => found.push(row),
            None => readable = false, // a write still runs to its end
        }
    }
    Ok(if readable {
        Rows::Read(found)
    } else {
        Rows::Unreadable
    })
}
