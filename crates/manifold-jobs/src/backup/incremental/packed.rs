//! A segment as it lies at a place.

use std::io::{self, BufReader, Read, Write};

use crate::backup::BackupError;
use crate::backup::file_sink::hash_text;
use crate::backup::key::RepositoryKey;
use crate::backup::repository::Repository;

/// A segment that is being read: packed with zstd, and encrypted where there is a key.
pub(super) struct Packed {
    file: Box<dyn Read + Send>,
    hasher: blake3::Hasher,
    size: u64,
}

impl Packed {
    /// # Errors
    /// [`BackupError::MissingFile`]; those of reading.
    pub(super) fn open(repository: &dyn Repository, name: &str) -> Result<Self, BackupError> {
        Ok(Self {
            file: repository.open(name)?,
            hasher: blake3::Hasher::new(),
            size: 0,
        })
    }

    /// Writes what is in it. What was wrong with the file, [`Self::measure`] tells better than the error of this.
    pub(super) fn unpack(
        &mut self,
        key: Option<&RepositoryKey>,
        to: &mut impl Write,
    ) -> io::Result<()> {
        let sealed: Box<dyn Read + '_> = match key {
            Some(key) => Box::new(key.open(self)?),
            None => Box::new(self),
        };
        let content = zstd::stream::read::Decoder::new(sealed)?;
        io::copy(&mut BufReader::with_capacity(256 << 10, content), to)?;
        to.flush()
    }

    /// The size and the hash of the file, which is read to its end.
    pub(super) fn measure(mut self) -> io::Result<(u64, String)> {
        io::copy(&mut self, &mut io::sink())?;
        Ok((self.size, hash_text(&self.hasher)))
    }
}

impl Read for Packed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        self.size += read as u64;
        Ok(read)
    }
}
