//! Write-ahead logs that have grown.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::OpenFlags;

use super::cure::Cure;
use super::databases::DatabaseState;
use super::long_reads::{megabytes, named};
use super::{Finding, FindingClass};
use crate::metrics::log_bytes;
use crate::saga::readers;
use crate::sqlite::{self, LOG_LIMIT};
use crate::{DatabaseManager as _, ProjectId, SqliteManager, StoreError, provision};

/// How long a repair waits for readers and writers to end.
const PATIENCE: Duration = Duration::from_secs(2);

/// Logs larger than the size to which SQLite cuts them when it begins one anew, and larger than their database: a
/// large import may need a log as large as what it writes.
pub(super) fn examine(databases: &[DatabaseState]) -> Vec<Finding> {
    let grown = databases
        .iter()
        .filter(|database| database.log_bytes > LOG_LIMIT.max(database.size_bytes));
    grown.map(explain).collect()
}

fn explain(database: &DatabaseState) -> Finding {
    let why = match (&database.readers, database.held_reads.first()) {
        (Some(readers), _) => format!("it cannot be used anew while an old state is read by {readers}"),
        (None, Some(read)) => format!(
            "it cannot be used anew while process {} ({}) reads an old state",
            read.pid, read.command
        ),
        (None, None) => "somebody has read an old state while much was written; nobody does now, and the next write \
                         cuts it"
            .to_owned(),
    };
    let explanation = format!(
        "the write-ahead log of {} has {}, its file {}: {why}",
        named(database),
        megabytes(database.log_bytes),
        megabytes(database.size_bytes),
    );
    let repair = "it is written back into the file and emptied, once nobody reads an old state; nothing is lost";
    let id = database.project_id.clone();
    let finding = Finding::new(FindingClass::WalGrowing, explanation, repair)
        .at(&database.path)
        .cured_by(Cure::Checkpoint { id: id.clone() });
    match &id {
        Some(project) => finding.of(project),
        None => finding,
    }
}

/// Writes a log back into its database and empties it. Nothing is changed when somebody reads an old state for
/// longer than 2 seconds, but for what could be written back.
///
/// # Errors
/// [`StoreError::Busy`] naming the readers; others by meaning. A crash loses nothing.
pub(super) async fn checkpoint(
    manager: &SqliteManager,
    id: Option<ProjectId>,
) -> Result<(), StoreError> {
    // The handle keeps the file in its place.
    let spoke = match &id {
        Some(id) => Some(manager.project(id).await?),
        None => None,
    };
    let path: PathBuf = match &spoke {
        Some(spoke) => spoke.connection().file().path().to_owned(),
        None => manager.layout().core(),
    };
    provision::blocking(move || {
        let _leased = spoke;
        truncate(&path)
    })
    .await
}

fn truncate(path: &Path) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let checkpoint = || -> rusqlite::Result<bool> {
        let connection = sqlite::connect(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
    };
    let is_blocked = checkpoint().map_err(|error| StoreError::from(error).at(path))?;
    if !is_blocked && log_bytes(path) <= LOG_LIMIT {
        return Ok(());
    }
    Err(StoreError::Busy {
        what: path.display().to_string(),
        holder: readers(path),
    })
}
