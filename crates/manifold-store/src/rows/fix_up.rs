//! Storing a column anew whose cells did not turn out as its first ones promised.

use super::cell::Cell;
use super::error::{Doing, ImportError, RowsError};
use super::first_import::{COMMIT_EVERY, Claim};
use super::input::Input;
use super::records::{FinishedColumn, Records};
use super::row::Row;
use super::source::RowTable;
use crate::{Durability, fail_point};
use rusqlite::{Connection, Statement, params};
use std::time::Instant;

/// Rows that are read, and then written, at a time.
const CHUNK: i64 = 512;

/// A column to be stored anew.
struct Turn<'a> {
    phys: i64,
    from: &'a str,
    to: &'a str,
}

/// Stores every column anew whose provisional encoding is not the one that all of its cells want.
/// The rows are in no snapshot yet, so this too is committed in batches.
pub(super) fn fix_up(
    conn: &Connection,
    claim: &Claim<'_>,
    input: &mut Input<'_>,
    phys: &[i64],
    provisional: &[String],
    wanted: &[FinishedColumn],
    batch_rows: u64,
) -> Result<(), ImportError> {
    let turns: Vec<Turn<'_>> = (phys.iter().zip(provisional).zip(wanted))
        .filter(|((_, from), to)| **from != to.encoding && to.column_type != "empty")
        .map(|((&phys, from), to)| Turn {
            phys,
            from,
            to: &to.encoding,
        })
        .collect();
    if turns.is_empty() {
        return Ok(());
    }
    let mut chunks = Chunks::prepare(conn, claim.source.table, &turns)?;
    let mut more = true;
    while more {
        let transaction = input.begin(conn, Durability::Relaxed)?;
        claim.check(&transaction)?;
        let begun = Instant::now();
        let mut done = 0;
        while more && done < batch_rows && begun.elapsed() < COMMIT_EVERY {
            input.check()?;
            more = chunks.next(input.records, &turns)?;
            done += CHUNK.cast_unsigned();
        }
        transaction.commit().doing("storing columns anew")?;
        fail_point!("import-columns-stored-anew", RowsError::interrupted());
    }
    Ok(())
}

/// Some rows that follow each other.
struct Chunk {
    /// The rows that change, with their new cells.
    changed: Vec<(i64, Row)>,
    /// The last rid of the chunk.
    last: i64,
}

/// Walks through the row table in chunks.
struct Chunks<'c> {
    select: Statement<'c>,
    update: Statement<'c>,
    after: i64,
}

impl<'c> Chunks<'c> {
    fn prepare(
        conn: &'c Connection,
        table: RowTable,
        turns: &[Turn<'_>],
    ) -> Result<Self, RowsError> {
        let columns: Vec<_> = turns.iter().map(|turn| format!("c{}", turn.phys)).collect();
        let select = format!(
            "SELECT _rid, {} FROM {table} WHERE _rid > ? ORDER BY _rid LIMIT {CHUNK}",
            columns.join(", ")
        );
        let update = format!(
            "UPDATE {table} SET {} = ? WHERE _rid = ?",
            columns.join(" = ?, ")
        );
        Ok(Self {
            select: conn.prepare(&select).doing("storing columns anew")?,
            update: conn.prepare(&update).doing("storing columns anew")?,
            after: i64::MIN,
        })
    }

    /// Stores the next chunk anew; `false` behind the last.
    fn next(&mut self, records: &dyn Records, turns: &[Turn<'_>]) -> Result<bool, RowsError> {
        let chunk = self.read(records, turns).doing("storing columns anew")?;
        let Some(Chunk { changed, last }) = chunk else {
            return Ok(false);
        };
        self.after = last;
        for (rid, row) in &changed {
            self.write(*rid, row).doing("storing columns anew")?;
        }
        Ok(true)
    }

    fn read(
        &mut self,
        records: &dyn Records,
        turns: &[Turn<'_>],
    ) -> rusqlite::Result<Option<Chunk>> {
        let (mut changed, mut last) = (Vec::new(), None);
        let mut buffer = Vec::new();
        let mut rows = self.select.query(params![self.after])?;
        while let Some(stored) = rows.next()? {
            let rid: i64 = stored.get(0)?;
            last = Some(rid);
            let mut row = Row::new();
            let mut differs = false;
            for (index, turn) in turns.iter().enumerate() {
                let cell = Cell::from(stored.get_ref(index + 1)?);
                buffer.clear();
                let anew = records.reencode(cell, turn.from, turn.to, &mut buffer);
                differs |= !anew.same(&cell);
                row.push(anew);
            }
            if differs {
                changed.push((rid, row));
            }
        }
        Ok(last.map(|last| Chunk { changed, last }))
    }

    fn write(&mut self, rid: i64, row: &Row) -> rusqlite::Result<()> {
        let mut at = 1;
        for cell in row.cells() {
            self.update.raw_bind_parameter(at, cell)?;
            at += 1;
        }
        self.update.raw_bind_parameter(at, rid)?;
        self.update.raw_execute().map(|_| ())
    }
}
