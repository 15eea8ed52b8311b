//! The bytes of a file elsewhere, asked for piece by piece.

use std::io::{self, Read};

use object_store::ObjectStoreExt as _;

use super::{PART, Remote};
use crate::backup::BackupError;

/// Reads a file from its beginning to its end, holding one piece of it.
pub(super) struct RemoteReader {
    remote: Remote,
    name: String,
    size: u64,
    /// Where the next piece begins.
    next: u64,
    piece: io::Cursor<Vec<u8>>,
}

impl RemoteReader {
    pub(super) fn new(remote: Remote, name: &str, size: u64) -> Self {
        Self {
            remote,
            name: name.to_owned(),
            size,
            next: 0,
            piece: io::Cursor::default(),
        }
    }
}

impl Read for RemoteReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.piece.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.next >= self.size {
                return Ok(read);
            }
            let end = self.size.min(self.next + PART);
            let failed = |error: BackupError| io::Error::other(error);
            let key = self.remote.key(&self.name).map_err(failed)?;
            let asked = self.remote.objects.get_range(&key, self.next..end);
            let piece = self.remote.runtime.block_on(asked);
            let piece =
                piece.map_err(|error| failed(self.remote.failed("read", &self.name, &error)))?;
            if piece.is_empty() {
                return Ok(0); // it got shorter, which its hash tells
            }
            self.next += piece.len() as u64;
            self.piece = io::Cursor::new(piece.into());
        }
    }
}
