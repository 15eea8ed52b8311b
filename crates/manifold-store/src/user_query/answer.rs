//! What one project answers, on its way to who gathers the answers of all.

use std::collections::HashMap;
use std::ops::{ControlFlow, Range};

use rusqlite::types::ValueRef;
use tokio::sync::mpsc;

use super::{OddCells, UnionColumn, UserQueryError};
use crate::sandbox::{ResultColumn, RowColumn, RowSink};

/// Batches of rows that wait for their turn, for each project that runs ahead.
pub(super) const WAITING_BATCHES: usize = 4;

/// A batch is sent when its values fill so many bytes.
const BATCH_BYTES: usize = 1 << 18;

/// A part of one project's answer.
#[derive(Debug)]
pub(super) enum Part {
    /// The columns, first.
    Columns(Vec<UnionColumn>),
    /// Some rows.
    Rows(Batch),
    /// The end: no row is missing.
    Done(Vec<OddCells>),
    /// The end: the statement failed, or never ran.
    Failed(UserQueryError),
}

/// A value whose bytes stand in its batch.
#[derive(Debug)]
enum Stored {
    Null,
    Integer(i64),
    Real(f64),
    Text(Range<usize>),
    Blob(Range<usize>),
}

/// Rows in two pieces of memory, however many they are.
#[derive(Debug, Default)]
pub(super) struct Batch {
    values: Vec<Stored>,
    bytes: Vec<u8>,
}

impl Batch {
    fn push(&mut self, value: &ValueRef<'_>) {
        let stored = match *value {
            ValueRef::Null => Stored::Null,
            ValueRef::Integer(value) => Stored::Integer(value),
            ValueRef::Real(value) => Stored::Real(value),
            ValueRef::Text(bytes) => Stored::Text(self.keep(bytes)),
            ValueRef::Blob(bytes) => Stored::Blob(self.keep(bytes)),
        };
        self.values.push(stored);
    }

    fn keep(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.values.len() * size_of::<Stored>()
    }

    /// The rows, of `width` values each.
    pub(super) fn rows(&self, width: usize) -> impl Iterator<Item = Vec<ValueRef<'_>>> {
        let value = |stored: &Stored| match stored {
            Stored::Null => ValueRef::Null,
            Stored::Integer(value) => ValueRef::Integer(*value),
            Stored::Real(value) => ValueRef::Real(*value),
            Stored::Text(range) => ValueRef::Text(&self.bytes[range.clone()]),
            Stored::Blob(range) => ValueRef::Blob(&self.bytes[range.clone()]),
        };
        self.values
            .chunks(width.max(1))
            .map(move |row| row.iter().map(value).collect())
    }
}

/// Sends a project's rows in batches. Waits, on its blocking thread, while enough of them wait for their turn;
/// breaks when nobody will read them any more.
pub(super) struct PartSink {
    parts: mpsc::Sender<Part>,
    types: HashMap<RowColumn, String>,
    batch: Batch,
}

impl PartSink {
    pub(super) fn new(parts: mpsc::Sender<Part>, types: HashMap<RowColumn, String>) -> Self {
        Self {
            parts,
            types,
            batch: Batch::default(),
        }
    }

    /// The rows that were not sent yet.
    pub(super) fn rest(self) -> Option<Part> {
        (!self.batch.values.is_empty()).then_some(Part::Rows(self.batch))
    }

    fn send(&self, part: Part) -> ControlFlow<()> {
        match self.parts.blocking_send(part) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

impl RowSink for PartSink {
    fn columns(&mut self, columns: &[ResultColumn]) -> ControlFlow<()> {
        let columns = columns.iter().map(|column| UnionColumn {
            name: column.name.clone(),
            column_type: column
                .origin
                .as_ref()
                .and_then(|origin| self.types.get(origin))
                .cloned(),
        });
        self.send(Part::Columns(columns.collect()))
    }

    fn row(&mut self, values: &[ValueRef<'_>]) -> ControlFlow<()> {
        for value in values {
            self.batch.push(value);
        }
        if self.batch.size() < BATCH_BYTES {
            return ControlFlow::Continue(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.send(Part::Rows(batch))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_back_what_it_took() {
        let rows = [
            vec![ValueRef::Null, ValueRef::Text(b"\xff"), ValueRef::Blob(b"")],
            vec![
                ValueRef::Integer(i64::MIN),
                ValueRef::Real(0.1),
                ValueRef::Text("ü".as_bytes()),
            ],
        ];
        let mut batch = Batch::default();
        rows.iter().flatten().for_each(|value| batch.push(value));
        assert_eq!(batch.rows(3).collect::<Vec<_>>(), rows);
    }
}
