//! A later snapshot of a source: the input is read side by side with the stored rows, and only
//! what differs is written, where nobody sees it, and published in one last transaction.

mod batches;
mod changed_rids;
mod columns;
mod comparison;
mod course;
mod findings;
mod item;
mod lockstep;
mod noted;
mod pairs;
mod places;
mod plan;
mod quirks;
mod renamed;
mod rids;
mod stays;
mod windows;
mod write;

use super::error::{Doing, ImportError, RowsError};
use super::import::{ImportOptions, Outcome, SnapshotSummary};
use super::in_order::OrderedScan;
use super::input::{Exhausted, Input};
use super::original::{QuirkShare, parts_of, write_parts};
use super::publish::{Publication, complete_unchanged};
use super::snapshot::{Column, Counts, Snapshot};
use super::source::{Source, column_list};
use super::spool::{Scratch, Spool};
use crate::fail_point;
use batches::{Batches, Unmoved};
use columns::Columns;
use comparison::Comparison;
use lockstep::Lockstep;
use pairs::pair;
use plan::{Grounds, Order, Plan};
use rusqlite::{Connection, Transaction, TransactionBehavior};
pub(super) use stays::Stays;
use windows::{IncomingSide, StoredSide};
use write::Write;

/// Imports into a source whose latest snapshot is `previous`.
pub(super) fn run(
    conn: &Connection,
    source: &Source,
    previous: &Snapshot,
    mut input: Input<'_>,
    options: &ImportOptions,
) -> Result<Outcome, ImportError> {
    let compared = compare(conn, source, previous, &mut input, options)?;
    let share = compared.findings.share;
    let exhausted = input.finish()?;
    let columns = exhausted.columns(
        input.records.columns(),
        &compared.columns.phys,
        &compared.columns.encodings,
    );
    let input_counts = exhausted.counts();
    let counts = compared.plan.counts(input_counts);
    let is_same = is_same_input(previous, &exhausted, &columns)
        || options.only_changes && is_same_content(previous, &counts, &columns);
    if is_same && !options.always {
        if let (Some(history_id), false) = (&options.history_id, options.dry_run) {
            let transaction = input.begin(conn, options.durability)?;
            if let Some(pull) = &options.pull {
                pull.write(&transaction, &source.id, &previous.id, &Counts::default())?;
            }
            complete_unchanged(&transaction, history_id, &input_counts, &previous.id)?;
            transaction
                .commit()
                .doing("completing the import history")?;
        }
        return Ok(Outcome::Unchanged {
            snapshot_id: previous.id.clone(),
        });
    }
    if !options.dry_run {
        refuse_removals(previous, &counts, options)?;
    }
    let Compared {
        columns: stored_columns,
        findings,
        mut plan,
        scratch,
    } = compared;
    let mut publication = Publication {
        source,
        options,
        columns: &columns,
        counts,
        finished: &exhausted.finished,
        rid_hi: source.next_rid - 1,
        order_id: match &plan.order {
            Order::Inherited => previous.order_id,
            Order::Natural => None,
            Order::Stored(_) => Some(source.next_seq),
        },
        next_phys: stored_columns.next_phys,
        next_quirk: source.next_quirk,
    };
    let summary = |publication: &Publication<'_>, duplicate_keys| SnapshotSummary {
        renamed: stored_columns.renamed.clone(),
        ..publication.summary(duplicate_keys)
    };
    if options.dry_run {
        return Ok(Outcome::Planned(summary(
            &publication,
            exhausted.duplicate_keys,
        )));
    }
    let is_kept = share.keeps_original(exhausted.rows);
    let parts = parts_of(&mut input, is_kept)?;
    fail_point!("import-compared", RowsError::interrupted());
    let unmoved = Unmoved::new(source, previous);
    let mut batches = Batches::begin(conn, &mut input, unmoved, options)?;
    stored_columns.add(conn, source)?;
    batches.take_columns(stored_columns.next_phys)?;
    let mut write = Write::new(&mut batches, source, &stored_columns);
    write.fill(findings.fills)?;
    write.items(&mut plan, findings.contents)?;
    publication.rid_hi = write.next_rid() - 1;
    let changed = write.into_changed();
    let quirks = if is_kept {
        Spool::new(&scratch)
    } else {
        findings.quirks
    };
    let noted = &plan.noted;
    publication.next_quirk =
        quirks::write_quirks(&mut batches, source, previous, quirks, noted, &scratch)?;
    fail_point!("import-differences-written", RowsError::interrupted());
    batches.commit()?;
    let transaction = input.begin(conn, options.durability)?;
    unmoved
        .with_columns(stored_columns.next_phys)
        .check(&transaction)?;
    if let Order::Stored(order) = plan.order {
        order.store(&transaction, &source.id, source.next_seq)?;
    }
    publication.write(&transaction)?;
    // Only now: who reads before this sees no column that was filled.
    changed.note(&transaction, &source.id)?;
    write_parts(&transaction, &options.snapshot_id, parts)?;
    let mut rids = plan.noted.rids();
    let duplicate_keys = exhausted.duplicate_keys;
    exhausted
        .rejects
        .write(&transaction, &options.snapshot_id, |incoming| {
            rids.of(incoming)
        })?;
    fail_point!("import-differences-published", RowsError::interrupted());
    transaction.commit().doing("publishing the snapshot")?;
    Ok(Outcome::Published(summary(&publication, duplicate_keys)))
}

