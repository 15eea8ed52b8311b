//! A file that is written from its beginning to its end, and goes onto the disk meanwhile.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::StoreError;

/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// After so many bytes the disk is given what is not on its way yet. Left to the end, all of it would keep the disk busy at
/// once, and a commit of somebody else would wait for all of it.
const AHEAD: u64 = 8 << 20;

/// The same while somebody commits to the database that is copied.
const BESIDE_OTHERS: u64 = 1 << 20;

/// How long the disk is then left to them.
const PAUSE: Duration = Duration::from_millis(1);

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
        let read = || -> io::Result<Self> {
            let (mut file, mut piece) = (File::open(path)?, vec![0; PIECE]);
            let (mut hasher, mut size) = (blake3::Hasher::new(), 0);
            loop {
                let read = match file.read(&mut piece) {
                    Ok(0) => return Ok(Self::new(size, &hasher)),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    read => read?,
                };
                hasher.update(&piece[..read]);
                size += read as u64;
            }
        };
        read().map_err(StoreError::io("read", path))
    }

    fn new(size: u64, hasher: &blake3::Hasher) -> Self {
        let hash = format!("blake3:{}", hasher.finalize().to_hex());
        Self { size, hash }
    }
}

/// See [the module](self).
pub(super) struct StreamedFile {
    file: File,
    hasher: Option<blake3::Hasher>,
    size: u64,
    /// Up to where the disk was given it.
    given: u64,
    /// How long it was when the others were looked at.
    looked: u64,
    others: Others,
}

impl StreamedFile {
    /// Writes into an empty file what is read from the database at `source`.
    pub(super) fn new(file: File, source: &Path, hashed: bool) -> Self {
        Self {
            file,
            hasher: hashed.then(blake3::Hasher::new),
            size: 0,
            given: 0,
            looked: 0,
            others: Others::of(source),
        }
    }

    /// Writes on. Waits a moment now and then while others commit.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.size += bytes.len() as u64;
        if self.size - self.looked < BESIDE_OTHERS {
            return Ok(());
        }
        self.looked = self.size;
        let (beside_others, waiting) = (self.others.commit(), self.size - self.given);
        if beside_others || waiting >= AHEAD {
            begin_writing(&self.file, self.given, waiting);
            self.given = self.size;
        }
        if beside_others {
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }

    /// Presses it onto the disk; its digest, if it was hashed.
    pub(super) fn finish(self) -> io::Result<Option<FileDigest>> {
        self.file.sync_all()?;
        let hasher = self.hasher.as_ref();
        Ok(hasher.map(|hasher| FileDigest::new(self.size, hasher)))
    }
}

/// Gives a part of a file to the disk, without waiting for it. What becomes of it is told when the file is pressed onto the
/// disk.
#[cfg(target_os = "linux")]
fn begin_writing(file: &File, from: u64, bytes: u64) {
    // Linux begins to write what is to be forgotten and is not written yet. Advice that is not taken does no harm.
    let forgotten = rustix::fs::Advice::DontNeed;
    let _advice = rustix::fs::fadvise(file, from, bytes.try_into().ok(), forgotten);
}

#[cfg(not(target_os = "linux"))]
fn begin_writing(_: &File, _: u64, _: u64) {}

/// Those who commit to a database.
struct Others {
    log: PathBuf,
    /// Size and time of the write-ahead log when it was last looked at.
    seen: Option<(u64, Option<SystemTime>)>,
    /// At so many looks in a row it was as before.
    quiet: u32,
}

impl Others {
    /// How many looks at which nothing has changed it takes to believe that nobody commits.
    const PATIENCE: u32 = 32;

    fn of(database: &Path) -> Self {
        let mut others = Self {
            log: crate::access::log(database),
            seen: None,
            quiet: Self::PATIENCE,
        };
        others.seen = others.look();
        others
    }

    /// Whether somebody has committed lately.
    fn commit(&mut self) -> bool {
        let seen = self.look();
        self.quiet = match seen == self.seen {
            true => self.quiet.saturating_add(1),
            false => 0,
        };
        self.seen = seen;
        self.quiet < Self::PATIENCE
    }

    fn look(&self) -> Option<(u64, Option<SystemTime>)> {
        let metadata = std::fs::metadata(&self.log).ok()?;
        Some((metadata.len(), metadata.modified().ok()))
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "no file here is a database")]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_there_and_hashed() {
        let folder = tempfile::tempdir().unwrap();
        let (path, database) = (folder.path().join("copy"), folder.path().join("db"));
        let mut file = StreamedFile::new(File::create(&path).unwrap(), &database, true);
        let piece: Vec<u8> = (0..700_001_u32).map(|at| (at % 253) as u8).collect();
        for _ in 0..30 {
            file.write(&piece).unwrap();
        }
        let digest = file.finish().unwrap().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.chunks(piece.len()).all(|written| written == piece));
        assert_eq!(digest.size, 30 * 700_001);
        let hash = blake3::hash(&bytes).to_hex();
        assert_eq!(digest.hash, format!("blake3:{hash}"));
    }

    #[test]
    fn commits_of_others_are_seen_until_they_end() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("db");
        let mut others = Others::of(&database);
        assert!(!others.commit());
        std::fs::write(crate::access::log(&database), "frame").unwrap();
        for _ in 0..Others::PATIENCE {
            assert!(others.commit());
        }
        assert!(!others.commit());
    }
}
