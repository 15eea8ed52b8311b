//! The first snapshot of a source: rows are committed in batches above every published rid, where
//! nothing sees them, and one last transaction publishes them.

use super::error::{Doing, ImportError, RowsError};
use super::fix_up::fix_up;
use super::import::{ImportOptions, Outcome};
use super::input::Input;
use super::load::Load;
use super::original::{QuirkShare, parts_of, write_parts};
use super::publish::Publication;
use super::recover::recover;
use super::row::Row;
use super::snapshot::Counts;
use super::source::{MAX_COLUMNS, Source};
use super::unfinished::{Behind, Kept, Unfinished};
use crate::{Durability, fail_point};
use rusqlite::{Connection, params};
use std::time::{Duration, Instant};

/// An input that takes longer than this to fill one statement is slow: every statement is then
/// its own transaction, so that no other writer waits for the input.
const SLOW_INPUT: Duration = Duration::from_millis(50);

/// Behind a slow statement, each is its own transaction for so long: such an input stands still again and again.
const SLOW_FOR: Duration = Duration::from_secs(10);

/// Other writers of the project wait no longer than this.
pub(super) const COMMIT_EVERY: Duration = Duration::from_millis(500);

/// One row in so many may wait to be committed. What waits is lost when the process dies: whoever goes on behind
/// four fifths of an input writes less than a quarter of it.
const WAITING_SHARE: u64 = 24;

/// So many rows may always wait.
const ALWAYS_WAITING: u64 = 128;

/// Imports into a source that has no snapshot and no row table.
pub(super) fn run(
    conn: &Connection,
    source: &Source,
    mut input: Input<'_>,
    options: &ImportOptions,
) -> Result<Outcome, ImportError> {
    let mut encodings: Vec<String> = (0..input.width())
        .map(|column| input.records.adopt(column, None))
        .collect();
    let width = input.width() as i64;
    if width > MAX_COLUMNS {
        return Err(ImportError::TooManyColumns {
            needed: width,
            stored: 0,
            limit: MAX_COLUMNS,
        });
    }
    let mut phys: Vec<i64> = (source.next_phys..).take(input.width()).collect();
    let mut next_phys = source.next_phys + width;
    let mut share = QuirkShare::new(&input, options.original_percent);
    let quirks = if options.dry_run {
        let mut row = Row::new();
        while input.next(&mut row)? {}
        0
    } else {
        let (begun, kept) = begin(conn, source, &mut input, &encodings)?;
        fail_point!("import-table-made", RowsError::interrupted());
        (phys, next_phys) = (begun.phys, begun.next_phys);
        let claim = Claim { source, next_phys };
        let loaded = load(
            conn,
            &claim,
            &mut input,
            &phys,
            kept,
            share,
            options.batch_rows,
        )?;
        share = loaded.share;
        loaded.quirks
    };
    let exhausted = input.finish()?;
    let is_kept = !options.dry_run && share.keeps_original(exhausted.rows);
    let parts = parts_of(&mut input, is_kept)?;
    let wanted = &exhausted.finished.columns;
    if !options.dry_run {
        let claim = Claim { source, next_phys };
        fix_up(
            conn,
            &claim,
            &mut input,
            &phys,
            &encodings,
            wanted,
            options.batch_rows,
        )?;
    }
    fail_point!("import-rows-stored", RowsError::interrupted());
    encodings = wanted
        .iter()
        .map(|column| column.encoding.clone())
        .collect();
    let columns = exhausted.columns(input.records.columns(), &phys, &encodings);
    let publication = Publication {
        source,
        options,
        columns: &columns,
        counts: Counts {
            added: exhausted.rows,
            ..exhausted.counts()
        },
        finished: &exhausted.finished,
        rid_hi: source.next_rid - 1 + exhausted.rows,
        order_id: None,
        next_phys,
        next_quirk: source.next_quirk + quirks,
    };
    if options.dry_run {
        return Ok(Outcome::Planned(
            publication.summary(exhausted.duplicate_keys),
        ));
    }
    let claim = Claim { source, next_phys };
    let transaction = input.begin(conn, Durability::Relaxed)?;
    claim.check(&transaction)?;
    transaction
        .execute_batch(&source.table.create_indexes())
        .doing("indexing the rows")?;
    transaction.commit().doing("indexing the rows")?;
    fail_point!("import-rows-indexed", RowsError::interrupted());
    let transaction = input.begin(conn, options.durability)?;
    claim.check(&transaction)?;
    publication.write(&transaction)?;
    if is_kept {
        forget_quirks(&transaction, source)?;
    }
    write_parts(&transaction, &options.snapshot_id, parts)?;
    let (first, rows) = (source.next_rid, exhausted.rows);
    exhausted
        .rejects
        .write(&transaction, &options.snapshot_id, |row| {
            Ok((row < rows).then_some(first + row))
        })?;
    fail_point!("import-snapshot-written", RowsError::interrupted());
    transaction.commit().doing("publishing the snapshot")?;
    Ok(Outcome::Published(
        publication.summary(exhausted.duplicate_keys),
    ))
}

