//! Rows on their way into a writer.

use std::ops::ControlFlow;

use manifold_format::{ShownCell, ShownColumn, Value, WriteError, Writer};
use manifold_store::rows::Cell;
use tokio_util::sync::CancellationToken;

use super::{Course, ExportError, ExportedColumn};

/// Makes the writer, once the columns are known.
pub(super) type OpenWriter =
    Box<dyn FnOnce(&[ExportedColumn]) -> Result<Box<dyn Writer>, WriteError> + Send>;

/// Rows that were written.
#[derive(Debug)]
pub(super) struct Flown {
    pub(super) columns: Vec<ExportedColumn>,
    pub(super) rows: u64,
    /// What people should know of them.
    pub(super) warnings: Vec<String>,
}

/// Rows on their way into a writer. What goes wrong is kept until the end, since who reads the rows knows other errors.
pub(super) struct RowFlow {
    target: String,
    open: Option<OpenWriter>,
    writer: Option<Box<dyn Writer>>,
    course: Course,
    columns: Vec<ExportedColumn>,
    scratch: Vec<u8>,
    failed: Option<ExportError>,
}

impl RowFlow {
    /// A flow into what `open` makes, which errors call `target`.
    pub(super) fn new(target: &str, open: OpenWriter, course: Course) -> Self {
        Self {
            target: target.to_owned(),
            open: Some(open),
            writer: None,
            course,
            columns: Vec::new(),
            scratch: Vec::new(),
            failed: None,
        }
    }

    /// Cancelled when it is to stop.
    pub(super) fn cancel(&self) -> &CancellationToken {
        self.course.cancel()
    }

    /// The columns, once, and how many rows there are, where that is known.
    pub(super) fn begin(
        &mut self,
        columns: Vec<ExportedColumn>,
        rows: Option<u64>,
    ) -> ControlFlow<()> {
        if let Some(rows) = rows {
            self.course.expect(rows);
        }
        self.columns = columns;
        let begun = match self.open.take() {
            Some(open) => open(&self.columns).map(|writer| self.writer = Some(writer)),
            None => Ok(()),
        };
        let begun = begun.map_err(|error| ExportError::of_writer(&self.target, error));
        let begun = begun.and_then(|()| self.course.look());
        self.keep(begun)
    }

    /// A cell of a snapshot, shown as its column shows it.
    #[inline]
    pub(super) fn stored(&mut self, column: &ShownColumn, cell: Cell<'_>) {
        if let Some(writer) = &mut self.writer {
            writer.cell(column.show(value(cell), &mut self.scratch));
        }
    }

    /// A cell.
    #[inline]
    pub(super) fn cell(&mut self, cell: ShownCell<'_>) {
        if let Some(writer) = &mut self.writer {
            writer.cell(cell);
        }
    }

    /// The row has all of its cells.
    #[inline]
    pub(super) fn end_row(&mut self) -> ControlFlow<()> {
        let written = match &mut self.writer {
            Some(writer) => writer.end_row(),
            None => Ok(()),
        };
        let written = match written {
            Ok(()) => self.course.row(),
            Err(error) => Err(ExportError::of_writer(&self.target, error)),
        };
        self.keep(written)
    }

    /// Keeps an error.
    pub(super) fn keep(&mut self, done: Result<(), ExportError>) -> ControlFlow<()> {
        match done {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    /// There are no more rows.
    ///
    /// # Errors
    /// What kept rows from being written.
    pub(super) fn finish(self) -> Result<Flown, ExportError> {
        let finished = match (self.failed, self.writer) {
            (Some(error), _) => Err(error),
            (None, Some(writer)) => writer
                .finish()
                .map_err(|error| ExportError::of_writer(&self.target, error)),
            (None, None) => Ok(()),
        };
        finished.map_err(|error| self.course.stopped_or(error))?;
        self.course.look()?;
        Ok(Flown {
            columns: self.columns,
            rows: self.course.rows(),
            warnings: Vec::new(),
        })
    }
}

/// A stored cell, as formats know it.
#[inline]
pub(crate) fn value(cell: Cell<'_>) -> Value<'_> {
    match cell {
        Cell::Null => Value::Null,
        Cell::Int(number) => Value::Int(number),
        Cell::Real(number) => Value::Real(number),
        Cell::Text(bytes) => Value::Text(bytes),
        Cell::Blob(bytes) => Value::Blob(bytes),
    }
}