/// What reading has shown.
struct Compared {
    columns: Columns,
    findings: Found,
    plan: Plan,
    scratch: Scratch,
}

/// What was set aside to be written.
struct Found {
    contents: Spool,
    fills: Spool,
    quirks: Spool,
    share: QuirkShare,
}

/// Reads the input and the stored rows, in one read transaction: other writers need not wait.
fn compare(
    conn: &Connection,
    source: &Source,
    previous: &Snapshot,
    input: &mut Input<'_>,
    options: &ImportOptions,
) -> Result<Compared, ImportError> {
    // What is in the file and not in the log is read sooner; where somebody is in the way it is read from where it is.
    let _written_back = conn.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    let reading = Transaction::new_unchecked(conn, TransactionBehavior::Deferred)
        .doing("reading the stored rows")?;
    let columns = Columns::find(&reading, source, previous, input, &options.renames)?;
    let stored = columns.stored();
    let list = column_list(stored.iter().map(|&at| columns.phys[at]));
    let comparison = Comparison::new(stored.clone(), input.key(), input.seed());
    let recognises_rows = comparison.recognises_rows();
    let share = QuirkShare::new(input, options.original_percent);
    let mut scan =
        OrderedScan::prepare(&reading, previous, &list).doing("reading the stored rows")?;
    let rows = scan.all_rows().doing("reading the stored rows")?;
    let scratch = Scratch::beside(conn).keeping(options.list_bytes);
    let mut findings = Lockstep::new(
        StoredSide::new(rows, stored.len()),
        IncomingSide::new(input),
        comparison,
        columns.new_ones(),
        options.window,
        share,
        &scratch,
    )
    .walk()?;
    drop(scan);
    let (stored_alone, incoming_alone) = findings.take_orphans(&scratch);
    let pairing = pair(stored_alone, incoming_alone, recognises_rows, &scratch)?;
    let grounds = Grounds {
        conn: &reading,
        source,
        previous,
        findings: &findings,
        pairing: &pairing,
        new_columns: !columns.new_ones().is_empty(),
        scratch: &scratch,
    };
    let plan = Plan::make(&grounds, options.most_moved)?;
    reading.finish().doing("reading the stored rows")?;
    Ok(Compared {
        columns,
        findings: Found {
            contents: findings.contents,
            fills: findings.fills,
            quirks: findings.quirks,
            share: findings.share,
        },
        plan,
        scratch,
    })
}

/// Refuses to lose more rows than may be lost.
fn refuse_removals(
    previous: &Snapshot,
    counts: &Counts,
    options: &ImportOptions,
) -> Result<(), ImportError> {
    // A row without a key that has changed is one that is gone, and another one.
    let removed = if options.key_columns.is_empty() {
        counts.removed - counts.added
    } else {
        counts.removed
    };
    match options.most_removed {
        Some(most) if removed > most => Err(ImportError::TooManyRemoved {
            removed,
            rows: previous.counts.row_count,
            most,
        }),
        _ => Ok(()),
    }
}

/// What a column means, however it is stored.
type Meaning = (String, String, Option<String>, Vec<String>);

fn meaning(columns: &[Column]) -> Vec<Meaning> {
    let columns = columns.iter().cloned();
    columns
        .map(|c| (c.name, c.column_type, c.format, c.null_tokens))
        .collect()
}

/// Whether rows, order and columns are those of `previous`.
fn is_same_content(previous: &Snapshot, counts: &Counts, columns: &[Column]) -> bool {
    let changes = counts.added + counts.removed + counts.changed + counts.moved;
    changes == 0
        && counts.rejected == previous.counts.rejected
        && meaning(columns) == meaning(&previous.columns)
}

/// Whether the input is byte for byte the one of `previous` and was understood in the same way.
fn is_same_input(previous: &Snapshot, exhausted: &Exhausted, columns: &[Column]) -> bool {
    exhausted.finished.input_hash == previous.input_hash
        && exhausted.finished.dialect == previous.dialect
        && Counts {
            added: 0,
            removed: 0,
            changed: 0,
            moved: 0,
            ..previous.counts
        } == exhausted.counts()
        && meaning(columns) == meaning(&previous.columns)
}
