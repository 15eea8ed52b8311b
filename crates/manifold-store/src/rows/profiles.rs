//! What the columns of a snapshot hold, as it was found when the snapshot was made.

use super::error::{Doing, RowsError};
use super::snapshot::Snapshot;
use rusqlite::Connection;
use serde_json::Value as Json;

/// What each column of a snapshot holds, in the order of its columns, as [`FinishedColumn::profile`] said; `None` for snapshots that
/// are older than profiles are.
///
/// [`FinishedColumn::profile`]: super::FinishedColumn::profile
///
/// # Errors
/// [`RowsError::Damaged`] and [`RowsError::Sqlite`].
pub fn profiles(conn: &Connection, snapshot: &Snapshot) -> Result<Vec<Option<Json>>, RowsError> {
    let read = || {
        conn.prepare_cached(
            "SELECT profile FROM snapshot_columns WHERE snapshot_id = ? ORDER BY ord",
        )?
        .query_map([&snapshot.id], |row| row.get(0))?
        .collect::<Result<Vec<Option<String>>, _>>()
    };
    let stored = read().doing("reading what the columns hold")?;
    let columns = stored.into_iter().zip(&snapshot.columns);
    columns
        .map(|(profile, column)| {
            let profile = profile.map(|profile| serde_json::from_str(&profile));
            profile.transpose().map_err(|error| RowsError::Damaged {
                source_id: snapshot.source_id.clone(),
                what: format!(
                    "the profile of column {} of snapshot {} is not JSON: {error}",
                    column.name, snapshot.number
                ),
            })
        })
        .collect()
}