/// The right of one first import to the row table. Column numbers rise when it is made, so another
/// import that starts over raises them again and the right is lost.
pub(super) struct Claim<'a> {
    pub(super) source: &'a Source,
    next_phys: i64,
}

impl Claim<'_> {
    /// # Errors
    /// [`ImportError::Moved`] when the right is lost.
    pub(super) fn check(&self, conn: &Connection) -> Result<(), ImportError> {
        let id = &self.source.id;
        let holds: bool = conn
            .query_row(
                "SELECT next_phys = ?2 AND next_rid = ?3 AND next_seq = ?4 \
                 AND NOT EXISTS (SELECT 1 FROM published WHERE source_id = ?1) \
                 FROM data_sources WHERE id = ?1",
                params![
                    id,
                    self.next_phys,
                    self.source.next_rid,
                    self.source.next_seq
                ],
                |row| row.get(0),
            )
            .doing("checking the data source")?;
        if holds {
            Ok(())
        } else {
            Err(ImportError::Moved {
                source_id: id.clone(),
            })
        }
    }
}

/// The columns of the row table, and what `next_phys` is while the import holds it.
struct Begun {
    phys: Vec<i64>,
    next_phys: i64,
}

/// Takes over what an import that was stopped has stored, if it is the beginning of the input; otherwise begins anew.
fn begin(
    conn: &Connection,
    source: &Source,
    input: &mut Input<'_>,
    encodings: &[String],
) -> Result<(Begun, Kept), ImportError> {
    let mut kept = Kept::default();
    if let Some(unfinished) = Unfinished::find(conn, source, encodings)? {
        kept = unfinished.kept(conn, source, input)?;
        if kept.rows > 0 {
            let next_phys = take_over(conn, source, input, |conn| {
                unfinished.delete_rest(conn, source, &kept)
            })?;
            tracing::info!(
                source_id = source.id,
                rows = kept.rows,
                "an import goes on behind the rows that an earlier attempt stored"
            );
            let phys = unfinished.phys;
            return Ok((Begun { phys, next_phys }, kept));
        }
    }
    recover(conn, &source.id, &|conn| input.guard(conn))?;
    let phys: Vec<i64> = (source.next_phys..).take(input.width()).collect();
    make_table(conn, source, input, &phys, encodings)?;
    let next_phys = source.next_phys + phys.len() as i64;
    Ok((Begun { phys, next_phys }, kept))
}

/// Takes the right to the rows of an import that was stopped: a column number that is never used ends the right of whoever still holds
/// it.
fn take_over(
    conn: &Connection,
    source: &Source,
    input: &Input<'_>,
    trim: impl FnOnce(&Connection) -> Result<(), RowsError>,
) -> Result<i64, ImportError> {
    let transaction = input.begin(conn, Durability::Relaxed)?;
    let next_phys = source.next_phys;
    Claim { source, next_phys }.check(&transaction)?;
    trim(&transaction)?;
    transaction
        .execute(
            "UPDATE data_sources SET next_phys = next_phys + 1 WHERE id = ?",
            [&source.id],
        )
        .doing("taking over an unfinished import")?;
    transaction
        .commit()
        .doing("taking over an unfinished import")?;
    Ok(next_phys + 1)
}

