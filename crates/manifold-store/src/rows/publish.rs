//! The one transaction that makes a snapshot visible.

use super::error::{Doing, RowsError};
use super::import::{ImportOptions, SnapshotSummary};
use super::index::settle_indexes;
use super::records::Finished;
use super::rename::Rename;
use super::snapshot::{Column, Counts};
use super::source::Source;
use super::view::create_view;
use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};
use rusqlite::{Connection, params};
use std::time::SystemTime;

/// A snapshot about to be published.
pub(super) struct Publication<'a> {
    pub(super) source: &'a Source,
    pub(super) options: &'a ImportOptions,
    pub(super) columns: &'a [Column],
    pub(super) counts: Counts,
    pub(super) finished: &'a Finished,
    /// The last rid that the snapshot may show.
    pub(super) rid_hi: i64,
    /// The stored order of the rows, if one holds for them.
    pub(super) order_id: Option<i64>,
    /// The next free column number.
    pub(super) next_phys: i64,
    /// The next free quirk id.
    pub(super) next_quirk: i64,
}

impl Publication<'_> {
    /// Writes the snapshot, moves the counters, and makes the stored view show it. Rows, closes
    /// and quirks must have been written, in this transaction or before.
    pub(super) fn write(&self, conn: &Connection) -> Result<(), RowsError> {
        self.write_snapshot(conn).doing("writing the snapshot")?;
        self.write_columns(conn)
            .doing("writing the snapshot's columns")?;
        self.write_source(conn).doing("updating the data source")?;
        create_view(conn, &self.source.id)?;
        settle_indexes(conn, &self.source.id)?;
        self.complete_history(conn)
            .doing("completing the import history")?;
        if let Some(pull) = &self.options.pull {
            pull.write(
                conn,
                &self.source.id,
                &self.options.snapshot_id,
                &self.counts,
            )?;
        }
        raise_revision(conn)
    }

    /// What is to be said about the snapshot.
    pub(super) fn summary(&self, duplicate_keys: Option<u64>) -> SnapshotSummary {
        SnapshotSummary {
            snapshot_id: self.options.snapshot_id.clone(),
            number: self.source.next_number,
            seq: self.source.next_seq,
            counts: self.counts,
            duplicate_keys,
            columns: self.columns.to_vec(),
            renamed: Vec::new(),
        }
    }

    fn write_snapshot(&self, conn: &Connection) -> rusqlite::Result<()> {
        let (source, counts) = (self.source, &self.counts);
        let step = self.options.step.as_ref();
        conn.execute(
            "INSERT INTO snapshots(id, source_id, job_id, job_step, number, seq, rid_hi, quirk_hi, \
             order_id, row_count, added, removed, changed, moved, rejected, padded, odd_cells, \
             input_hash, input_bytes, dialect, taken_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            params![
                self.options.snapshot_id,
                source.id,
                step.map(|step| &step.job_id),
                step.map(|step| &step.step),
                source.next_number,
                source.next_seq,
                self.rid_hi,
                self.next_quirk - 1,
                self.order_id,
                counts.row_count,
                counts.added,
                counts.removed,
                counts.changed,
                counts.moved,
                counts.rejected,
                counts.padded,
                counts.odd_cells,
                self.finished.input_hash,
                self.finished.input_bytes.cast_signed(),
                self.finished.dialect.to_string(),
                time(self.options.taken_at),
            ],
        )?;
        conn.execute(
            "INSERT INTO published(source_id, snapshot_id, rid_hi, seq) VALUES (?, ?, ?, ?) \
             ON CONFLICT(source_id) DO UPDATE SET snapshot_id = excluded.snapshot_id, \
             rid_hi = excluded.rid_hi, seq = excluded.seq",
            params![
                source.id,
                self.options.snapshot_id,
                self.rid_hi,
                source.next_seq
            ],
        )?;
        Ok(())
    }

    fn write_columns(&self, conn: &Connection) -> rusqlite::Result<()> {
        let mut list = conn.prepare_cached(
            "INSERT INTO snapshot_columns(snapshot_id, ord, phys, name, type, format, encoding, \
             quoting, odd_cells, null_tokens, profile) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        let mut settle = conn.prepare_cached(
            "UPDATE source_columns SET encoding = ? WHERE source_id = ? AND phys = ?",
        )?;
        let finished = self.columns.iter().zip(&self.finished.columns);
        for (ord, (column, finished)) in (0_i64..).zip(finished) {
            list.execute(params![
                self.options.snapshot_id,
                ord,
                column.phys,
                column.name,
                column.column_type,
                column.format,
                column.encoding,
                column.quoting,
                column.odd_cells,
                null_tokens(column),
                finished.profile.as_ref().map(ToString::to_string),
            ])?;
            settle.execute(params![column.encoding, self.source.id, column.phys])?;
        }
        Ok(())
    }

    fn write_source(&self, conn: &Connection) -> rusqlite::Result<()> {
        let source = self.source;
        conn.execute(
            "UPDATE data_sources SET next_rid = max(next_rid, ?2), next_seq = next_seq + 1, \
             next_number = next_number + 1, next_phys = max(next_phys, ?3), \
             next_quirk = max(next_quirk, ?4), status = CASE WHEN enabled THEN 'ok' ELSE status END, last_sync_at = ?5, updated_at = ?6, \
             typing = ?7 \
             WHERE id = ?1",
            params![
                source.id,
                self.rid_hi + 1,
                self.next_phys,
                self.next_quirk,
                time(self.options.taken_at),
                time(now()),
                self.options.typing.as_ref().map(ToString::to_string),
            ],
        )?;
        let key_columns = Rename::follow(&self.options.renames, &source.key_columns);
        if key_columns != source.key_columns {
            conn.execute(
                "UPDATE data_sources SET key_columns = ? WHERE id = ?",
                params![serde_json::json!(key_columns).to_string(), source.id],
            )?;
        }
        Ok(())
    }

    fn complete_history(&self, conn: &Connection) -> rusqlite::Result<()> {
        let Some(history_id) = &self.options.history_id else {
            return Ok(());
        };
        conn.execute(
            "UPDATE import_history SET state = 'completed', snapshot_id = ?2, rows = ?3, \
             rejected = ?4, error = NULL, finished_at = ?5 WHERE id = ?1",
            params![
                history_id,
                self.options.snapshot_id,
                self.counts.row_count,
                self.counts.rejected,
                time(now()),
            ],
        )?;
        Ok(())
    }
}

