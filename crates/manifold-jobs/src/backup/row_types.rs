//! The sidecar of a CSV file: what the text of each cell stands for.
//!
//! The first line is JSON: the table, its columns, and the file beside it. Each further line stands for
//! rows that follow one another and have the same types: how many, a space, and one letter per cell.

use std::io::{BufRead as _, Write};

use manifold_store::rows::Cell;
use serde::{Deserialize, Serialize};

use super::BackupError;
use super::source::SourceFile;

/// The longest line that is read, in bytes: the names of 2,000 columns, with room.
const LONGEST_LINE: u64 = 16 << 20;

/// What a CSV file holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RowTypesHeader {
    pub(super) table: String,
    pub(super) columns: Vec<String>,
    pub(super) csv: String,
}

/// The letter that says what a cell is.
pub(super) fn letter(cell: &Cell<'_>) -> u8 {
    match cell {
        Cell::Null => b'n',
        Cell::Int(_) => b'i',
        Cell::Real(_) => b'r',
        Cell::Text(_) => b't',
        Cell::Blob(_) => b'b',
    }
}

/// Writes runs of equal types.
pub(super) struct RowTypesWriter<'a> {
    output: &'a mut dyn Write,
    run: u64,
    types: Vec<u8>,
    next: Vec<u8>,
}

impl<'a> RowTypesWriter<'a> {
    pub(super) fn new(output: &'a mut dyn Write, header: &RowTypesHeader) -> std::io::Result<Self> {
        serde_json::to_writer(&mut *output, header)?;
        output.write_all(b"\n")?;
        Ok(Self {
            output,
            run: 0,
            types: Vec::new(),
            next: Vec::new(),
        })
    }

    pub(super) fn row(&mut self, cells: &[Cell<'_>]) -> std::io::Result<()> {
        self.next.clear();
        self.next.extend(cells.iter().map(letter));
        if self.next != self.types {
            self.end_run()?;
            std::mem::swap(&mut self.types, &mut self.next);
        }
        self.run += 1;
        Ok(())
    }

    pub(super) fn finish(mut self) -> std::io::Result<()> {
        self.end_run()
    }

    fn end_run(&mut self) -> std::io::Result<()> {
        if self.run > 0 {
            write!(self.output, "{} ", self.run)?;
            self.output.write_all(&self.types)?;
            self.output.write_all(b"\n")?;
        }
        self.run = 0;
        Ok(())
    }
}

/// Reads them back, row by row.
pub(super) struct RowTypesReader {
    file: SourceFile,
    pub(super) header: RowTypesHeader,
    line: String,
    left: u64,
    types: Vec<u8>,
}

impl RowTypesReader {
    pub(super) fn open(file: SourceFile) -> Result<Self, BackupError> {
        let mut reader = Self {
            file,
            header: RowTypesHeader {
                table: String::new(),
                columns: Vec::new(),
                csv: String::new(),
            },
            line: String::new(),
            left: 0,
            types: Vec::new(),
        };
        reader.next_line()?;
        reader.header = serde_json::from_str(&reader.line).map_err(|error| {
            reader
                .file
                .damaged(format!("its first line says no table: {error}"))
        })?;
        Ok(reader)
    }

    /// The types of the next row; `None` behind the last.
    pub(super) fn next_row(&mut self) -> Result<Option<&[u8]>, BackupError> {
        if self.left == 0 {
            if !self.next_line()? {
                return Ok(None);
            }
            let run = self
                .line
                .split_once(' ')
                .and_then(|(run, types)| Some((run.parse::<u64>().ok()?, types)));
            let Some((run, types)) =
                run.filter(|(run, types)| *run > 0 && types.len() == self.header.columns.len())
            else {
                return Err(self.file.damaged("a line does not give the types of rows"));
            };
            self.left = run;
            self.types.clear();
            self.types.extend_from_slice(types.as_bytes());
        }
        self.left -= 1;
        Ok(Some(&self.types))
    }

    fn next_line(&mut self) -> Result<bool, BackupError> {
        self.line.clear();
        let mut limited = std::io::Read::take(&mut self.file.content, LONGEST_LINE);
        let read = limited
            .read_line(&mut self.line)
            .map_err(BackupError::io("read", &self.file.path))?;
        if read > 0 && self.line.pop() != Some('\n') {
            return Err(self.file.damaged("a line does not end"));
        }
        Ok(read > 0)
    }
}