/// Makes the empty row table and takes the column numbers.
fn make_table(
    conn: &Connection,
    source: &Source,
    input: &Input<'_>,
    phys: &[i64],
    encodings: &[String],
) -> Result<(), ImportError> {
    let transaction = input.begin(conn, Durability::Relaxed)?;
    Claim {
        source,
        next_phys: source.next_phys,
    }
    .check(&transaction)?;
    let make = || {
        transaction.execute_batch(&source.table.create(phys.iter().copied()))?;
        let mut insert = transaction
            .prepare("INSERT INTO source_columns(source_id, phys, encoding) VALUES (?, ?, ?)")?;
        for (phys, encoding) in phys.iter().zip(encodings) {
            insert.execute(params![source.id, phys, encoding])?;
        }
        transaction.execute(
            "UPDATE data_sources SET next_phys = next_phys + ? WHERE id = ?",
            params![phys.len() as i64, source.id],
        )
    };
    make().doing("making the row table")?;
    transaction.commit().doing("making the row table")?;
    Ok(())
}

/// Deletes the quirks of a first import.
fn forget_quirks(conn: &Connection, source: &Source) -> Result<(), RowsError> {
    conn.execute(
        "DELETE FROM row_quirks WHERE source_id = ? AND quirk_id >= ?",
        params![source.id, source.next_quirk],
    )
    .doing("keeping the bytes of the input")?;
    Ok(())
}

/// Loads all rows behind those that are kept.
fn load<'c>(
    conn: &'c Connection,
    claim: &Claim<'_>,
    input: &mut Input<'_>,
    phys: &[i64],
    kept: Kept,
    mut share: QuirkShare,
    batch_rows: u64,
) -> Result<Load<'c>, ImportError> {
    share.quirks = kept.quirks;
    if kept.missing > 0 {
        share.quirks += kept.missing;
        share.miss();
    }
    let mut load = Load::prepare(conn, claim.source, phys, share)?;
    (load.rows, load.quirks) = (kept.rows, kept.quirks);
    let mut more = true;
    match kept.behind {
        Behind::Unread => {}
        Behind::Row(row) => {
            *load.blank() = row;
            load.keep();
        }
        Behind::End => more = false,
    }
    let mut transaction = None;
    let mut begun = Instant::now();
    let mut slow_until = begun;
    let mut batch = 0;
    loop {
        let started = Instant::now();
        while more && !load.is_full() {
            more = input.next(load.blank())?;
            if more {
                load.keep();
            }
        }
        if load.waiting() > 0 {
            if transaction.is_none() {
                let allowed = input.begin(conn, Durability::Relaxed)?;
                claim.check(&allowed)?;
                transaction = Some(allowed);
                begun = Instant::now();
            }
            batch += load.waiting();
            load.insert()?;
        }
        let now = Instant::now();
        if now - started > SLOW_INPUT {
            slow_until = now + SLOW_FOR;
        }
        let late = now < slow_until || now - begun > COMMIT_EVERY;
        let full = batch >= batch_rows.min(may_wait(load.rows));
        if (!more || late || full)
            && let Some(transaction) = transaction.take()
        {
            transaction.commit().doing("storing rows")?;
            fail_point!("import-batch-committed", RowsError::interrupted());
            batch = 0;
        }
        if !more {
            load.check()?;
            return Ok(load);
        }
    }
}

/// How many rows may wait to be committed behind so many stored ones.
fn may_wait(stored: i64) -> u64 {
    ALWAYS_WAITING.max(stored.unsigned_abs() / WAITING_SHARE)
}
