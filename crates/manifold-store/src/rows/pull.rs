//! What a pull leaves for the next one, kept with the rows that came.

use super::error::{Doing, RowsError};
use super::publish::time;
use super::snapshot::Counts;
use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};
use serde_json::Value as Json;

/// A pull of a source's rows from where they come from. An import writes it down as the source's line in `sync_states`, in the
/// transaction that publishes: after a crash rows and cursor are both there or neither.
#[derive(Debug, Clone, PartialEq)]
pub struct PullRecord {
    /// Tells where the rows come from: the cursor is for no other place.
    pub origin: String,
    /// What to pull after next time; opaque.
    pub cursor: Option<Json>,
    /// Rows that were changed on both sides and stay as they are here; opaque.
    pub conflicts: Option<Json>,
    /// The job that pulled.
    pub job_id: String,
    /// Rows that were only marked as deleted.
    pub marked: i64,
    /// Those of them that are counted as changed: all, unless the column of the mark is new.
    pub marked_changed: i64,
    /// When it was pulled.
    pub pulled_at: DateTime<Utc>,
}

impl PullRecord {
    /// Writes the line; it holds as long as `snapshot_id` is the latest snapshot.
    pub(super) fn write(
        &self,
        conn: &Connection,
        source_id: &str,
        snapshot_id: &str,
        counts: &Counts,
    ) -> Result<(), RowsError> {
        let write = || {
            conn.execute(
                "INSERT INTO sync_states(source_id, snapshot_id, origin, cursor, conflicts, job_id, \
                 inserted, updated, deleted, pulled_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
                 ON CONFLICT(source_id) DO UPDATE SET snapshot_id = excluded.snapshot_id, \
                 origin = excluded.origin, cursor = excluded.cursor, conflicts = excluded.conflicts, \
                 job_id = excluded.job_id, inserted = excluded.inserted, updated = excluded.updated, \
                 deleted = excluded.deleted, pulled_at = excluded.pulled_at",
                params![
                    source_id,
                    snapshot_id,
                    self.origin,
                    self.cursor.as_ref().map(ToString::to_string),
                    self.conflicts.as_ref().map(ToString::to_string),
                    self.job_id,
                    counts.added,
                    (counts.changed - self.marked_changed).max(0),
                    counts.removed + self.marked,
                    time(self.pulled_at),
                ],
            )?;
            conn.execute(
                "UPDATE data_sources SET last_sync_at = ? WHERE id = ?",
                params![time(self.pulled_at), source_id],
            )
        };
        write().doing("writing down how far the source was pulled")?;
        Ok(())
    }
}
