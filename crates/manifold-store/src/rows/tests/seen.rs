//! What snapshots show, and whether a diff leads from one to the other.

use super::super::{Change, Listing, Position, Row, Snapshot, diff, read};
use super::csvish::shown;
use super::model::longest_increasing;
use super::project::Project;
use std::collections::HashMap;
use std::ops::ControlFlow;

/// A snapshot and its rows in their order.
pub(super) struct Seen {
    pub(super) snapshot: Snapshot,
    pub(super) positions: Vec<Position>,
    /// As [`Project::rows`] shows them.
    pub(super) shown: Vec<String>,
    pub(super) quirks: Vec<Option<Vec<u8>>>,
    /// The cells of each row, packed.
    cells: Vec<Vec<Vec<u8>>>,
}

impl Seen {
    pub(super) fn read(project: &Project, snapshot: Snapshot) -> Self {
        let of = snapshot.clone();
        let mut seen = Self {
            snapshot,
            positions: Vec::new(),
            shown: Vec::new(),
            quirks: Vec::new(),
            cells: Vec::new(),
        };
        read(&project.conn, &of, None, None, |position, row, quirk| {
            let cells = row.cells().zip(&of.columns);
            let texts: Vec<_> = cells
                .map(|(cell, column)| shown(cell, &column.encoding))
                .collect();
            let packed = row.cells().map(|cell| {
                let mut packed = Vec::new();
                cell.pack(&mut packed);
                packed
            });
            seen.cells.push(packed.collect());
            seen.positions.push(position);
            seen.shown.push(texts.join(","));
            seen.quirks.push(quirk.map(<[u8]>::to_vec));
            ControlFlow::Continue(())
        })
        .unwrap();
        seen
    }

    /// The rows with the cells of these columns only, packed.
    fn common(&self, phys: &[i64]) -> Vec<Vec<u8>> {
        let columns = &self.snapshot.columns;
        let at = |phys: &i64| columns.iter().position(|c| c.phys == *phys).unwrap();
        let at: Vec<usize> = phys.iter().map(at).collect();
        let row = |cells: &Vec<Vec<u8>>| at.iter().flat_map(|&at| cells[at].clone()).collect();
        self.cells.iter().map(row).collect()
    }
}

/// A diff leads from the rows of one snapshot to those of the other.
pub(super) fn check_diff(project: &Project, first: &Seen, second: &Seen, keyed: bool) {
    let (from, to) = (&first.snapshot, &second.snapshot);
    let found = diff(&project.conn, from, to, Listing::ALL, None).unwrap();
    let common: Vec<usize> = (0..found.columns.len())
        .filter(|&at| found.columns[at].is_common())
        .collect();
    let phys: Vec<i64> = common.iter().map(|&at| found.columns[at].phys()).collect();
    let mut rows: HashMap<Vec<u8>, i64> = HashMap::new();
    for (seen, sign) in [(first, 1), (second, -1)] {
        for row in seen.common(&phys) {
            *rows.entry(row).or_default() += sign;
        }
    }
    let (mut added, mut removed, mut changed, mut moved) = (0, 0, 0, 0);
    let mut apply = |row: &Row, sign: i64| {
        let mut packed = Vec::new();
        common.iter().for_each(|&at| row.cell(at).pack(&mut packed));
        *rows.entry(packed).or_default() += sign;
    };
    for change in &found.changes {
        match change {
            Change::Added { after } => {
                added += 1;
                apply(after, 1);
            }
            Change::Removed { before } => {
                removed += 1;
                apply(before, -1);
            }
            Change::Changed { before, after } => {
                changed += 1;
                apply(before, -1);
                apply(after, 1);
            }
            Change::Moved { .. } => moved += 1,
        }
    }
    assert!(
        rows.values().all(|left| *left == 0),
        "{} -> {}: {found:?}",
        from.number,
        to.number
    );
    assert_eq!(
        (added, removed, changed, moved),
        (found.added, found.removed, found.changed, found.moved)
    );
    assert_eq!(
        from.counts.row_count + added as i64 - removed as i64,
        to.counts.row_count
    );
    assert!(keyed || changed == 0);
    if from.order_id != to.order_id && changed == 0 {
        check_moved(first, second, &phys, moved);
    }
}

/// Where every row is another one, and none of them changed, only one number of moved rows is right.
fn check_moved(from: &Seen, to: &Seen, phys: &[i64], moved: u64) {
    let (old, new) = (from.common(phys), to.common(phys));
    let places: HashMap<_, usize> = old.iter().zip(0..).collect();
    let distinct: std::collections::HashSet<_> = new.iter().collect();
    if phys.is_empty() || places.len() < old.len() || distinct.len() < new.len() {
        return;
    }
    let order: Vec<usize> = new
        .iter()
        .filter_map(|row| places.get(row).copied())
        .collect();
    assert_eq!(
        moved,
        (order.len() - longest_increasing(&order)) as u64,
        "{} -> {}",
        from.snapshot.number,
        to.snapshot.number
    );
}
