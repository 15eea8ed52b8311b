//! Whether the columns are there of which something is said.

use std::path::Path;

use manifold_format::{AskedType, Table, Typing};
use manifold_store::name;
use manifold_store::rows::Rename;

use super::ImportFileError;

/// Each column of which something is said must be in one of the tables, by its exact name or without regard to case.
///
/// # Errors
/// [`ImportFileError::MissingColumn`].
pub(crate) fn check_typing<'a>(
    typing: &Typing,
    tables: &(impl Iterator<Item = &'a Table> + Clone),
    path: &Path,
) -> Result<(), ImportFileError> {
    let columns = || tables.clone().flat_map(|table| &table.columns);
    let is_there =
        |wanted: &&str| columns().any(|column| name::fold(&column.name) == name::fold(wanted));
    match typing.columns().find(|wanted| !is_there(wanted)) {
        None => Ok(()),
        Some(missing) => Err(ImportFileError::MissingColumn {
            path: path.to_owned(),
            column: missing.to_owned(),
            columns: columns().map(|column| column.name.clone()).collect(),
        }),
    }
}

/// Each column that a stored one goes on as must be in one of the tables.
///
/// # Errors
/// [`ImportFileError::MissingColumn`].
pub(crate) fn check_renames<'a>(
    renames: &[Rename],
    tables: &(impl Iterator<Item = &'a Table> + Clone),
    path: &Path,
) -> Result<(), ImportFileError> {
    let mut new = Typing::default();
    for to in renames.iter().filter_map(|rename| rename.incoming.clone()) {
        new.types.insert(to, AskedType::Auto);
    }
    check_typing(&new, tables, path)
}

/// Of what is said the part that is about the columns of this table, or about all.
pub(super) fn typing_for(typing: &Typing, table: &Table) -> Typing {
    let folded = table.columns.iter().map(|column| name::fold(&column.name));
    let names: Vec<String> = folded.collect();
    typing.only(|column| names.contains(&name::fold(column)))
}

/// Of the renames those that may be of this table.
pub(super) fn renames_for(renames: &[Rename], table: &Table) -> Vec<Rename> {
    let has = |name: &String| {
        let mut columns = table.columns.iter();
        columns.any(|column| name::fold(&column.name) == name::fold(name))
    };
    let renames = renames.iter();
    let of_table = renames.filter(|rename| rename.incoming.as_ref().is_none_or(has));
    of_table.cloned().collect()
}
