//! The thread that sets aside what a server sends.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tokio::sync::mpsc;

use super::SpoolFeed;
use crate::database::DatabaseError;
use crate::spool::{PackedCells, RowSpool, SpooledTable};

/// How many batches wait to be written.
const WAITING: usize = 2;

/// A column of what is pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PulledColumn {
    pub(super) name: String,
    /// What the database calls its type.
    pub(super) declared: String,
}

/// What is on its way into the file.
pub(super) enum Batch {
    /// The columns, before any row.
    Columns(Vec<PulledColumn>),
    /// The packed cells of whole rows.
    Rows(Vec<u8>),
}

/// Rows that are being set aside, and their columns.
pub(super) struct Spool {
    rows: RowSpool,
    columns: Vec<PulledColumn>,
}

impl Spool {
    /// Makes the file in `folder`, and begins to write to it on a thread of its own. Cells that are one of `null_tokens` are counted.
    ///
    /// # Errors
    /// [`DatabaseError::Temporary`].
    pub(super) async fn begin<'a>(
        url: &str,
        folder: PathBuf,
        null_tokens: Arc<[String]>,
        reading: Json,
        max_cell: u64,
    ) -> Result<SpoolFeed<'a>, DatabaseError> {
        let made = manifold_store::blocking(move || RowSpool::create(&folder, 0, null_tokens));
        let rows = made.await.map_err(|source| DatabaseError::Temporary {
            url: url.to_owned(),
            source,
        })?;
        let (sender, batches) = mpsc::channel(WAITING);
        let spool = Self {
            rows,
            columns: Vec::new(),
        };
        let writing = tokio::task::spawn_blocking(move || spool.write(batches, reading));
        Ok(SpoolFeed::new(url, sender, writing, max_cell))
    }

    /// Writes what comes until nothing comes any more.
    fn write(
        mut self,
        mut batches: mpsc::Receiver<Batch>,
        reading: Json,
    ) -> io::Result<SpooledTable> {
        while let Some(batch) = batches.blocking_recv() {
            match batch {
                Batch::Columns(columns) => {
                    for column in &columns {
                        self.rows.add_column([&column.name, &column.declared]);
                    }
                    self.columns = columns;
                }
                Batch::Rows(rows) => {
                    let mut cells = PackedCells(&rows);
                    while !cells.is_empty() {
                        self.rows.push(cells.by_ref().take(self.columns.len()))?;
                    }
                }
            }
        }
        let declared = self.columns.iter();
        let declared = declared.map(|column| (column.name.clone(), Json::from(&*column.declared)));
        let dialect = json!({ "declared": Json::Object(declared.collect()) });
        let names = self.columns.into_iter().map(|column| column.name);
        self.rows
            .finish("database", names.collect(), reading, dialect)
    }
}
