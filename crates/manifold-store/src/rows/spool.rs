//! Byte strings set aside until they are needed again, in the same order.

use rusqlite::Connection;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, Write};
use std::path::PathBuf;

/// What a spool keeps in memory at most, in bytes, before it goes on in a file.
const IN_MEMORY: usize = 8 << 20;
/// What a list of rows keeps in memory, in bytes, before it goes on in a file. Of those that grow with what differs, two are
/// filled at a time.
pub(super) const LIST_IN_MEMORY: usize = 8 << 20;
/// How much of the file is read at once, in bytes.
const READ_AHEAD: usize = 256 << 10;

/// Where temporary files go: the folder of the database, which has the room for the rows
/// themselves. They have no name, so a crash leaves nothing behind.
#[derive(Debug, Clone)]
pub(super) struct Scratch {
    folder: Option<PathBuf>,
    in_memory: usize,
}

impl Scratch {
    pub(super) fn beside(conn: &Connection) -> Self {
        let folder = conn
            .path()
            .filter(|path| !path.is_empty())
            .and_then(|path| {
                std::path::Path::new(path)
                    .parent()
                    .map(std::path::Path::to_path_buf)
            });
        Self {
            folder,
            in_memory: LIST_IN_MEMORY,
        }
    }

    /// The system's folder for temporary files.
    #[cfg(test)]
    pub(super) fn anywhere() -> Self {
        Self {
            folder: None,
            in_memory: LIST_IN_MEMORY,
        }
    }

    /// Of what is set aside, no more than this many bytes of a list stay in memory.
    pub(super) fn keeping(self, in_memory: usize) -> Self {
        Self { in_memory, ..self }
    }

    /// How many records of `width` numbers stay in memory.
    pub(super) fn most_records(&self, width: usize) -> usize {
        (self.in_memory / (width * size_of::<u64>())).max(1)
    }

    pub(super) fn file(&self) -> io::Result<File> {
        match &self.folder {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        }
    }
}

/// Byte strings to be read back in the order they were added. Above 8 MiB they are in a temporary
/// file.
#[derive(Debug)]
pub(super) struct Spool {
    memory: Vec<u8>,
    file: Option<File>,
    scratch: Scratch,
    len: u64,
}

impl Spool {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self {
            memory: Vec::new(),
            file: None,
            scratch: scratch.clone(),
            len: 0,
        }
    }

    /// How many strings were added.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Adds a string and returns its index.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<u64> {
        self.memory
            .extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        self.memory.extend_from_slice(bytes);
        if self.memory.len() > self.scratch.in_memory.min(IN_MEMORY) {
            self.spill()?;
        }
        self.len += 1;
        Ok(self.len - 1)
    }

    /// Moves what is in memory into the file.
    pub(super) fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.scratch.file()?),
        };
        file.write_all(&self.memory)?;
        self.memory.clear();
        self.memory.shrink_to(2 * IN_MEMORY);
        Ok(())
    }

    /// Turns to reading, from the first string on.
    pub(super) fn into_reader(mut self) -> io::Result<SpoolReader> {
        if self.file.is_some() {
            self.spill()?;
        }
        let from: Box<dyn Read> = match self.file {
            None => Box::new(Cursor::new(self.memory)),
            Some(mut file) => {
                file.rewind()?;
                Box::new(BufReader::with_capacity(READ_AHEAD, file))
            }
        };
        Ok(SpoolReader {
            from,
            read: 0,
            len: self.len,
            current: Vec::new(),
        })
    }
}

/// Reads a [`Spool`] back.
pub(super) struct SpoolReader {
    from: Box<dyn Read>,
    read: u64,
    len: u64,
    current: Vec<u8>,
}

impl SpoolReader {
    /// The next string; `None` behind the last.
    pub(super) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        if self.read == self.len {
            return Ok(None);
        }
        let mut length = [0; 8];
        self.from.read_exact(&mut length)?;
        let length = usize::try_from(u64::from_le_bytes(length)).map_err(io::Error::other)?;
        self.current.resize(length, 0);
        self.from.read_exact(&mut self.current)?;
        self.read += 1;
        Ok(Some(&self.current))
    }

    /// The string at `index`, which must not be before one that was read already, except the one
    /// that was read last.
    pub(super) fn at(&mut self, index: u64) -> io::Result<&[u8]> {
        while self.read <= index {
            if self.next()?.is_none() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(&self.current)
    }
}

/// The error for what does not read back as it was set aside.
pub(super) fn damaged_spool() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it does not read back as it was written",
    )
}
