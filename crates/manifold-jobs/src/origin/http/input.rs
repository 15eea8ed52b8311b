//! What was pulled, opened.

use std::path::PathBuf;

use manifold_format::{ByteProgress, Decision, ReadError, Reader, Rows, Table};

use crate::import::{ImportFileError, InputFile, Opening};

/// An input on the disk whose rows can be read as often as need be. Its file stays as long as it is needed.
pub(super) struct RereadInput {
    file: InputFile,
    opening: Opening,
    reader: Box<dyn Reader>,
}

impl RereadInput {
    /// Opens an input. Blocks.
    pub(super) fn open(file: InputFile, opening: Opening) -> Result<Self, ImportFileError> {
        let reader = file.open(&opening)?.reader;
        Ok(Self {
            file,
            opening,
            reader,
        })
    }

    /// What errors call it.
    pub(super) fn name(&self) -> PathBuf {
        self.file.path.clone()
    }
}

impl Reader for RereadInput {
    fn format(&self) -> &'static str {
        self.reader.format()
    }

    fn tables(&self) -> &[Table] {
        self.reader.tables()
    }

    fn decisions(&self) -> &[Decision] {
        self.reader.decisions()
    }

    fn progress(&self) -> ByteProgress {
        self.reader.progress()
    }

    fn rows(&mut self, table: usize) -> Result<Box<dyn Rows>, ReadError> {
        match self.reader.rows(table) {
            // Some readers give their rows once.
            Err(ReadError::NoTable { .. }) if table < self.reader.tables().len() => {
                let opened = self.file.open(&self.opening);
                let opened = opened.map_err(|error| ReadError::Other(Box::new(error)))?;
                self.reader = opened.reader;
                self.reader.rows(table)
            }
            rows => rows,
        }
    }
}
