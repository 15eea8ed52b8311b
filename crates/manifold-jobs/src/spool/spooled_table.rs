//! Rows that were set aside, behind the trait that every format has.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use manifold_format::{
    ByteProgress, Encoding, Item, ReadError, Reader, Record, Rows, Table, TableEvidence,
    TableSummary, Verdict, check_encodings,
};
use serde_json::Value as Json;

use super::packed_row::PackedCells;
use super::row_spool::{SpoolScan, Spooled, SpooledRows};

/// A table of rows that were set aside.
pub(crate) struct SpooledTable {
    format: &'static str,
    tables: [Table; 1],
    spool: Arc<Spool>,
    progress: ByteProgress,
}

struct Spool {
    rows: SpooledRows,
    verdicts: Vec<Verdict>,
    count: u64,
    dialect: Json,
}

impl SpooledTable {
    /// As many columns as there are names are shown.
    pub(crate) fn new(
        rows: SpooledRows,
        evidence: &TableEvidence,
        format: &'static str,
        names: Vec<String>,
        (reading, dialect): (Json, Json),
    ) -> Self {
        let shown = names.len();
        let hidden = evidence.columns() - shown;
        let given = names.into_iter().map(String::into_bytes);
        let given = given
            .chain(std::iter::repeat_n(Vec::new(), hidden))
            .collect();
        let mut columns = evidence.proposed(given);
        columns.truncate(shown);
        let mut verdicts = evidence.verdicts();
        verdicts.truncate(shown);
        let progress = ByteProgress {
            total: Some(rows.size),
            ..ByteProgress::default()
        };
        Self {
            format,
            tables: [Table {
                name: None,
                columns,
                references: Vec::new(),
                reading,
            }],
            spool: Arc::new(Spool {
                rows,
                verdicts,
                count: evidence.rows(),
                dialect,
            }),
            progress,
        }
    }

    pub(crate) fn rows_aside(&self) -> &SpooledRows {
        &self.spool.rows
    }
}

impl Reader for SpooledTable {
    fn format(&self) -> &'static str {
        self.format
    }

    fn tables(&self) -> &[Table] {
        &self.tables
    }

    fn progress(&self) -> ByteProgress {
        self.progress.clone()
    }

    fn rows(&mut self, table: usize) -> Result<Box<dyn Rows>, ReadError> {
        if table > 0 {
            return Err(ReadError::NoTable { table });
        }
        self.progress.read.store(0, Ordering::Relaxed);
        let scan = SpoolScan::new(&self.spool.rows).map_err(other)?;
        Ok(Box::new(SpoolRows {
            encodings: self.spool.verdicts.iter().map(|v| v.encoding).collect(),
            spool: self.spool.clone(),
            scan,
            buffer: Vec::new(),
            read: 0,
            rejected: 0,
            progress: self.progress.clone(),
        }))
    }
}

struct SpoolRows {
    spool: Arc<Spool>,
    scan: SpoolScan,
    encodings: Vec<Encoding>,
    buffer: Vec<u8>,
    read: u64,
    rejected: usize,
    progress: ByteProgress,
}

impl Rows for SpoolRows {
    fn set_encodings(&mut self, encodings: &[Encoding]) -> Result<(), ReadError> {
        check_encodings(encodings, self.encodings.len(), self.read)?;
        self.encodings = encodings.to_vec();
        Ok(())
    }

    fn next(&mut self, record: &mut Record) -> Result<Item, ReadError> {
        let next = self.scan.next(&mut self.buffer).map_err(other)?;
        self.progress
            .read
            .store(self.scan.place(), Ordering::Relaxed);
        match next {
            Spooled::End => Ok(Item::End),
            Spooled::Reject(line) => {
                let reason = self.spool.rows.reasons.get(self.rejected);
                let reason = *reason.ok_or(ReadError::Changed)?;
                self.rejected += 1;
                record.reject(line, reason, self.buffer.get(8..).unwrap_or_default());
                Ok(Item::Rejected)
            }
            Spooled::Row => {
                self.read += 1;
                record.begin(self.read);
                let mut cells = PackedCells(&self.buffer);
                for encoding in &self.encodings {
                    record.push(cells.next().ok_or(ReadError::Changed)?, *encoding)?;
                }
                Ok(Item::Row)
            }
        }
    }

    fn finish(&mut self) -> Result<TableSummary, ReadError> {
        let mut record = Record::new();
        while self.next(&mut record)? != Item::End {}
        let spool = &self.spool;
        if self.read != spool.count {
            return Err(ReadError::Changed);
        }
        Ok(TableSummary {
            odd_cells: spool.verdicts.iter().map(|verdict| verdict.odd_cells).sum(),
            columns: spool.verdicts.clone(),
            dialect: spool.dialect.clone(),
            rows: self.read,
            rejected: self.rejected as u64,
            padded: 0,
            mended: 0,
            bytes: spool.rows.bytes,
            hash: spool.rows.hash,
        })
    }
}

fn other(error: std::io::Error) -> ReadError {
    ReadError::Other(Box::new(error))
}
