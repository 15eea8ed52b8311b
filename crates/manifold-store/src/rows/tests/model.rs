//! What the row log must do, on whole rows in memory.

use super::super::{
    Counts, Effect, ImportOptions, Outcome, Snapshot, Unwatched, Watch, delete, import, recover,
};
use super::csvish::{Csvish, Record};
use super::failing::Fussy;
use super::project::{Project, SOURCE};
use super::seen::{Seen, check_diff};
use std::collections::HashMap;

/// A project and every input that it should still be able to show.
pub(super) struct Model {
    pub(super) project: Project,
    pub(super) kept: Vec<(String, Csvish)>,
    pub(super) keyed: bool,
    pub(super) window: usize,
    pub(super) batch_rows: u64,
    /// As in [`ImportOptions`].
    pub(super) most_moved: u32,
    /// As in [`ImportOptions`].
    pub(super) list_bytes: usize,
    numbers: i64,
}

impl Model {
    pub(super) fn new(keyed: bool, window: usize, batch_rows: u64) -> Self {
        let project = Project::new();
        if keyed {
            let set = "UPDATE data_sources SET key_columns = '[\"k0\"]'";
            project.conn.execute(set, []).unwrap();
        }
        Self {
            project,
            kept: Vec::new(),
            keyed,
            window,
            batch_rows,
            most_moved: 10,
            list_bytes: 1 << 20,
            numbers: 0,
        }
    }

    /// Imports the input. If `stop` says so, a first attempt is not allowed to write any more from its n-th transaction on, not
    /// even to take anything back.
    pub(super) fn import(&mut self, input: &Csvish, always: bool, stop: Option<u32>) {
        let key_columns = if self.keyed {
            vec!["k0".to_owned()]
        } else {
            vec![]
        };
        let options = ImportOptions {
            always,
            key_columns,
            window: self.window,
            batch_rows: self.batch_rows,
            most_moved: self.most_moved,
            list_bytes: self.list_bytes,
            durability: crate::Durability::Relaxed,
            resumable: stop.is_some_and(|refuse| refuse % 2 == 0),
            ..self.project.options()
        };
        let planned = ImportOptions {
            dry_run: true,
            ..options.clone()
        };
        let planned = import(
            &self.project.conn,
            SOURCE,
            &mut input.records(),
            &planned,
            &mut Unwatched,
        );
        let attempt = |watch: &mut dyn Watch| {
            let mut records = input.records();
            import(&self.project.conn, SOURCE, &mut records, &options, watch)
        };
        let stopped = stop.map(|refuse| attempt(&mut Fussy::refusing(refuse)));
        let was_stopped = matches!(stopped, Some(Err(_)));
        let outcome = match stopped {
            Some(Ok(outcome)) => Ok(outcome),
            _ => attempt(&mut Unwatched),
        };
        let before = self.kept.last();
        match outcome.unwrap() {
            Outcome::Unchanged { snapshot_id } => {
                let (id, latest) = before.expect("something to be equal to");
                assert_eq!(
                    (&snapshot_id, &latest.names, &latest.records),
                    (id, &input.names, &input.records)
                );
                assert!(!always);
            }
            Outcome::Published(summary) => {
                self.numbers += 1;
                assert_eq!(summary.number, self.numbers);
                if !was_stopped {
                    assert_eq!(planned.unwrap(), Outcome::Planned(summary.clone()));
                } // else it used up column numbers
                let same = before
                    .is_some_and(|(_, b)| b.names == input.names && b.records == input.records);
                assert!(always || !same, "an equal input made a snapshot");
                let before = before.map(|(id, input)| (self.project.snapshot(id), input));
                self.check_counts(&summary.counts, before, input);
                let snapshot = self.project.latest();
                assert_eq!(snapshot.counts, summary.counts);
                assert_eq!(snapshot.columns, summary.columns);
                self.kept.push((snapshot.id, input.clone()));
            }
            Outcome::Planned(_) => panic!("not a dry run"),
        }
    }

