//! Parts of tables of the catalogue that never change, and may be large: what a snapshot keeps beside its rows.

use std::path::Path;

use entity_core::TableCount;
use rusqlite::Connection;

use super::segment::SegmentFile;
use super::{Frozen, Table, TableDigest, TileCount, list, quoted};
use crate::StoreError;
use crate::rows::Cell;

/// The tables that have such parts: whose a row is, and how large its large column is.
const PARTED: [(&str, &str, &str); 4] = [
    ("original_parts", "snapshot_id", "length(data)"),
    ("rejected_rows", "snapshot_id", "length(raw)"),
    (
        "snapshot_columns",
        "snapshot_id",
        "coalesce(length(profile), 0)",
    ),
    ("row_orders", "source_id || '/' || order_id", "length(runs)"),
];

/// Whose the rows of other tables are.
const NOBODY: &str = "''";

/// So many bytes make a part large.
const LARGE: i64 = 64 << 10;

/// A part of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Part {
    /// The table.
    pub table: String,
    /// Whose it is: the id of a snapshot, or of a source with the number of an order behind a slash.
    pub owner: String,
}

impl Frozen {
    /// The parts that are large, in the order of their tables and owners.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn large_parts(&self) -> Result<Vec<Part>, StoreError> {
        let mut parts = Vec::new();
        for (table, owner, size) in PARTED {
            let sql = format!(
                "SELECT {owner} FROM {table} GROUP BY {owner} HAVING sum({size}) >= {LARGE} ORDER BY 1"
            );
            let mut select = self.connection().prepare(&sql)?;
            for owner in select.query_map([], |row| row.get(0))? {
                let (table, owner) = (table.to_owned(), owner?);
                parts.push(Part { table, owner });
            }
        }
        parts.sort_unstable();
        Ok(parts)
    }

    /// Writes the rows of a part into a database file at `path`, which must not exist, in one table `rows`. `each` is
    /// called for each row. It is not pressed onto the disk.
    ///
    /// # Errors
    /// What `each` returns, and [`StoreError`] by meaning.
    pub fn write_part<E: From<StoreError>>(
        &self,
        table: &Table,
        owner: &str,
        path: &Path,
        mut each: impl FnMut() -> Result<(), E>,
    ) -> Result<TileCount, E> {
        let mut digest = TableDigest::new(table);
        let mut file = SegmentFile::of_anything(path, &table.columns);
        read_part(self.connection(), table, owner, |cells| {
            file.insert(cells)?;
            digest.row(cells);
            each()
        })?;
        file.finish()?;
        Ok(digest.finish().into())
    }

    /// The rows of a table, of which `parts` were counted by themselves.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn hash_parted(
        &self,
        table: &Table,
        parts: &[(String, TileCount)],
    ) -> Result<TableCount, StoreError> {
        hash_parted(self.connection(), table, parts)
    }
}

/// See [`Frozen::hash_parted`].
pub(crate) fn hash_parted(
    connection: &Connection,
    table: &Table,
    parts: &[(String, TileCount)],
) -> Result<TableCount, StoreError> {
    let owners: Vec<&str> = parts.iter().map(|(owner, _)| owner.as_str()).collect();
    let mut digest = TableDigest::new(table);
    read_rest(connection, table, &owners, |cells| {
        digest.row(cells);
        Ok::<_, StoreError>(())
    })?;
    let rest = digest.finish();
    let mut hasher = blake3::Hasher::new();
    hasher.update(format!("manifold-parts-0\n{} {}", rest.rows, rest.hash).as_bytes());
    let mut rows = rest.rows;
    for (owner, count) in parts {
        rows += count.rows;
        hasher.update(format!("\n{owner} {} {}", count.rows, count.hash).as_bytes());
    }
    Ok(TableCount {
        name: table.name.clone(),
        rows,
        hash: format!("blake3:{}", hasher.finalize().to_hex()),
    })
}

/// What a part holds.
pub(crate) fn digest_part(
    connection: &Connection,
    table: &Table,
    owner: &str,
) -> Result<TileCount, StoreError> {
    let mut digest = TableDigest::new(table);
    read_part(connection, table, owner, |cells| {
        digest.row(cells);
        Ok::<_, StoreError>(())
    })?;
    Ok(digest.finish().into())
}

/// Whether a table has parts.
pub(crate) fn is_parted(table: &str) -> bool {
    owner_of(table).is_some()
}

/// Reads the rows that are in none of the parts.
pub(super) fn read_rest<E: From<StoreError>>(
    connection: &Connection,
    table: &Table,
    owners: &[&str],
    each: impl FnMut(&[Cell<'_>]) -> Result<(), E>,
) -> Result<(), E> {
    let owners = serde_json::json!(owners).to_string();
    let owner = owner_of(&table.name).unwrap_or(NOBODY);
    let filter = format!("{owner} NOT IN (SELECT value FROM json_each(?1))");
    read(connection, table, &filter, &owners, each)
}

fn read_part<E: From<StoreError>>(
    connection: &Connection,
    table: &Table,
    owner: &str,
    each: impl FnMut(&[Cell<'_>]) -> Result<(), E>,
) -> Result<(), E> {
    let column = owner_of(&table.name).unwrap_or(NOBODY);
    read(connection, table, &format!("{column} = ?1"), owner, each)
}

fn owner_of(table: &str) -> Option<&'static str> {
    let known = PARTED.iter().find(|(name, _, _)| *name == table);
    known.map(|(_, owner, _)| *owner)
}

fn read<E: From<StoreError>>(
    connection: &Connection,
    table: &Table,
    filter: &str,
    value: &str,
    mut each: impl FnMut(&[Cell<'_>]) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
    let sql = format!(
        "SELECT {} FROM {} WHERE {filter} ORDER BY {}",
        list(&table.columns),
        quoted(&table.name),
        list(&table.key)
    );
    let mut statement = connection.prepare(&sql).map_err(failed)?;
    let mut rows = statement.query([value]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let mut cells = Vec::with_capacity(table.columns.len());
        for index in 0..table.columns.len() {
            cells.push(Cell::from(row.get_ref(index).map_err(failed)?));
        }
        each(&cells)?;
    }
    Ok(())
}
