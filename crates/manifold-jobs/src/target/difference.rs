//! The rows that differ between two snapshots, on their way into a target.

use std::collections::HashSet;
use std::ops::ControlFlow;

use manifold_format::ShownColumn;
use manifold_store::rows::{Cell, Change, Changes, Column, Diff, Row};

use super::TargetError;
use super::cell::TargetCell;
use super::column::Fitted;
use super::rows::{Batches, Line, cell, hash_of};
use crate::export::shown_column;

/// Takes the changes between two snapshots. Without a key only what is new goes through.
pub(super) struct Differences<'a> {
    fitted: &'a [Fitted],
    key: Option<&'a [usize]>,
    batches: &'a mut Batches,
    /// For each column of the latest snapshot: how it shows its cells, and those of the older one where it had the column.
    columns: Vec<(ShownColumn, Option<ShownColumn>)>,
    known: Option<HashSet<blake3::Hash>>,
    failed: Option<TargetError>,
}

impl<'a> Differences<'a> {
    pub(super) fn new(
        fitted: &'a [Fitted],
        key: Option<&'a [usize]>,
        batches: &'a mut Batches,
    ) -> Self {
        Self {
            fitted,
            key,
            batches,
            columns: Vec::new(),
            known: None,
            failed: None,
        }
    }

    /// Remembers the keys of all rows that differ.
    pub(super) fn remember_keys(&mut self) {
        self.known = Some(HashSet::new());
    }

    /// The keys, if they were remembered.
    ///
    /// # Errors
    /// What is wrong with the columns.
    pub(super) fn finish(self) -> Result<Option<HashSet<blake3::Hash>>, TargetError> {
        match self.failed {
            Some(error) => Err(error),
            None => Ok(self.known),
        }
    }

    fn learn(&mut self, diff: &Diff) -> Result<(), TargetError> {
        for column in &diff.columns {
            let Some(to) = &column.to else {
                continue; // the target keeps it as it is
            };
            // Under another name it is a new column there.
            let is_same = |from: &&Column| from.name == to.name;
            let from = column.from.as_ref().filter(is_same).map(shown_column);
            self.columns.push((shown_column(to)?, from.transpose()?));
        }
        Ok(())
    }

    fn ours(&self, row: &Row) -> Vec<TargetCell> {
        let columns = self.columns.iter().zip(self.fitted).enumerate();
        let cells = columns.map(|(index, ((to, _), fitted))| cell(at(row, index), to, *fitted));
        cells.collect()
    }

    fn base(&self, row: &Row) -> Vec<TargetCell> {
        let columns = self.columns.iter().zip(self.fitted).enumerate();
        let cells = columns.map(|(index, ((_, from), fitted))| match from {
            Some(from) => cell(at(row, index), from, *fitted),
            None => TargetCell::Null,
        });
        cells.collect()
    }

    fn push(&mut self, line: Line) -> ControlFlow<()> {
        if let (Some(known), Some(key)) = (&mut self.known, self.key) {
            known.insert(hash_of(key.iter().map(|index| &line.ours[*index])));
        }
        self.batches.push(line)
    }
}

impl Changes for Differences<'_> {
    fn begin(&mut self, diff: &Diff, _: u64) -> ControlFlow<()> {
        match self.learn(diff) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn change(&mut self, change: Change) -> ControlFlow<()> {
        let line = match (&change, self.key) {
            (Change::Added { after }, _) | (Change::Changed { after, .. }, None) => Line {
                op: "+",
                ours: self.ours(after),
                base: vec![TargetCell::Null; self.columns.len()],
            },
            (Change::Changed { before, after }, Some(_)) => Line {
                op: "~",
                ours: self.ours(after),
                base: self.base(before),
            },
            (Change::Removed { before }, Some(key)) => {
                let base = self.base(before);
                let mut ours = vec![TargetCell::Null; base.len()];
                for index in key {
                    ours[*index] = base[*index].clone();
                }
                Line {
                    op: "-",
                    ours,
                    base,
                }
            }
            (Change::Removed { .. }, None) | (Change::Moved { .. }, _) => {
                return ControlFlow::Continue(());
            }
        };
        self.push(line)
    }
}

fn at(row: &Row, index: usize) -> Cell<'_> {
    if index < row.len() {
        row.cell(index)
    } else {
        Cell::Null
    }
}
