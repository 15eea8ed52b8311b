//! A spoke's file and what SQLite keeps beside it, moved as one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use crate::{StoreError, rename_durably, sqlite, sync_folder};

/// How long to wait for a program that does not know our locks.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What SQLite may keep beside a file that it could not write back.
const LOGS: [&str; 2] = ["-wal", "-journal"];

/// Writes the write-ahead log back into the file and removes it, so that the file alone is the project.
///
/// A missing file is fine. A damaged one keeps its log, which then goes where the file goes.
///
/// # Errors
/// [`StoreError::Busy`] when some program has the file open; others by meaning.
pub(crate) fn settle(path: &Path) -> Result<(), StoreError> {
    // SQLite removes the log of an empty file.
    if !exists(path)?
        || std::fs::metadata(path)
            .map_err(StoreError::io("look at", path))?
            .len()
            == 0
    {
        return Ok(());
    }
    match leave_wal_mode(path) {
        Err(error @ (StoreError::Corrupt { .. } | StoreError::NotOurs { .. })) => {
            tracing::warn!(path = %path.display(), %error, "a damaged project file keeps its write-ahead log");
            Ok(())
        }
        other => other,
    }
}

/// SQLite leaves WAL mode only when no other connection exists, in any process. The next opening goes back.
fn leave_wal_mode(path: &Path) -> Result<(), StoreError> {
    let named = |error: rusqlite::Error| StoreError::from(error).at(path);
    let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(named)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(named)?;
    // Closing a damaged file would remove its log.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(named)?;
    let mode: String = connection
        .query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))
        .map_err(named)?;
    if mode != "delete" {
        return Err(StoreError::Busy {
            what: path.display().to_string(),
            holder: None,
        });
    }
    connection.close().map_err(|(_, error)| named(error))
}

/// Moves the file and its logs, durably, when it is not there already; nothing happens when neither path
/// has a file. Can be repeated after a crash at any point.
///
/// # Errors
/// [`StoreError::Io`]; when both paths have a file neither is touched.
pub(crate) fn relocate(from: &Path, to: &Path) -> Result<(), StoreError> {
    if !exists(from)? {
        return Ok(());
    }
    if exists(to)? {
        let taken = std::io::Error::new(
            std::io::ErrorKind::AlreadyExists,
            "there is a file; move it away first",
        );
        return Err(StoreError::io("move the project to", to)(taken));
    }
    // The file goes last: while it is here, the move is not done.
    for log in LOGS {
        if exists(&beside(from, log))? {
            rename_durably(&beside(from, log), &beside(to, log))?;
        }
    }
    rename_durably(from, to)?;
    // An index into the log, which SQLite makes anew.
    match std::fs::remove_file(beside(from, "-shm")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", beside(from, "-shm"))(error))
        }
        _ => Ok(()),
    }
}

/// Removes the file and what SQLite keeps beside it. Nothing happens when they are missing.
///
/// # Errors
/// [`StoreError::Io`].
pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    // The file goes last: while it is here, its removal is not done.
    for suffix in ["-wal", "-journal", "-shm", ""] {
        let found = beside(path, suffix);
        match std::fs::remove_file(&found) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StoreError::io("remove", found)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Undoes [`relocate`]: moves the file from `to` back to `from`, unless it never left.
///
/// # Errors
/// [`StoreError::Io`].
pub(super) fn put_back(from: &Path, to: &Path) -> Result<(), StoreError> {
    if exists(from)? {
        Ok(())
    } else {
        relocate(to, from)
    }
}

/// Makes a folder that only its owner reads, if it is missing.
///
/// # Errors
/// [`StoreError::Io`].
pub(crate) fn make_folder(folder: &Path) -> Result<(), StoreError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(StoreError::io("create the folder", folder))?;
    folder.parent().map_or(Ok(()), sync_folder)
}

/// Whether there is something under this name; unlike [`Path::exists`] it does not take an error for a no.
///
/// # Errors
/// [`StoreError::Io`].
pub(crate) fn exists(path: &Path) -> Result<bool, StoreError> {
    path.try_exists().map_err(StoreError::io("look for", path))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
#[expect(
    clippy::disallowed_methods,
    reason = "the files of these tests need not survive a crash"
)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    #[test]
    fn what_is_only_in_the_log_is_not_lost() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a.db"), folder.path().join("b.db"));
        let writer = Connection::open(&from).unwrap();
        writer
            .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t(x); INSERT INTO t VALUES (1)")
            .unwrap();
        assert!(
            matches!(leave_wal_mode(&from), Err(StoreError::Busy { .. })),
            "another program has it open"
        );
        // What a killed process leaves: the file and its log.
        let copy = folder.path().join("killed.db");
        std::fs::copy(&from, &copy).unwrap();
        std::fs::copy(beside(&from, "-wal"), beside(&copy, "-wal")).unwrap();

        settle(&copy).unwrap();
        assert!(!beside(&copy, "-wal").exists());
        relocate(&copy, &to).unwrap();
        relocate(&copy, &to).unwrap();
        let rows: i64 = Connection::open(&to)
            .unwrap()
            .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .unwrap();
        assert_eq!(rows, 1);
    }

    #[test]
    fn a_damaged_file_moves_with_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("a.db"), folder.path().join("b.db"));
        std::fs::write(
            &from,
            b"certainly not a database, though long enough to be looked at as one",
        )
        .unwrap();
        std::fs::write(beside(&from, "-wal"), b"log").unwrap();
        settle(&from).unwrap();
        relocate(&from, &to).unwrap();
        assert!(!from.exists() && !beside(&from, "-wal").exists());
        assert_eq!(std::fs::read(beside(&to, "-wal")).unwrap(), b"log");

        std::fs::write(&from, b"another").unwrap();
        assert!(matches!(relocate(&from, &to), Err(StoreError::Io { .. })));
        assert_eq!(std::fs::read(&from).unwrap(), b"another");
        settle(&folder.path().join("missing.db")).unwrap();
        relocate(
            &folder.path().join("missing.db"),
            &folder.path().join("nowhere.db"),
        )
        .unwrap();
    }
}
