//! A file that is written from its beginning to its end, and goes onto the disk meanwhile.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// After so many bytes the disk is given what is not on its way yet. Left to the end, all of it would keep the disk busy at
/// once, and a commit of somebody else would wait for all of it.
const AHEAD: u64 = 8 << 20;

/// The same while somebody commits to the database that is copied, and of what is written slowly.
const BESIDE_OTHERS: u64 = 1 << 20;

/// How long the disk is then left to them.
const PAUSE: Duration = Duration::from_millis(1);

/// See [the module](self).
#[derive(Debug)]
pub struct StreamedFile {
    file: File,
    size: u64,
    /// Up to where the disk was given it.
    given: u64,
    /// How long it was when the others were looked at.
    looked: u64,
    others: Option<Others>,
}

impl StreamedFile {
    /// Writes into an empty file what takes longer to make than to write.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self {
            file,
            size: 0,
            given: 0,
            looked: 0,
            others: None,
        }
    }

    /// Writes into an empty file what is copied from the database at `source`.
    pub(super) fn of_copy(file: File, source: &Path) -> Self {
        Self {
            others: Some(Others::of(source)),
            ..Self::new(file)
        }
    }

    /// Gives the disk what it is to write next; waits a moment now and then while others commit.
    fn look(&mut self) {
        self.looked = self.size;
        let beside_others = self.others.as_mut().is_some_and(Others::commit);
        let (waiting, at_once) = (self.size - self.given, self.others.is_none());
        if at_once || beside_others || waiting >= AHEAD {
            begin_writing(&self.file, self.given, waiting);
            self.given = self.size;
        }
        if beside_others {
            std::thread::sleep(PAUSE);
        }
    }

    /// Presses it onto the disk.
    ///
    /// # Errors
    /// Of the file system.
    pub fn finish(self) -> io::Result<()> {
        self.file.sync_all()
    }
}

impl Write for StreamedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.size += written as u64;
        if self.size - self.looked >= BESIDE_OTHERS {
            self.look();
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
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
#[derive(Debug)]
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
    fn what_was_written_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let (path, database) = (folder.path().join("copy"), folder.path().join("db"));
        let piece: Vec<u8> = (0..700_001_u32).map(|at| (at % 253) as u8).collect();
        for of_copy in [false, true] {
            let file = File::create(&path).unwrap();
            let mut file = match of_copy {
                true => StreamedFile::of_copy(file, &database),
                false => StreamedFile::new(file),
            };
            for _ in 0..30 {
                file.write_all(&piece).unwrap();
            }
            file.finish().unwrap();
            let bytes = std::fs::read(&path).unwrap();
            assert_eq!(bytes.len(), 30 * piece.len());
            assert!(bytes.chunks(piece.len()).all(|written| written == piece));
        }
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
