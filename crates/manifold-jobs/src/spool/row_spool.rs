//! Rows that are set aside in a temporary file, with what their columns hold.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use manifold_format::{RejectReason, TableEvidence, TypedCell};
use serde_json::Value as Json;

use super::packed_row::pack;
use super::spooled_table::SpooledTable;

/// How much is written, and read, at once.
const BUFFER: usize = 1 << 18;

/// How long a row is said to be that is a rejected record.
const REJECT: u64 = u64::MAX;

/// Rows that are being set aside. The file has no name: it is gone with the process.
pub(crate) struct RowSpool {
    out: BufWriter<File>,
    packed: Vec<u8>,
    place: u64,
    evidence: TableEvidence,
    hasher: blake3::Hasher,
    bytes: u64,
    reasons: Vec<RejectReason>,
}

impl RowSpool {
    /// Sets rows aside in `folder`; cells that are one of `null_tokens` are counted.
    pub(crate) fn create(
        folder: &Path,
        width: usize,
        null_tokens: Arc<[String]>,
    ) -> io::Result<Self> {
        Ok(Self {
            out: BufWriter::with_capacity(BUFFER, tempfile::tempfile_in(folder)?),
            packed: Vec::new(),
            place: 0,
            evidence: TableEvidence::counting(null_tokens, width),
            hasher: blake3::Hasher::new(),
            bytes: 0,
            reasons: Vec::new(),
        })
    }

    /// One more column, before any row; `told` makes it another table than one of which something else was told.
    pub(crate) fn add_column(&mut self, told: [&str; 2]) {
        self.evidence.add_column();
        for text in told {
            self.hasher.update(&(text.len() as u64).to_le_bytes());
            self.hasher.update(text.as_bytes());
        }
    }

    /// Appends a row; returns where it is.
    pub(crate) fn push<'a>(
        &mut self,
        cells: impl Iterator<Item = TypedCell<'a>>,
    ) -> io::Result<u64> {
        self.packed.clear();
        for (column, cell) in cells.enumerate() {
            self.evidence.count(column, cell);
            self.bytes += cell.bytes().len() as u64;
            pack(cell, &mut self.packed);
        }
        self.evidence.end_row();
        self.hasher.update(&self.packed);
        self.append()
    }

    /// Appends a record that is no row.
    pub(crate) fn reject(&mut self, line: u64, reason: RejectReason, raw: &[u8]) -> io::Result<()> {
        self.packed.clear();
        self.packed.extend_from_slice(&line.to_le_bytes());
        self.packed.extend_from_slice(raw);
        self.hasher.update(&self.packed);
        self.reasons.push(reason);
        self.out.write_all(&REJECT.to_le_bytes())?;
        self.place += 8;
        self.append().map(drop)
    }

    fn append(&mut self) -> io::Result<u64> {
        let place = self.place;
        self.out
            .write_all(&(self.packed.len() as u64).to_le_bytes())?;
        self.out.write_all(&self.packed)?;
        self.place += 8 + self.packed.len() as u64;
        Ok(place)
    }

    /// There are no more rows. `names` are those of the columns that are shown; further cells of rows are not.
    pub(crate) fn finish(
        self,
        format: &'static str,
        names: Vec<String>,
        reading: Json,
        dialect: Json,
    ) -> io::Result<SpooledTable> {
        let file = self
            .out
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        Ok(SpooledTable::new(
            SpooledRows {
                file,
                size: self.place,
                reasons: self.reasons,
                hash: self.hasher.finalize(),
                bytes: self.bytes,
            },
            &self.evidence,
            format,
            names,
            (reading, dialect),
        ))
    }
}

/// Rows that were set aside.
pub(crate) struct SpooledRows {
    pub(crate) file: File,
    pub(crate) size: u64,
    pub(crate) reasons: Vec<RejectReason>,
    pub(crate) hash: blake3::Hash,
    /// Bytes of their cells.
    pub(crate) bytes: u64,
}

/// What is next in a spool.
pub(crate) enum Spooled {
    /// A row; its packed cells are in the buffer.
    Row,
    /// A record that is no row, which starts at this line; its bytes are in the buffer, behind 8 others.
    Reject(u64),
    End,
}

/// Reads a spool from its first row on.
pub(crate) struct SpoolScan {
    input: BufReader<File>,
    place: u64,
    size: u64,
}

impl SpoolScan {
    /// Another one must not be read at the same time: they share a place in the file.
    pub(crate) fn new(rows: &SpooledRows) -> io::Result<Self> {
        let mut file = rows.file.try_clone()?;
        file.rewind()?;
        Ok(Self {
            input: BufReader::with_capacity(BUFFER, file),
            place: 0,
            size: rows.size,
        })
    }

    /// How much of it was read, in bytes.
    pub(crate) fn place(&self) -> u64 {
        self.place
    }

    pub(crate) fn next(&mut self, buffer: &mut Vec<u8>) -> io::Result<Spooled> {
        if self.place >= self.size {
            return Ok(Spooled::End);
        }
        let mut place = self.place;
        let mut length = self.number()?;
        let is_reject = length == REJECT;
        if is_reject {
            place += 8;
            length = self.number()?;
        }
        read_packed(&mut self.input, length, buffer)?;
        self.place = place + 8 + length;
        if !is_reject {
            return Ok(Spooled::Row);
        }
        let line = buffer.first_chunk::<8>().copied().unwrap_or_default();
        Ok(Spooled::Reject(u64::from_le_bytes(line)))
    }

    fn number(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.input.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

/// Reads the packed cells of the row at `place`.
pub(crate) fn row_at(mut file: &File, place: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    file.seek(SeekFrom::Start(place))?;
    let mut length = [0; 8];
    file.read_exact(&mut length)?;
    read_packed(&mut file, u64::from_le_bytes(length), buffer)
}

fn read_packed(input: &mut impl io::Read, length: u64, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    if input.take(length).read_to_end(buffer)? as u64 == length {
        return Ok(());
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}
