//! A file as it was when it was imported, so that it need not be read again to know that it is the same.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use entity_core::jobs;
use manifold_store::rows::Snapshot;
use manifold_store::{DatabaseManager as _, SqliteManager};
use sea_orm::EntityTrait as _;
use serde::{Deserialize, Serialize};

use super::InputFile;
use super::input_file::hash_text;
use crate::JobError;

/// How long before it was looked at a file must have changed last: what is written behind that look must get another time,
/// and file systems count time in steps of up to two seconds (FAT).
const SETTLED: Duration = Duration::from_secs(2);

/// How many bytes from the beginning tell most files of one size apart.
const HEAD: u64 = 64 << 10;

/// A file as it was when it was imported.
///
/// A file whose place on the disk, size and times are these still has the bytes that were imported: nothing sets the time of
/// the last change (`ctime`) back but who sets the clock, as Git and backup programs rely on too. It is kept in the result of the
/// job that imported it, so it holds for this hub only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenFile {
    /// The number of the file system.
    device: u64,
    /// The number of the file in it.
    inode: u64,
    /// In bytes.
    size_bytes: u64,
    /// When its content was changed, in ns since 1970.
    modified_ns: i64,
    /// When its content, name or rights were changed, in ns since 1970.
    changed_ns: i64,
    /// The hash of its first 64 KiB.
    head_hash: String,
}

impl SeenFile {
    /// What stands at `path` now; `None` for what is no file or changed just now. Blocks.
    pub(crate) fn settled(path: &Path) -> Option<Self> {
        let seen = Self::at(path)?;
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        let newest = Duration::from_nanos(seen.changed_ns.max(seen.modified_ns).try_into().ok()?);
        (newest + SETTLED < now).then_some(seen)
    }

    /// What stands at `path`. Blocks.
    #[cfg(unix)]
    fn at(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let nanoseconds =
            |seconds: i64, more: i64| seconds.checked_mul(1_000_000_000)?.checked_add(more);
        // What stands there may be a pipe, which opening would wait for.
        let found = std::fs::metadata(path)
            .ok()
            .filter(std::fs::Metadata::is_file)?;
        let mut head = Vec::new();
        let file = std::fs::File::open(path).ok()?;
        file.take(HEAD).read_to_end(&mut head).ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
            size_bytes: found.len(),
            modified_ns: nanoseconds(found.mtime(), found.mtime_nsec())?,
            changed_ns: nanoseconds(found.ctime(), found.ctime_nsec())?,
            head_hash: hash_text(&blake3::hash(&head)),
        })
    }

    /// Other systems do not tell what this needs.
    #[cfg(not(unix))]
    fn at(_path: &Path) -> Option<Self> {
        None
    }

    /// As what the file of a snapshot was seen, if the job that imported it is known still.
    async fn of(
        manager: &Arc<SqliteManager>,
        snapshot: &Snapshot,
    ) -> Result<Option<Self>, JobError> {
        let Some(job) = &snapshot.job_id else {
            return Ok(None);
        };
        let job = manager
            .core()
            .one(jobs::Entity::find_by_id(job.as_str()))
            .await?;
        let result = job.and_then(|job| job.result);
        let seen = result.and_then(|result| Self::deserialize(result.get("seen")?).ok());
        Ok(seen)
    }
}

/// Whether a file is the one of a snapshot, as far as that is known without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sameness {
    /// Nothing has happened to it since.
    Same,
    /// Its beginning is another.
    Other,
    /// It has to be read.
    Unknown,
}

impl Sameness {
    /// Compares the file of `input` with the one of `snapshot`.
    pub(crate) async fn of(
        manager: &Arc<SqliteManager>,
        input: &InputFile,
        snapshot: &Snapshot,
    ) -> Result<Self, JobError> {
        if input.member.is_some() || input.fetched.is_some() {
            return Ok(Self::Unknown);
        }
        let Some(before) = SeenFile::of(manager, snapshot).await? else {
            return Ok(Self::Unknown);
        };
        let path = input.path.clone();
        let now = super::blocking(move || Ok(SeenFile::at(&path))).await?;
        Ok(match now {
            Some(now) if now == before => Self::Same,
            Some(now) if now.head_hash != before.head_hash => Self::Other,
            _ => Self::Unknown,
        })
    }
}

#[cfg(test)]
#[cfg(unix)]
#[allow(
    clippy::disallowed_methods,
    reason = "files that somebody else changes"
)]
mod tests {
    use super::*;

    fn write(path: &Path, bytes: &[u8]) {
        std::fs::write(path, bytes).unwrap();
    }

    #[test]
    fn what_happens_to_a_file_shows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.csv");
        let mut bytes = b"id,name\n".repeat(20_000);
        write(&path, &bytes);
        let before = SeenFile::at(&path).unwrap();
        assert_eq!(SeenFile::at(&path).as_ref(), Some(&before));
        // A change behind its beginning, of as many bytes; the clock of a file system goes in steps.
        std::thread::sleep(Duration::from_millis(20));
        let last = bytes.len() - 2;
        bytes[last] = b'E';
        write(&path, &bytes);
        let after = SeenFile::at(&path).unwrap();
        assert_ne!(after, before);
        assert_eq!(after.head_hash, before.head_hash);
        bytes[0] = b'I';
        write(&path, &bytes);
        assert_ne!(SeenFile::at(&path).unwrap().head_hash, before.head_hash);
        // Another file with the same bytes and time in its place.
        let other = folder.path().join("other.csv");
        std::fs::copy(&path, &other).unwrap();
        let before = SeenFile::at(&path).unwrap();
        let file = std::fs::File::open(&other).unwrap();
        let time = std::fs::metadata(&path).unwrap().modified().unwrap();
        file.set_modified(time).unwrap();
        std::fs::rename(&other, &path).unwrap();
        let after = SeenFile::at(&path).unwrap();
        assert_eq!(after.modified_ns, before.modified_ns);
        assert_ne!(after, before);
    }

    #[test]
    fn what_was_written_just_now_is_not_settled() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.csv");
        write(&path, b"id\n1\n");
        assert_eq!(SeenFile::settled(&path), None);
        assert!(SeenFile::at(&path).is_some());
        assert_eq!(SeenFile::at(folder.path()), None);
        assert_eq!(SeenFile::settled(&folder.path().join("none")), None);
    }
}
