//! Which stored columns a statement reads.
//!
//! The authorizer cannot tell: for SQLite a statement that uses one column of a view reads them all.
//! The compiled program can: it lists the tables it opens and the columns it takes from them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rusqlite::Connection;

use super::schema::{Root, Schema, is_row_table};
use super::sink::RowColumn;

/// The tables and indexes a statement opens, by root page, and the columns it takes from each.
#[derive(Debug, Default)]
pub(super) struct Reads(BTreeMap<i64, BTreeSet<usize>>);

/// Compiles `statement` without running it and collects what it would read.
///
/// # Errors
///
/// SQLite's error.
pub(super) fn reads(connection: &Connection, statement: &str) -> rusqlite::Result<Reads> {
    let mut program = connection.prepare(&format!("EXPLAIN {statement}"))?;
    let mut rows = program.raw_query();
    let mut reads = Reads::default();
    let mut roots: HashMap<i64, i64> = HashMap::new();
    let mut taken = Vec::new();
    while let Some(row) = rows.next()? {
        let (cursor, operand): (i64, i64) = (row.get(2)?, row.get(3)?);
        match row.get_ref(1)?.as_str()? {
            // No temporary tables exist, so that every root page is the project file's.
            "OpenRead" | "ReopenIdx" => {
                roots.insert(cursor, operand);
                reads.0.entry(operand).or_default();
            }
            "Column" => taken.push((cursor, operand)),
            _ => {}
        }
    }
    // The instruction that opens a cursor may be listed behind one that reads from it.
    for (cursor, column) in taken {
        if let (Some(root), Ok(column)) = (roots.get(&cursor), usize::try_from(column)) {
            reads.0.entry(*root).or_default().insert(column);
        }
    }
    Ok(reads)
}

impl Reads {
    /// The names of the columns read, sorted; the row tables' own columns (`_rid`, ..) left out.
    ///
    /// # Errors
    ///
    /// SQLite's error.
    pub(super) fn columns(
        &self,
        connection: &Connection,
        schema: &Schema,
    ) -> rusqlite::Result<Vec<RowColumn>> {
        let mut found = BTreeSet::new();
        for (&page, taken) in &self.0 {
            let (table, names) = match schema.root(page) {
                Some(Root::Table(table)) if is_row_table(table) => {
                    let names = names(
                        connection,
                        "SELECT name FROM pragma_table_info(?1) ORDER BY cid",
                        table,
                    )?;
                    (
                        table,
                        taken
                            .iter()
                            .filter_map(|&column| names.get(column)?.clone())
                            .collect(),
                    )
                }
                // A search compares every column of the index without taking one.
                Some(Root::Index { name, table }) if is_row_table(table) => {
                    let names = names(connection, "SELECT name FROM pragma_index_info(?1)", name)?;
                    (table, names.into_iter().flatten().collect::<Vec<_>>())
                }
                _ => continue,
            };
            for column in names.into_iter().filter(|name| !name.starts_with('_')) {
                found.insert(RowColumn {
                    table: table.clone(),
                    column,
                });
            }
        }
        Ok(found.into_iter().collect())
    }
}

/// The names that `list` gives for `of`; an indexed expression has none.
fn names(connection: &Connection, list: &str, of: &str) -> rusqlite::Result<Vec<Option<String>>> {
    connection
        .prepare(list)?
        .query_map([of], |row| row.get(0))?
        .collect()
}
