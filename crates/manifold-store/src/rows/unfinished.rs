//! What a first import that was stopped has stored, so that the next one need not store it again.
//!
//! No cursor is kept: the stored rows say themselves how far the import was. They are read beside the input, and those that are
//! the same stay, up to the first that differs. So an input that changed meanwhile costs what changed, and never mixes.

use super::cell::Cell;
use super::error::{Doing, ImportError, RowsError};
use super::input::Input;
use super::row::Row;
use super::source::{Source, column_list};
use rusqlite::{Connection, Rows, params};

/// The rows of a first import that never published, stored as the next one would store them.
pub(super) struct Unfinished {
    /// The numbers of its columns, in the input's order.
    pub(super) phys: Vec<i64>,
}

/// What of it is the beginning of the input.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// Its first rows.
    pub(super) rows: i64,
    /// Their quirks.
    pub(super) quirks: i64,
    /// Rows whose quirks were not stored, because the input is kept.
    pub(super) missing: i64,
    pub(super) behind: Behind,
}

/// What of the input is behind the rows that are kept.
#[derive(Debug, Default)]
pub(super) enum Behind {
    /// All of it: nothing was read.
    #[default]
    Unread,
    /// This row, which was read already, and what follows.
    Row(Row),
    /// Nothing.
    End,
}

impl Unfinished {
    /// Looks for rows that were stored under `encodings`, one per column of the input.
    pub(super) fn find(
        conn: &Connection,
        source: &Source,
        encodings: &[String],
    ) -> Result<Option<Self>, RowsError> {
        if !source.table.exists(conn)? {
            return Ok(None);
        }
        let mut phys = Vec::new();
        let mut select = conn
            .prepare("SELECT phys, encoding FROM source_columns WHERE source_id = ? ORDER BY phys")
            .doing("reading the stored columns")?;
        let stored = select
            .query_map([&source.id], |row| Ok((row.get(0)?, row.get(1)?)))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<(i64, String)>>>)
            .doing("reading the stored columns")?;
        for (number, encoding) in &stored {
            if encodings.get(phys.len()) != Some(encoding) {
                return Ok(None);
            }
            phys.push(*number);
        }
        Ok((phys.len() == encodings.len()).then_some(Self { phys }))
    }

    /// Reads the input until it differs from the stored rows, or until either ends.
    pub(super) fn kept(
        &self,
        conn: &Connection,
        source: &Source,
        input: &mut Input<'_>,
    ) -> Result<Kept, ImportError> {
        let doing = "reading the rows of an unfinished import";
        let columns = column_list(self.phys.iter().copied());
        let table = source.table;
        let mut select = conn
            .prepare(&format!("SELECT _rid{columns} FROM {table} ORDER BY _rid"))
            .doing(doing)?;
        let mut quirk = conn
            .prepare(
                "SELECT rid, data FROM row_quirks WHERE source_id = ? AND quirk_id >= ? ORDER BY quirk_id",
            )
            .doing(doing)?;
        let mut stored = select.query([]).doing(doing)?;
        let quirks = quirk.query(params![source.id, source.next_quirk]);
        let mut quirks = Quirks::new(quirks.doing(doing)?)?;
        let mut kept = Kept::default();
        let mut row = Row::new();
        while input.next(&mut row)? {
            let rid = source.next_rid + kept.rows;
            let same = match stored.next().doing(doing)? {
                Some(found) => {
                    found.get::<_, i64>(0).doing(doing)? == rid
                        && row
                            .cells()
                            .zip(1..)
                            .all(|(cell, at)| cell.same(&Cell::from(found.get_ref_unwrap(at))))
                        && (quirks.of(rid) == row.quirk.as_deref()
                            || quirks.is_behind() && input.records.keeps_original())
                }
                None => false,
            };
            if !same {
                kept.behind = Behind::Row(row);
                return Ok(kept);
            }
            match (row.quirk.is_some(), quirks.is_behind()) {
                (true, true) => kept.missing += 1,
                (true, false) => {
                    kept.quirks += 1;
                    quirks.next()?;
                }
                (false, _) => {}
            }
            kept.rows += 1;
        }
        kept.behind = Behind::End;
        Ok(kept)
    }

    /// Deletes the stored rows that are not kept.
    pub(super) fn delete_rest(
        &self,
        conn: &Connection,
        source: &Source,
        kept: &Kept,
    ) -> Result<(), RowsError> {
        let delete = || {
            conn.execute(
                &format!("DELETE FROM {} WHERE _rid >= ?", source.table),
                [source.next_rid + kept.rows],
            )?;
            conn.execute(
                "DELETE FROM row_quirks WHERE source_id = ? AND quirk_id >= ?",
                params![source.id, source.next_quirk + kept.quirks],
            )
        };
        delete().doing("taking back rows")?;
        Ok(())
    }
}

/// The stored quirks, in the order of their rows.
struct Quirks<'s> {
    rows: Rows<'s>,
    head: Option<(i64, Vec<u8>)>,
}

impl<'s> Quirks<'s> {
    fn new(rows: Rows<'s>) -> Result<Self, RowsError> {
        let mut quirks = Self { rows, head: None };
        quirks.next()?;
        Ok(quirks)
    }

    /// The quirk of a row, which is the next one that has one, if it has one.
    fn of(&self, rid: i64) -> Option<&[u8]> {
        let (row, data) = self.head.as_ref()?;
        (*row == rid).then_some(data)
    }

    /// Whether there are no more.
    fn is_behind(&self) -> bool {
        self.head.is_none()
    }

    fn next(&mut self) -> Result<(), RowsError> {
        let doing = "reading the rows of an unfinished import";
        let row = self.rows.next().doing(doing)?;
        let head = row.map(|row| Ok((row.get(0)?, row.get(1)?)));
        self.head = head.transpose().doing(doing)?;
        Ok(())
    }
}
