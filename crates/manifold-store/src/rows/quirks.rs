//! The quirks of a snapshot's rows, in step with the rows.

use super::position::Position;
use super::snapshot::Snapshot;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::{Connection, Rows, Statement, params};

/// Finds the quirks of a snapshot's rows: by one scan for rows in natural order, by lookup for
/// others. A snapshot without quirks costs one query.
pub(super) struct QuirkScan<'c> {
    in_rid_order: Statement<'c>,
    by_rid: Statement<'c>,
    any: bool,
    source_id: &'c str,
    bounds: (i64, i64),
}

impl<'c> QuirkScan<'c> {
    pub(super) fn prepare(conn: &'c Connection, snapshot: &'c Snapshot) -> rusqlite::Result<Self> {
        let visible = "source_id = ?1 AND +quirk_id <= ?2 AND +closed_seq > ?3";
        let any = conn.query_row(
            &format!("SELECT EXISTS(SELECT 1 FROM row_quirks WHERE {visible})"),
            params![snapshot.source_id, snapshot.quirk_hi, snapshot.seq],
            |row| row.get(0),
        )?;
        Ok(Self {
            in_rid_order: conn.prepare(&format!(
                "SELECT rid, data FROM row_quirks WHERE {visible} AND rid > ?4 ORDER BY rid"
            ))?,
            by_rid: conn.prepare(&format!(
                "SELECT data FROM row_quirks WHERE {visible} AND rid = ?4"
            ))?,
            any,
            source_id: &snapshot.source_id,
            bounds: (snapshot.quirk_hi, snapshot.seq),
        })
    }

    /// Starts for rows behind `after`; `None` when no row has a quirk.
    pub(super) fn rows(
        &mut self,
        after: Option<Position>,
    ) -> rusqlite::Result<Option<Quirks<'_, 'c>>> {
        if !self.any {
            return Ok(None);
        }
        let (quirk_hi, seq) = self.bounds;
        // Saturates, which is what is meant.
        let after_rid = after.map_or(i64::MIN, |after| after.place.floor() as i64);
        let in_order =
            self.in_rid_order
                .query(params![self.source_id, quirk_hi, seq, after_rid])?;
        Ok(Some(Quirks {
            in_order,
            by_rid: &mut self.by_rid,
            found: Vec::new(),
            started: false,
            source_id: self.source_id,
            bounds: self.bounds,
        }))
    }
}

/// The quirks of the rows that are being read.
pub(super) struct Quirks<'s, 'c> {
    in_order: Rows<'s>,
    by_rid: &'s mut Statement<'c>,
    found: Vec<u8>,
    started: bool,
    source_id: &'s str,
    bounds: (i64, i64),
}

impl Quirks<'_, '_> {
    /// The quirk of the row `rid`; rids must rise from call to call.
    pub(super) fn of_next(&mut self, rid: i64) -> rusqlite::Result<Option<&[u8]>> {
        loop {
            let head: Option<i64> = match self.in_order.get() {
                Some(row) => Some(row.get(0)?),
                None if self.started => return Ok(None),
                None => None,
            };
            match head {
                Some(head) if head > rid => return Ok(None),
                Some(head) if head == rid => break,
                _ => self.in_order.advance()?,
            }
            self.started = true;
        }
        match self.in_order.get() {
            Some(row) => Ok(Some(row.get_ref(1)?.as_blob()?)),
            None => Ok(None),
        }
    }

    /// The quirk of the row `rid`.
    pub(super) fn of(&mut self, rid: i64) -> rusqlite::Result<Option<&[u8]>> {
        let (quirk_hi, seq) = self.bounds;
        let mut rows = self
            .by_rid
            .query(params![self.source_id, quirk_hi, seq, rid])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        self.found.clear();
        self.found.extend_from_slice(row.get_ref(0)?.as_blob()?);
        Ok(Some(&self.found))
    }
}
