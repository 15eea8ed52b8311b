//! Rows on their way into the file.

use std::io;

use manifold_format::TypedCell;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::spool::{Batch, PulledColumn};
use crate::Progress;
use crate::database::DatabaseError;
use crate::spool::{SpooledTable, pack};

/// How many bytes are handed over at once.
const BYTES: usize = 1 << 18;

type Written = JoinHandle<io::Result<SpooledTable>>;
type Report<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// Takes rows as a server sends them. It holds a few batches, or a row that is larger.
pub(super) struct SpoolFeed<'a> {
    url: String,
    sender: mpsc::Sender<Batch>,
    writing: Written,
    max_cell: u64,
    report: Option<Report<'a>>,
    columns: Vec<String>,
    batch: Vec<u8>,
    cells: usize,
    rows: u64,
    too_large: Option<(usize, u64)>,
}

impl<'a> SpoolFeed<'a> {
    pub(super) fn new(
        url: &str,
        sender: mpsc::Sender<Batch>,
        writing: Written,
        max_cell: u64,
    ) -> Self {
        Self {
            url: url.to_owned(),
            sender,
            writing,
            max_cell,
            report: None,
            columns: Vec::new(),
            batch: Vec::with_capacity(BYTES),
            cells: 0,
            rows: 0,
            too_large: None,
        }
    }

    /// Says there how many rows came.
    pub(super) fn report_to(&mut self, report: Report<'a>) {
        self.report = Some(report);
    }

    /// The columns, before any row.
    pub(super) async fn columns(
        &mut self,
        columns: Vec<PulledColumn>,
    ) -> Result<(), DatabaseError> {
        self.columns = columns.iter().map(|column| column.name.clone()).collect();
        self.send(Batch::Columns(columns)).await
    }

    /// The next cell of the row at hand.
    pub(super) fn cell(&mut self, cell: TypedCell<'_>) {
        let length = cell.bytes().len() as u64;
        if length > self.max_cell && self.too_large.is_none() {
            self.too_large = Some((self.cells, length));
        }
        pack(cell, &mut self.batch);
        self.cells += 1;
    }

    /// The row has all of its cells; `true` when it is time to [`flush`](Self::flush).
    ///
    /// # Errors
    /// [`DatabaseError::TooLarge`]; [`DatabaseError::Query`] for a row that has other columns.
    pub(super) fn end_row(&mut self) -> Result<bool, DatabaseError> {
        if let Some((column, bytes)) = self.too_large {
            return Err(DatabaseError::TooLarge {
                url: self.url.clone(),
                column: self.columns.get(column).cloned().unwrap_or_default(),
                bytes,
            });
        }
        if self.cells != self.columns.len() {
            return Err(DatabaseError::Query {
                url: self.url.clone(),
                reason: "the columns changed while the rows were read".to_owned(),
            });
        }
        self.cells = 0;
        self.rows += 1;
        Ok(self.batch.len() >= BYTES)
    }

    /// Hands over what there is.
    pub(super) async fn flush(&mut self) -> Result<(), DatabaseError> {
        let batch = std::mem::replace(&mut self.batch, Vec::with_capacity(BYTES));
        self.tell();
        match batch.is_empty() {
            true => Ok(()),
            false => self.send(Batch::Rows(batch)).await,
        }
    }

    /// All rows came.
    ///
    /// # Errors
    /// [`DatabaseError::Temporary`].
    pub(super) async fn finish(mut self) -> Result<SpooledTable, DatabaseError> {
        self.flush().await?;
        let Self {
            url,
            sender,
            writing,
            ..
        } = self;
        drop(sender);
        written(url, writing).await
    }

    /// The error, or that the disk could not keep the rows, which is then why.
    pub(super) async fn failed(self, error: DatabaseError) -> DatabaseError {
        let Self {
            url,
            sender,
            writing,
            ..
        } = self;
        drop(sender);
        match written(url, writing).await {
            Err(failed @ DatabaseError::Temporary { .. })
                if !matches!(error, DatabaseError::Stopped) =>
            {
                failed
            }
            _ => error,
        }
    }

    async fn send(&mut self, batch: Batch) -> Result<(), DatabaseError> {
        let sent = self.sender.send(batch).await;
        // Why nobody writes is told by `failed`.
        sent.map_err(|_| DatabaseError::Temporary {
            url: self.url.clone(),
            source: io::ErrorKind::BrokenPipe.into(),
        })
    }

    fn tell(&self) {
        if let Some(report) = self.report {
            report(Progress {
                done: self.rows,
                total: None,
                unit: "rows",
                rows: Some(self.rows),
                ..Progress::step("pulling")
            });
        }
    }
}

async fn written(url: String, writing: Written) -> Result<SpooledTable, DatabaseError> {
    let written = writing
        .await
        .unwrap_or_else(|died| Err(io::Error::other(died)));
    written.map_err(|source| DatabaseError::Temporary { url, source })
}
