//! Whether a file is still the one that a job has begun to read.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::JobError;

/// The error code of a job whose file is another than the one it began to read.
const INPUT_CHANGED: &str = "input_changed";

/// The bytes at the beginning of a file that are compared.
const HEAD: u64 = 64 << 10;

/// What tells a file from another one in its place: its size, the time of its last change, and a hash of its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFingerprint {
    /// The file.
    pub path: PathBuf,
    /// Its size in bytes.
    pub size: u64,
    /// When it was changed last, in nanoseconds since 1970; `None` where the system does not say.
    pub modified: Option<u64>,
    /// The BLAKE3 hash of its first 64 KiB, in hexadecimal.
    pub head: String,
}

impl InputFingerprint {
    /// The fingerprint of a file as it is now.
    ///
    /// # Errors
    /// [`JobError::Failed`] with code `io` when it cannot be read.
    pub async fn of(path: &Path) -> Result<Self, JobError> {
        let path = path.to_owned();
        let shown = path.display().to_string();
        let read = manifold_store::blocking(move || Self::read(path)).await;
        read.map_err(|error| JobError::failed("io", &format!("cannot read {shown}: {error}")))
    }

    fn read(path: PathBuf) -> std::io::Result<Self> {
        let file = std::fs::File::open(&path)?;
        let metadata = file.metadata()?;
        let modified = metadata.modified().ok();
        let modified = modified.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let mut head = Vec::new();
        file.take(HEAD).read_to_end(&mut head)?;
        Ok(Self {
            path,
            size: metadata.len(),
            modified: modified.and_then(|since| u64::try_from(since.as_nanos()).ok()),
            head: blake3::hash(&head).to_hex().to_string(),
        })
    }

    /// Fails when `now` is the fingerprint of another input.
    pub(crate) fn check(&self, now: &Self) -> Result<(), JobError> {
        match self.difference(now) {
            None => Ok(()),
            Some(difference) => Err(JobError::failed(
                INPUT_CHANGED,
                &format!(
                    "{} is not the file that the job began to read: {difference}; start a new job for the file as it is now",
                    now.path.display()
                ),
            )),
        }
    }

    /// What is different about another fingerprint of the same input, in words.
    fn difference(&self, now: &Self) -> Option<String> {
        if self.size != now.size {
            let (before, after) = (self.size, now.size);
            return Some(format!("it has {after} bytes, and had {before}"));
        }
        if self.head != now.head {
            return Some("its beginning is another".to_owned());
        }
        (self.modified != now.modified).then(|| "it was changed meanwhile".to_owned())
    }
}
