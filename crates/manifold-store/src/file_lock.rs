//! Locks between processes, on files of their own.
//!
//! Never on a database file: closing any descriptor of it would drop SQLite's own locks.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::metrics::{WaitMeter, Waits};
use crate::{Access, StoreError};

/// The first pause between two tries; it doubles up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Waits for locks in this process, of every store: the kernel's locks know none either.
static WAITS: WaitMeter = WaitMeter::new();

/// How often a lock was waited for in this process.
pub(crate) fn waits() -> Waits {
    WAITS.waits()
}

/// A lock that is held until it is dropped, or until its process dies.
#[derive(Debug)]
pub struct FileLock {
    file: File,
    path: PathBuf,
}

/// Whether others may hold the lock too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// Others may hold it shared.
    Shared,
    /// Nobody else holds it. The holder's process id and command are written into the file.
    Exclusive,
}

impl FileLock {
    /// Takes the lock if it is free now; makes the lock file when there is none.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the file cannot be made or locked.
    pub fn try_take(path: &Path, share: Share) -> Result<Option<Self>, StoreError> {
        let there = match share {
            Share::Shared => File::open(path).ok(), // it need not be writable
            Share::Exclusive => None,
        };
        let mut file = match there {
            Some(file) => file,
            None => File::options()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .open(path)
                .map_err(StoreError::io("open the lock", path))?,
        };
        let taken = match share {
            Share::Shared => file.try_lock_shared(),
            Share::Exclusive => file.try_lock(),
        };
        match taken {
            Ok(()) => {
                if share == Share::Exclusive
                    && let Err(error) = write_holder(&mut file)
                {
                    // The lock is held all the same; on a full disk a waiter is not told by whom.
                    tracing::debug!(path = %path.display(), %error, "the holder of a lock is not named");
                }
                Ok(Some(Self {
                    file,
                    path: path.to_owned(),
                }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", path)(error)),
        }
    }

    /// Takes the lock shared. Where nothing may be made, a lock without a file is not needed: whoever could
    /// delete or replace what it protects makes it first.
    ///
    /// # Errors
    /// As [`Self::take`].
    pub(crate) async fn take_shared(
        path: &Path,
        access: Access,
        deadline: Duration,
    ) -> Result<Option<Self>, StoreError> {
        if access == Access::ReadWrite {
            return Self::take(path, Share::Shared, deadline, |_| {})
                .await
                .map(Some);
        }
        let start = Instant::now();
        loop {
            let file = match File::open(path) {
                Ok(file) => file,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(StoreError::io("open the lock", path)(error)),
            };
            match file.try_lock_shared() {
                Ok(()) => {
                    return Ok(Some(Self {
                        file,
                        path: path.to_owned(),
                    }));
                }
                Err(TryLockError::WouldBlock) if start.elapsed() < deadline => {
                    tokio::time::sleep(LONGEST_PAUSE).await;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Busy {
                        what: path.display().to_string(),
                        holder: Self::holder(path),
                    });
                }
                Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", path)(error)),
            }
        }
    }

    /// Whether somebody holds the lock exclusively. Changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Io`] when the lock cannot be tried.
    pub(crate) fn is_held(path: &Path) -> Result<bool, StoreError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(StoreError::io("open the lock", path)(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(StoreError::io("lock", path)(error)),
        }
    }

    /// Waits for the lock. `waiting` is called once, with who holds it, when it is not free at once.
    /// Dropping the future gives up waiting.
    ///
    /// # Errors
    /// [`StoreError::Busy`] after `deadline`, naming the holder; [`StoreError::Io`].
    pub async fn take(
        path: &Path,
        share: Share,
        deadline: Duration,
        waiting: impl FnOnce(Option<&str>),
    ) -> Result<Self, StoreError> {
        let start = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut waiting = Some(waiting);
        loop {
            if let Some(lock) = Self::try_take(path, share)? {
                if waiting.is_none() {
                    WAITS.observe(start.elapsed());
                }
                return Ok(lock);
            }
            let holder = Self::holder(path);
            if let Some(waiting) = waiting.take() {
                waiting(holder.as_deref());
            }
            if start.elapsed() >= deadline {
                WAITS.observe(start.elapsed());
                return Err(StoreError::Busy {
                    what: path.display().to_string(),
                    holder,
                });
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Who wrote themselves into the lock file last: process id and command. Only telling while the lock
    /// is held exclusively.
    #[must_use]
    pub fn holder(path: &Path) -> Option<String> {
        let mut text = String::new();
        File::open(path)
            .ok()?
            .take(1_000)
            .read_to_string(&mut text)
            .ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The lock file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing the file does it too, but not while a child that is just being started has a copy of it.
        if let Err(error) = self.file.unlock() {
            tracing::debug!(path = %self.path.display(), %error, "a lock is free once its file is closed");
        }
    }
}

/// This process as others see it: its id and the command it runs.
#[must_use]
pub fn process_name() -> String {
    format!("process {} ({})", std::process::id(), command_line())
}

/// The command of this process: program and arguments, cut at 200 characters.
#[must_use]
pub fn command_line() -> String {
    let mut words = std::env::args_os();
    let program = words.next().map(PathBuf::from);
    let program = program
        .as_deref()
        .and_then(Path::file_name)
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let line = words.fold(program, |line, word| {
        format!("{line} {}", word.to_string_lossy())
    });
    line.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}

fn write_holder(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(process_name().as_bytes())
}

/// Checks with the file at `path`, which stays, that a lock taken beside it keeps others out, as it does not on
/// some network file systems.
///
/// # Errors
/// [`StoreError::NoLocks`] with what was found.
pub(crate) fn check_locks(path: &Path) -> Result<(), StoreError> {
    let no_locks = |reason: String| StoreError::NoLocks {
        path: path.parent().unwrap_or(path).to_owned(),
        reason,
    };
    let open = || {
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        options
            .open(path)
            .map_err(StoreError::io("open the lock", path))
    };
    let (first, second) = (open()?, open()?);
    match first.try_lock() {
        Ok(()) => {}
        // Another process tries it at this moment, and keeps this one out.
        Err(TryLockError::WouldBlock) => return Ok(()),
        Err(TryLockError::Error(error)) => return Err(no_locks(error.to_string())),
    }
    match second.try_lock_shared() {
        Ok(()) => Err(no_locks("two holders got the same lock".to_owned())),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(error)) => Err(no_locks(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_is_dropped_is_free_though_a_child_has_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let lock = FileLock::try_take(&path, Share::Exclusive)
            .unwrap()
            .unwrap();
        let _of_a_child = lock.file.try_clone().unwrap();
        assert!(FileLock::try_take(&path, Share::Shared).unwrap().is_none());
        drop(lock);
        assert!(FileLock::try_take(&path, Share::Shared).unwrap().is_some());
    }

    #[tokio::test]
    async fn a_waiter_is_told_who_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.lock");
        let held = FileLock::try_take(&path, Share::Exclusive)
            .unwrap()
            .unwrap();
        assert!(FileLock::try_take(&path, Share::Shared).unwrap().is_none());

        let mut told = None;
        let error = FileLock::take(&path, Share::Shared, Duration::ZERO, |holder| {
            told = holder.map(str::to_owned);
        })
        .await
        .unwrap_err();
        assert!(told.unwrap().contains(&std::process::id().to_string()));
        assert!(error.to_string().contains("process"), "{error}");

        drop(held);
        let one = FileLock::try_take(&path, Share::Shared).unwrap();
        let two = FileLock::try_take(&path, Share::Shared).unwrap();
        assert!(one.is_some() && two.is_some());
        assert!(
            FileLock::try_take(&path, Share::Exclusive)
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn locks_work_here() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("try.lock");
        check_locks(&path).unwrap();
        let _held = FileLock::try_take(&path, Share::Exclusive).unwrap();
        check_locks(&path).unwrap();
    }
}
