//! Rows that were pulled into a file, behind the trait that every format has.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use manifold_format::{
    ByteProgress, Column, Encoding, Item, ReadError, Reader, Record, Rows, Table, TableSummary,
};
use serde_json::{Value as Json, json};

use super::spool::{Found, open, take};

/// Rows that were pulled into a file. What their columns hold was found when they were written, and they are read once more.
pub(super) struct SpooledRows {
    path: PathBuf,
    found: Arc<Found>,
    tables: Vec<Table>,
    progress: ByteProgress,
}

impl SpooledRows {
    pub(super) fn new(
        path: PathBuf,
        size: u64,
        found: Arc<Found>,
        columns: Vec<Column>,
        reading: Json,
    ) -> Self {
        let table = Table {
            name: None,
            columns,
            references: Vec::new(),
            reading,
        };
        Self {
            path,
            found,
            tables: vec![table],
            progress: ByteProgress {
                total: Some(size),
                read: Arc::new(AtomicU64::new(0)),
            },
        }
    }
}

impl Reader for SpooledRows {
    fn format(&self) -> &'static str {
        "database"
    }

    fn tables(&self) -> &[Table] {
        &self.tables
    }

    fn progress(&self) -> ByteProgress {
        self.progress.clone()
    }

    fn rows(&mut self, table: usize) -> Result<Box<dyn Rows>, ReadError> {
        if table != 0 {
            return Err(ReadError::NoTable { table });
        }
        let input = open(&self.path).map_err(|error| ReadError::Other(Box::new(error)))?;
        let verdicts = self.found.verdicts.iter();
        self.progress.read.store(0, Ordering::Relaxed);
        Ok(Box::new(PulledRows {
            input,
            encodings: verdicts.map(|verdict| verdict.encoding).collect(),
            found: self.found.clone(),
            read: 0,
            scratch: Vec::new(),
            progress: self.progress.clone(),
        }))
    }
}

/// The rows of the file, one by one.
struct PulledRows {
    input: BufReader<File>,
    found: Arc<Found>,
    encodings: Vec<Encoding>,
    read: u64,
    scratch: Vec<u8>,
    progress: ByteProgress,
}

impl Rows for PulledRows {
    fn set_encodings(&mut self, encodings: &[Encoding]) -> Result<(), ReadError> {
        let (columns, found) = (self.encodings.len(), encodings.len());
        if columns != found {
            return Err(ReadError::EncodingCount { columns, found });
        }
        if self.read > 0 {
            return Err(ReadError::EncodingsLate { rows: self.read });
        }
        self.encodings = encodings.to_vec();
        Ok(())
    }

    fn next(&mut self, record: &mut Record) -> Result<Item, ReadError> {
        if self.read == self.found.rows {
            return Ok(Item::End);
        }
        self.read += 1;
        record.begin(self.read);
        let mut bytes = 0;
        for encoding in &self.encodings {
            let cell = take(&mut self.input, &mut self.scratch);
            let cell = cell.map_err(|error| ReadError::Other(Box::new(error)))?;
            bytes += cell.bytes().len() as u64 + 9;
            record.push(cell, *encoding)?;
        }
        self.progress.read.fetch_add(bytes, Ordering::Relaxed);
        Ok(Item::Row)
    }

    fn finish(&mut self) -> Result<TableSummary, ReadError> {
        self.read = self.found.rows;
        let found = &self.found;
        let declared = found.columns.iter();
        let declared = declared.map(|column| (column.name.clone(), Json::from(&*column.declared)));
        Ok(TableSummary {
            odd_cells: found.verdicts.iter().map(|verdict| verdict.odd_cells).sum(),
            columns: found.verdicts.clone(),
            dialect: json!({ "declared": Json::Object(declared.collect()) }),
            rows: found.rows,
            rejected: 0,
            padded: 0,
            mended: 0,
            bytes: found.bytes,
            hash: found.hash,
        })
    }
}
