//! What must come back of a table of the catalogue of which parts were saved by themselves.

use entity_core::TableCount;
use rusqlite::Connection;

use super::StagedError;
use crate::freeze::{Table, TileCount, digest_part, hash_parted};

/// What must come back of a part of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedPart {
    /// The table.
    pub table: String,
    /// Whose the part is.
    pub owner: String,
    /// What it holds.
    pub count: TileCount,
}

/// What came back of a table, if its parts are as they were saved.
pub(super) fn count_parted(
    connection: &Connection,
    table: &Table,
    parts: &[&ExpectedPart],
) -> Result<TableCount, StagedError> {
    let mut counted = Vec::with_capacity(parts.len());
    for part in parts {
        let found = digest_part(connection, table, &part.owner)?;
        if found != part.count {
            return Err(StagedError::Differs {
                table: format!("{} of {}", part.table, part.owner),
                expected_rows: part.count.rows,
                expected_hash: part.count.hash.clone(),
                found_rows: found.rows,
                found_hash: found.hash,
            });
        }
        counted.push((part.owner.clone(), found));
    }
    Ok(hash_parted(connection, table, &counted)?)
}
