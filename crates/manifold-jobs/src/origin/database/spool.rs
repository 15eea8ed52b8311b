//! Typed cells in a file, row after row.

use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use manifold_format::{TableEvidence, TypedCell, Verdict};
use serde_json::Value as Json;
use tempfile::{NamedTempFile, TempPath};
use tokio::sync::mpsc;

use super::SpoolFeed;
use super::spooled_rows::SpooledRows;
use crate::database::DatabaseError;

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
    /// Whole rows, as [`put`] writes them.
    Rows(Vec<u8>),
}

/// What was found while the rows were written.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) columns: Vec<PulledColumn>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) rows: u64,
    /// The bytes of the cells.
    pub(super) bytes: u64,
    pub(super) hash: blake3::Hash,
}

/// Writes rows to a file, and finds out what their columns hold.
pub(super) struct Spool {
    file: BufWriter<NamedTempFile>,
    columns: Vec<PulledColumn>,
    evidence: TableEvidence,
    hasher: blake3::Hasher,
    bytes: u64,
    size: u64,
}

impl Spool {
    /// Makes the file, and begins to write to it on a thread of its own.
    ///
    /// # Errors
    /// [`DatabaseError::Temporary`].
    pub(super) async fn begin<'a>(
        url: &str,
        folder: PathBuf,
        reading: Json,
        max_cell: u64,
    ) -> Result<SpoolFeed<'a>, DatabaseError> {
        let failed = |source| DatabaseError::Temporary {
            url: url.to_owned(),
            source,
        };
        let made = manifold_store::blocking(move || NamedTempFile::new_in(folder));
        let file = BufWriter::with_capacity(1 << 18, made.await.map_err(failed)?);
        let (sender, batches) = mpsc::channel(WAITING);
        let spool = Self {
            file,
            columns: Vec::new(),
            evidence: TableEvidence::new(0),
            hasher: blake3::Hasher::new(),
            bytes: 0,
            size: 0,
        };
        let writing = tokio::task::spawn_blocking(move || spool.write(batches, reading));
        Ok(SpoolFeed::new(url, sender, writing, max_cell))
    }

    /// Writes what comes until nothing comes any more.
    fn write(
        mut self,
        mut batches: mpsc::Receiver<Batch>,
        reading: Json,
    ) -> io::Result<(SpooledRows, TempPath)> {
        while let Some(batch) = batches.blocking_recv() {
            match batch {
                Batch::Columns(columns) => self.begin_columns(columns),
                Batch::Rows(rows) => self.rows(&rows)?,
            }
        }
        self.finish(reading)
    }

    fn begin_columns(&mut self, columns: Vec<PulledColumn>) {
        self.evidence = TableEvidence::new(columns.len());
        for column in &columns {
            self.hash(b'c', column.name.as_bytes());
            self.hash(b'd', column.declared.as_bytes());
        }
        self.columns = columns;
    }

    fn rows(&mut self, rows: &[u8]) -> io::Result<()> {
        self.file.write_all(rows)?;
        self.size += rows.len() as u64;
        let (mut rest, mut scratch) = (rows, Vec::new());
        while !rest.is_empty() {
            for column in 0..self.columns.len() {
                let cell = take(&mut rest, &mut scratch)?;
                self.evidence.count(column, cell);
                let tag = match cell {
                    TypedCell::Null => b'0',
                    TypedCell::Text(_) => b't',
                    TypedCell::Blob(_) => b'b',
                    TypedCell::Number(_) => b'n',
                    TypedCell::Bool(_) => b'l',
                };
                self.bytes += cell.bytes().len() as u64;
                hash(&mut self.hasher, tag, cell.bytes());
            }
            self.evidence.end_row();
        }
        Ok(())
    }

    fn hash(&mut self, tag: u8, bytes: &[u8]) {
        hash(&mut self.hasher, tag, bytes);
    }

    fn finish(self, reading: Json) -> io::Result<(SpooledRows, TempPath)> {
        let file = self
            .file
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        let path = file.into_temp_path();
        let found = Found {
            verdicts: self.evidence.verdicts(),
            rows: self.evidence.rows(),
            bytes: self.bytes,
            hash: self.hasher.finalize(),
            columns: self.columns,
        };
        let names = found.columns.iter();
        let names = names.map(|column| column.name.clone().into_bytes());
        let columns = self.evidence.proposed(names.collect());
        let rows = SpooledRows::new(
            path.to_path_buf(),
            self.size,
            Arc::new(found),
            columns,
            reading,
        );
        Ok((rows, path))
    }
}

fn hash(hasher: &mut blake3::Hasher, tag: u8, bytes: &[u8]) {
    hasher.update(&[tag]);
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

/// Appends a cell: a letter for what it is, and of what has bytes their number and them.
pub(super) fn put(cell: TypedCell<'_>, out: &mut Vec<u8>) {
    let tag = match cell {
        TypedCell::Null => b'0',
        TypedCell::Bool(false) => b'f',
        TypedCell::Bool(true) => b'y',
        TypedCell::Number(_) => b'n',
        TypedCell::Text(_) => b't',
        TypedCell::Blob(_) => b'b',
    };
    out.push(tag);
    if let TypedCell::Number(bytes) | TypedCell::Text(bytes) | TypedCell::Blob(bytes) = cell {
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    }
}

/// Reads the next cell; `scratch` holds its bytes.
///
/// # Errors
/// What reading says; [`io::ErrorKind::InvalidData`] for what is no cell.
pub(super) fn take<'a>(
    input: &mut impl Read,
    scratch: &'a mut Vec<u8>,
) -> io::Result<TypedCell<'a>> {
    let mut tag = [0];
    input.read_exact(&mut tag)?;
    match tag[0] {
        b'0' => return Ok(TypedCell::Null),
        b'f' => return Ok(TypedCell::Bool(false)),
        b'y' => return Ok(TypedCell::Bool(true)),
        _ => {}
    }
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    scratch.clear();
    if input.take(length).read_to_end(scratch)? as u64 != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    match tag[0] {
        b'n' => Ok(TypedCell::Number(scratch)),
        b't' => Ok(TypedCell::Text(scratch)),
        b'b' => Ok(TypedCell::Blob(scratch)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// The file from its first row on.
pub(super) fn open(path: &std::path::Path) -> io::Result<BufReader<std::fs::File>> {
    Ok(BufReader::with_capacity(
        1 << 18,
        std::fs::File::open(path)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cells_are_read_as_they_were_put(cells in prop::collection::vec((0..6u8, any::<Vec<u8>>()), 0..20)) {
            let cell = |kind: u8, bytes: &'static [u8]| match kind {
                0 => TypedCell::Null,
                1 => TypedCell::Bool(true),
                2 => TypedCell::Bool(false),
                3 => TypedCell::Number(bytes),
                4 => TypedCell::Text(bytes),
                _ => TypedCell::Blob(bytes),
            };
            let cells: Vec<_> = cells.into_iter().map(|(kind, bytes)| cell(kind, bytes.leak())).collect();
            let mut out = Vec::new();
            cells.iter().for_each(|cell| put(*cell, &mut out));
            let (mut rest, mut scratch) = (&out[..], Vec::new());
            for expected in cells {
                prop_assert_eq!(take(&mut rest, &mut scratch).unwrap(), expected);
            }
            prop_assert!(rest.is_empty());
        }
    }
}
