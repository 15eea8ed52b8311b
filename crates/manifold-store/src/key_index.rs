//! Finding rows again by their key, in bounded memory.

use std::collections::HashMap;

use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};
use tempfile::TempPath;

use crate::{Scratch, StoreError};

/// Keys that stay in memory: some 64 MiB of them. With more, all go to a temporary file.
const IN_MEMORY: usize = 1 << 20;

/// Nobody else has the file, and it is worth nothing after a crash. The cache is 32 MiB.
const SCRATCH: &str = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; \
     PRAGMA synchronous = OFF; PRAGMA cache_size = -32768; \
     CREATE TABLE keys(key BLOB PRIMARY KEY, low INTEGER NOT NULL, high INTEGER NOT NULL) WITHOUT ROWID; BEGIN";

/// Two numbers for each key. Keys are told apart by 128 bits of their BLAKE3 hash.
#[derive(Debug)]
pub struct KeyIndex {
    memory: HashMap<[u8; 16], (u64, u64)>,
    most: usize,
    scratch: Scratch,
    file: Option<KeyFile>,
}

#[derive(Debug)]
struct KeyFile {
    connection: Connection,
    path: TempPath,
}

impl KeyIndex {
    /// An empty index; what does not fit into memory is in a temporary file.
    #[must_use]
    pub fn new(scratch: &Scratch) -> Self {
        Self::keeping(scratch, IN_MEMORY)
    }

    /// The same, with so many keys in memory.
    #[must_use]
    pub fn keeping(scratch: &Scratch, most: usize) -> Self {
        Self {
            memory: HashMap::new(),
            most,
            scratch: scratch.clone(),
            file: None,
        }
    }

    /// The hash by which a key is known.
    #[must_use]
    pub fn hash(key: &[u8]) -> [u8; 16] {
        let mut short = [0; 16];
        short.copy_from_slice(&blake3::hash(key).as_bytes()[..16]);
        short
    }

    /// Sets the numbers of a key; returns those that it had. Blocks.
    ///
    /// # Errors
    /// [`StoreError::DiskFull`]; others by meaning.
    pub fn put(
        &mut self,
        key: [u8; 16],
        numbers: (u64, u64),
    ) -> Result<Option<(u64, u64)>, StoreError> {
        if self.file.is_none() {
            let before = self.memory.insert(key, numbers);
            if self.memory.len() > self.most {
                self.spill()?;
            }
            return Ok(before);
        }
        let before = self.find(key)?;
        if let Some(file) = &self.file {
            file.put(key, numbers)?;
        }
        Ok(before)
    }

    /// The numbers of a key. Blocks.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn find(&self, key: [u8; 16]) -> Result<Option<(u64, u64)>, StoreError> {
        match &self.file {
            None => Ok(self.memory.get(&key).copied()),
            Some(file) => file.find(key),
        }
    }

    fn spill(&mut self) -> Result<(), StoreError> {
        let file = KeyFile::create(&self.scratch)?;
        for (key, numbers) in self.memory.drain() {
            file.put(key, numbers)?;
        }
        self.memory.shrink_to_fit();
        self.file = Some(file);
        Ok(())
    }
}

impl KeyFile {
    fn create(scratch: &Scratch) -> Result<Self, StoreError> {
        let made = scratch.file();
        let path = made
            .map_err(StoreError::io(
                "create a temporary file in",
                scratch.folder(),
            ))?
            .into_temp_path();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let named = |error: rusqlite::Error| StoreError::from(error).at(&path);
        let connection = Connection::open_with_flags(&path, flags).map_err(named)?;
        connection.execute_batch(SCRATCH).map_err(named)?;
        Ok(Self { connection, path })
    }

    fn put(&self, key: [u8; 16], (low, high): (u64, u64)) -> Result<(), StoreError> {
        let values = params![key, low.cast_signed(), high.cast_signed()];
        self.connection
            .prepare_cached("INSERT OR REPLACE INTO keys VALUES (?, ?, ?)")
            .and_then(|mut statement| statement.execute(values))
            .map(drop)
            .map_err(|error| StoreError::from(error).at(&self.path))
    }

    fn find(&self, key: [u8; 16]) -> Result<Option<(u64, u64)>, StoreError> {
        let numbers = |row: &rusqlite::Row<'_>| {
            let (low, high): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok((low.cast_unsigned(), high.cast_unsigned()))
        };
        self.connection
            .prepare_cached("SELECT low, high FROM keys WHERE key = ?")
            .and_then(|mut statement| statement.query_row([key], numbers).optional())
            .map_err(|error| StoreError::from(error).at(&self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_in_memory_and_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut index = KeyIndex::keeping(&folder.path().into(), 10);
        let key = |n: u64| KeyIndex::hash(&n.to_le_bytes());
        for n in 0..40 {
            assert_eq!(index.put(key(n), (n, u64::MAX - n)).unwrap(), None);
        }
        assert!(index.file.is_some());
        assert_eq!(index.put(key(3), (7, 8)).unwrap(), Some((3, u64::MAX - 3)));
        assert_eq!(index.find(key(3)).unwrap(), Some((7, 8)));
        assert_eq!(index.find(key(39)).unwrap(), Some((39, u64::MAX - 39)));
        assert_eq!(index.find(key(40)).unwrap(), None);
        drop(index);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
