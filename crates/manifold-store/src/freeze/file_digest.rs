//! What tells the bytes of one file from those of another.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use crate::StoreError;

/// Bytes that are read at once: long pieces are hashed several times as fast as those that `io::copy` makes.
const PIECE: usize = 64 << 10;

/// The size of a file and the hash of its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileDigest {
    /// Its size, in bytes.
    pub size: u64,
    /// The BLAKE3 of its bytes: `blake3:` and 64 hex digits.
    pub hash: String,
}

impl FileDigest {
    /// That of a file that exists, which is read.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn of(path: &Path) -> Result<Self, StoreError> {
        File::open(path)
            .and_then(Self::of_content)
            .map_err(StoreError::io("read", path))
    }

    /// That of all that is read.
    ///
    /// # Errors
    /// Those of `content`.
    pub fn of_content(mut content: impl Read) -> io::Result<Self> {
        let (mut hashed, mut piece) = (Hashed::new(io::sink()), vec![0; PIECE]);
        loop {
            match content.read(&mut piece) {
                Ok(0) => return Ok(hashed.finish().1),
                Ok(read) => hashed.write_all(&piece[..read])?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Hashes and counts what is written.
#[derive(Debug)]
pub struct Hashed<W> {
    output: W,
    hasher: blake3::Hasher,
    size: u64,
}

impl<W: Write> Hashed<W> {
    /// Hashes what goes on to `output`. Long pieces are hashed several times as fast as short ones.
    #[must_use]
    pub fn new(output: W) -> Self {
        Self {
            output,
            hasher: blake3::Hasher::new(),
            size: 0,
        }
    }

    /// Gives the output back, and tells what was written.
    #[must_use]
    pub fn finish(self) -> (W, FileDigest) {
        let digest = FileDigest {
            size: self.size,
            hash: format!("blake3:{}", self.hasher.finalize().to_hex()),
        };
        (self.output, digest)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.output.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_hashed() {
        let bytes: Vec<u8> = (0..700_001_u32).map(|at| (at % 253) as u8).collect();
        let mut hashed = Hashed::new(Vec::new());
        hashed.write_all(&bytes[..3]).unwrap();
        hashed.write_all(&bytes[3..]).unwrap();
        let (written, digest) = hashed.finish();
        assert_eq!(written, bytes);
        assert_eq!(digest.size, 700_001);
        let hash = blake3::hash(&bytes).to_hex();
        assert_eq!(digest.hash, format!("blake3:{hash}"));
        assert_eq!(FileDigest::of_content(&bytes[..]).unwrap(), digest);
    }
}
