//! Recognising a renamed column by its values.

use super::super::error::{Doing, RowsError};
use super::super::in_order::OrderedScan;
use super::super::records::{IncomingColumn, Records};
use super::super::rename::{RenameReason, RenamedColumn};
use super::super::snapshot::Snapshot;
use super::super::source::column_list;
use rusqlite::Connection;
use std::collections::HashMap;

/// Rows that are compared.
const SAMPLE: usize = 256;
/// The least part of the values that must be the same, in percent.
const OVERLAP: usize = 90;

/// The first values of the stored columns whose name the input does not have.
pub(super) struct Renamed {
    columns: Vec<(usize, Vec<Vec<u8>>)>,
}

impl Renamed {
    /// Reads the first values of those columns of `previous` whose places are `free`.
    pub(super) fn read(
        conn: &Connection,
        previous: &Snapshot,
        free: &[usize],
        records: &dyn Records,
    ) -> Result<Self, RowsError> {
        let mut columns: Vec<_> = free.iter().map(|&at| (at, Vec::new())).collect();
        if free.is_empty() {
            return Ok(Self { columns });
        }
        let list = column_list(free.iter().map(|&at| previous.columns[at].phys));
        let mut read = || {
            let mut scan = OrderedScan::prepare(conn, previous, &list)?;
            let mut rows = scan.rows(None)?;
            for _ in 0..SAMPLE {
                let Some(placed) = rows.next()? else { break };
                for (index, (at, values)) in columns.iter_mut().enumerate() {
                    let cell = placed.cell(index);
                    let mut value = Vec::new();
                    records.render(cell, &previous.columns[*at].encoding, &mut value);
                    values.push(value);
                }
            }
            Ok(())
        };
        read().doing("reading columns to compare names")?;
        // A column of one value is like any other such column.
        columns.retain(|(_, values)| values.iter().any(|value| *value != values[0]));
        Ok(Self { columns })
    }

    /// Gives each incoming column that was not found the stored one it is most like, if it is
    /// like one, and returns these.
    pub(super) fn find(
        mut self,
        incoming: &[IncomingColumn],
        previous: &Snapshot,
        found: &mut [Option<usize>],
    ) -> Vec<RenamedColumn> {
        let mut renamed = Vec::new();
        for (at, column) in incoming.iter().enumerate() {
            if found[at].is_some() {
                continue;
            }
            let best = self
                .columns
                .iter()
                .enumerate()
                .map(|(index, (_, values))| (shared(values, &column.sample), index))
                .filter(|&((both, most), _)| both * 100 >= most * OVERLAP)
                .max_by(|((a, of_a), _), ((b, of_b), _)| (a * of_b).cmp(&(b * of_a)));
            if let Some(((same, of), index)) = best {
                let stored = self.columns.swap_remove(index).0;
                found[at] = Some(stored);
                renamed.push(RenamedColumn {
                    from: previous.columns[stored].name.clone(),
                    to: column.name.clone(),
                    why: RenameReason::SameValues { same, of },
                });
            }
        }
        renamed
    }
}

/// How many values both have, each as often as both have it, and how many there are at most.
fn shared(stored: &[Vec<u8>], incoming: &[Vec<u8>]) -> (usize, usize) {
    let mut left: HashMap<&[u8], usize> = HashMap::new();
    for value in stored {
        *left.entry(value).or_default() += 1;
    }
    let both = incoming
        .iter()
        .take(SAMPLE)
        .filter(|value| match left.get_mut(value.as_slice()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        })
        .count();
    (both, stored.len().max(incoming.len().min(SAMPLE)))
}
