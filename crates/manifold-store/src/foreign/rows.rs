//! The rows of a table, read on a thread of their own.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, PoisonError};

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use super::{ForeignError, ForeignTable, Shared};

/// How many rows, and bytes, are handed over at once.
const ROWS: usize = 256;
const BYTES: usize = 1 << 20;

/// A value of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum ForeignValue {
    /// NULL.
    Null,
    /// An integer.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text; its bytes need not be UTF-8.
    Text(Vec<u8>),
    /// Bytes.
    Blob(Vec<u8>),
}

impl ToSql for ForeignValue {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Integer(value) => ToSqlOutput::Owned(Value::Integer(*value)),
            Self::Real(value) => ToSqlOutput::Owned(Value::Real(*value)),
            Self::Text(bytes) => ToSqlOutput::Borrowed(ValueRef::Text(bytes)),
            Self::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}

type Batch = Vec<Vec<ForeignValue>>;

/// The rows of a table, in the order in which it stores them. A few hundred rows are held, or one that is large.
#[derive(Debug)]
pub struct ForeignRows {
    batches: Receiver<Result<Batch, ForeignError>>,
    batch: std::vec::IntoIter<Vec<ForeignValue>>,
}

impl ForeignRows {
    pub(super) fn begin(shared: &Arc<Shared>, table: &ForeignTable) -> Self {
        let (sender, batches) = sync_channel(1);
        let (shared, table) = (shared.clone(), table.clone());
        // A statement borrows its connection, so it lives where it is stepped.
        std::thread::spawn(move || {
            if let Err(error) = send(&shared, &table, &sender) {
                drop(sender.send(Err(error))); // nobody waits for it when the rows were dropped
            }
        });
        Self {
            batches,
            batch: Vec::new().into_iter(),
        }
    }

    /// The next row, one value for each column; `None` behind the last. Blocks.
    ///
    /// # Errors
    /// [`ForeignError`].
    pub fn next_row(&mut self) -> Result<Option<Vec<ForeignValue>>, ForeignError> {
        loop {
            if let Some(row) = self.batch.next() {
                return Ok(Some(row));
            }
            match self.batches.recv() {
                Ok(batch) => self.batch = batch?.into_iter(),
                Err(_) => return Ok(None),
            }
        }
    }
}

fn send(
    shared: &Shared,
    table: &ForeignTable,
    sender: &SyncSender<Result<Batch, ForeignError>>,
) -> Result<(), ForeignError> {
    let outside = shared
        .outside
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let failed = |error| ForeignError::read(&shared.path, Some(&table.name), error);
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let columns: Vec<_> = table.columns.iter().map(|c| quoted(&c.name)).collect();
    // An index that has all columns would give its own order.
    let all = format!(
        "SELECT {} FROM main.{} NOT INDEXED",
        columns.join(", "),
        quoted(&table.name)
    );
    let mut statement = outside.connection().prepare(&all).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let (mut batch, mut bytes) = (Vec::with_capacity(ROWS), 0);
    while let Some(row) = rows.next().map_err(failed)? {
        let mut values = Vec::with_capacity(columns.len());
        for index in 0..columns.len() {
            values.push(match row.get_ref(index).map_err(failed)? {
                ValueRef::Null => ForeignValue::Null,
                ValueRef::Integer(value) => ForeignValue::Integer(value),
                ValueRef::Real(value) => ForeignValue::Real(value),
                ValueRef::Text(text) => {
                    bytes += text.len();
                    ForeignValue::Text(text.to_vec())
                }
                ValueRef::Blob(blob) => {
                    bytes += blob.len();
                    ForeignValue::Blob(blob.to_vec())
                }
            });
        }
        batch.push(values);
        if batch.len() == ROWS || bytes >= BYTES {
            bytes = 0;
            if sender.send(Ok(std::mem::take(&mut batch))).is_err() {
                return Ok(()); // the rows were dropped
            }
        }
    }
    outside
        .check_unchanged()
        .map_err(|_| ForeignError::Changed {
            path: shared.path.clone(),
        })?;
    drop(sender.send(Ok(batch)));
    Ok(())
}