/// The tokens of a column as a JSON list; NULL for none.
fn null_tokens(column: &Column) -> Option<String> {
    let tokens = &column.null_tokens;
    (!tokens.is_empty()).then(|| serde_json::json!(tokens).to_string())
}

/// Completes the import history of an input that changed nothing, and says that its source is well.
pub(super) fn complete_unchanged(
    conn: &Connection,
    history_id: &str,
    counts: &Counts,
    snapshot_id: &str,
) -> Result<(), RowsError> {
    conn.execute(
        "UPDATE import_history SET state = 'unchanged', snapshot_id = ?2, rows = ?3, \
         rejected = ?4, error = NULL, finished_at = ?5 WHERE id = ?1",
        params![
            history_id,
            snapshot_id,
            counts.row_count,
            counts.rejected,
            time(now())
        ],
    )
    .doing("completing the import history")?;
    conn.execute(
        "UPDATE data_sources SET status = CASE WHEN enabled THEN 'ok' ELSE status END \
         WHERE id = (SELECT source_id FROM snapshots WHERE id = ?)",
        [snapshot_id],
    )
    .doing("updating the data source")?;
    raise_revision(conn)
}

/// Says that what the project shows has changed.
pub(super) fn raise_revision(conn: &Connection) -> Result<(), RowsError> {
    conn.execute(
        "UPDATE project SET revision = revision + 1, updated_at = ?",
        [time(now())],
    )
    .doing("raising the project's revision")?;
    Ok(())
}

/// A time as the catalogue's entities store it: UTC, at most microseconds.
pub(super) fn time(at: DateTime<Utc>) -> String {
    at.trunc_subsecs(6)
        .to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// The present time.
pub(super) fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}