    /// Deletes the snapshot at `place` among those that are kept.
    pub(super) fn delete(&mut self, place: usize) {
        let (id, _) = self.kept.remove(place);
        let deleted = delete(&self.project.conn, SOURCE, &[id], Effect::Lasting, &|_| {
            Ok(())
        });
        let latest = deleted.unwrap().latest;
        assert_eq!(latest.as_ref(), self.kept.last().map(|(id, _)| id));
    }

    /// How many snapshots are kept.
    pub(super) fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Everything that is kept reads back as it was.
    pub(super) fn check(&self) {
        let project = &self.project;
        assert_eq!(
            recover(&project.conn, SOURCE, &|_| Ok(())).unwrap(),
            Default::default()
        );
        let seen: Vec<Seen> = self
            .kept
            .iter()
            .map(|(id, _)| Seen::read(project, project.snapshot(id)))
            .collect();
        for (seen, (_, input)) in seen.iter().zip(&self.kept) {
            let number = seen.snapshot.number;
            assert_eq!(seen.shown, input.shown(), "snapshot {number}");
            let expected: Vec<_> = input.rows().map(|(_, quirk)| quirk.clone()).collect();
            assert_eq!(seen.quirks, expected, "quirks of snapshot {number}");
            self.check_rejects(seen, input);
        }
        // One after the other is read in parts.
        if let Some(seen) = seen.get(self.numbers as usize % seen.len().max(1)) {
            let middle = seen.shown.len() / 2;
            if let Some(position) = seen.positions.get(middle) {
                let rest = project.read(&seen.snapshot, Some(*position), None);
                let rest: Vec<_> = rest.into_iter().map(|(_, row, _)| row).collect();
                assert_eq!(
                    rest,
                    seen.shown[middle + 1..],
                    "reading on behind {position}"
                );
            }
        }
        for pair in seen.windows(2) {
            check_diff(project, &pair[0], &pair[1], self.keyed);
        }
        if let (Some(first), Some(last)) = (seen.first(), seen.last()) {
            check_diff(project, last, first, self.keyed);
            if seen.len() > 2 {
                check_diff(project, first, last, self.keyed);
            }
        }
        self.check_orders();
        match self.kept.last() {
            Some((_, input)) => self.check_view(input),
            None => assert!(project.conn.prepare("SELECT 1 FROM orders").is_err()),
        }
    }

    /// The orders that are stored are those that snapshots have.
    fn check_orders(&self) {
        let orders = |sql: &str| -> Vec<i64> {
            let mut statement = self.project.conn.prepare(sql).unwrap();
            let orders = statement.query_map([], |row| row.get(0)).unwrap();
            orders.map(Result::unwrap).collect()
        };
        assert_eq!(
            orders("SELECT order_id FROM row_orders ORDER BY 1"),
            orders("SELECT DISTINCT order_id FROM snapshots WHERE order_id IS NOT NULL ORDER BY 1")
        );
    }

    fn check_rejects(&self, seen: &Seen, input: &Csvish) {
        let mut expected = Vec::new();
        let mut row = 0;
        for record in &input.records {
            match record {
                Record::Row { .. } => row += 1,
                Record::Reject(raw) => expected.push((raw.clone(), row)),
            }
        }
        let rids: Vec<i64> = seen.positions.iter().map(|position| position.rid).collect();
        let mut statement = self
            .project
            .conn
            .prepare("SELECT raw, before_rid FROM rejected_rows WHERE snapshot_id = ? ORDER BY id")
            .unwrap();
        let found: Vec<(Vec<u8>, Option<i64>)> = statement
            .query_map([&seen.snapshot.id], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(raw, row)| (raw, rids.get(row).copied()))
            .collect();
        assert_eq!(
            found, expected,
            "rejected records of snapshot {}",
            seen.snapshot.number
        );
    }

