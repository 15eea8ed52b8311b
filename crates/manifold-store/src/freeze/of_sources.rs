//! The part of a table that tells of the data of some sources.

use rusqlite::Connection;

use crate::StoreError;

/// Those rows of a table of the catalogue that tell of the data of some sources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OfSources {
    /// The column that says whose a row is.
    column: Owner,
    /// The ids of the sources, as a JSON list.
    ids: String,
}

/// How a row of the catalogue says whose data it tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Source,
    Snapshot,
}

impl OfSources {
    /// `None` for a table in which no row tells of the data of one source alone.
    pub(super) fn new(columns: &[String], ids: &[String]) -> Option<Self> {
        let has = |name: &str| columns.iter().any(|column| column == name);
        let column = if has("source_id") {
            Owner::Source
        } else if has("snapshot_id") {
            Owner::Snapshot
        } else {
            return None;
        };
        let ids = serde_json::json!(ids).to_string();
        Some(Self { column, ids })
    }

    /// The ids, as a JSON list.
    pub(super) fn ids(&self) -> &str {
        &self.ids
    }

    /// The condition; its parameter is the list of ids.
    pub(super) fn condition(&self) -> &'static str {
        match self.column {
            Owner::Source => "source_id IN (SELECT value FROM json_each(?1))",
            Owner::Snapshot => {
                "snapshot_id IN (SELECT id FROM snapshots \
                 WHERE source_id IN (SELECT value FROM json_each(?1)))"
            }
        }
    }
}

/// The names of the tables that hold, or will hold, the rows of these sources.
pub(super) fn row_tables(
    connection: &Connection,
    ids: &[String],
) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT 'd' || row_table FROM data_sources WHERE id IN (SELECT value FROM json_each(?1))",
    )?;
    let names = statement.query_map([serde_json::json!(ids).to_string()], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}