    /// The stored view has the rows of the latest snapshot, and text is shown as it was read.
    fn check_view(&self, input: &Csvish) {
        let snapshot = self.project.latest();
        let count = self.project.number("SELECT count(*) FROM orders");
        assert_eq!(count, snapshot.counts.row_count);
        for (at, column) in snapshot.columns.iter().enumerate() {
            if column.column_type != "text" {
                continue;
            }
            let mut statement = self
                .project
                .conn
                .prepare(&format!("SELECT \"{}\" FROM orders", column.name))
                .unwrap();
            let mut found: Vec<Option<Vec<u8>>> = statement
                .query_map([], |row| {
                    let value = row.get_ref(0)?;
                    Ok(value.as_bytes_or_null()?.map(<[u8]>::to_vec))
                })
                .unwrap()
                .map(Result::unwrap)
                .collect();
            let mut expected: Vec<_> = input.rows().map(|(cells, _)| cells[at].clone()).collect();
            if column.encoding == "fixed2" {
                // SQL prints the negative zero without its sign.
                let zero = expected
                    .iter_mut()
                    .filter(|c| c.as_deref() == Some(b"-0.00".as_slice()));
                zero.for_each(|cell| *cell = Some(b"0.00".to_vec()));
            }
            found.sort();
            expected.sort();
            assert_eq!(
                found, expected,
                "view of {} as {}",
                column.name, column.encoding
            );
        }
    }

    /// The counts are those that follow from the rows, where only one answer is right.
    fn check_counts(&self, counts: &Counts, before: Option<(Snapshot, &Csvish)>, input: &Csvish) {
        let rows: Vec<_> = input.rows().map(|(cells, _)| cells.clone()).collect();
        assert_eq!(counts.row_count, rows.len() as i64);
        assert_eq!(counts.rejected, (input.records.len() - rows.len()) as i64);
        let Some((snapshot, before)) = before else {
            let first = Counts {
                added: counts.row_count,
                removed: 0,
                changed: 0,
                moved: 0,
                ..*counts
            };
            assert_eq!(*counts, first);
            return;
        };
        let old: Vec<_> = before.rows().map(|(cells, _)| cells.clone()).collect();
        let shared = counts.row_count - counts.added;
        assert_eq!(shared, old.len() as i64 - counts.removed, "{counts:?}");
        let encodings = |snapshot: &Snapshot| {
            snapshot
                .columns
                .iter()
                .map(|c| c.encoding.clone())
                .collect::<Vec<_>>()
        };
        if before.names != input.names || encodings(&snapshot) != encodings(&self.project.latest())
        {
            return;
        }
        let id = |row: &Vec<Option<Vec<u8>>>| {
            if self.keyed {
                vec![row[0].clone()]
            } else {
                row.clone()
            }
        };
        let mut balance: HashMap<_, i64> = HashMap::new();
        old.iter()
            .for_each(|row| *balance.entry(id(row)).or_default() -= 1);
        rows.iter()
            .for_each(|row| *balance.entry(id(row)).or_default() += 1);
        assert_eq!(
            counts.added,
            balance.values().filter(|n| **n > 0).sum::<i64>(),
            "{counts:?}"
        );
        let at: HashMap<_, usize> = old
            .iter()
            .enumerate()
            .map(|(at, row)| (id(row), at))
            .collect();
        let new: std::collections::HashSet<_> = rows.iter().map(id).collect();
        if at.len() < old.len() || new.len() < rows.len() {
            return;
        }
        let matched: Vec<_> = rows
            .iter()
            .filter_map(|row| at.get(&id(row)).map(|&at| (at, row)))
            .collect();
        let changed = matched.iter().filter(|(at, row)| old[*at] != **row).count() as i64;
        assert_eq!(counts.changed, changed, "{counts:?}");
        if changed == 0 {
            let order: Vec<usize> = matched.iter().map(|(at, _)| *at).collect();
            let stay = longest_increasing(&order);
            assert_eq!(
                counts.moved,
                (order.len() - stay) as i64,
                "{counts:?} {order:?}"
            );
        }
    }
}

pub(super) fn longest_increasing(order: &[usize]) -> usize {
    let mut ends: Vec<usize> = Vec::new();
    for &at in order {
        let place = ends.partition_point(|&end| end < at);
        match ends.get_mut(place) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    ends.len()
}
