//! Opens a project file for users' SQL.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::authorizer::Gate;
use super::classify::file_error;
use super::error::QueryError;
use super::limits::{self, SandboxOptions};
use super::stop::Stop;
use super::temp_space::{self, TempSpace};
use super::text_functions;
use crate::Access;
use crate::access::FileAccess;

/// Virtual machine instructions between two questions whether to stop: some ten microseconds.
const STEPS_PER_CHECK: i32 = 1_000;

/// A read-only connection to one project file that runs users' SQL.
///
/// Other connections may write the file meanwhile. Nothing a statement does outlives its run.
#[derive(Debug)]
pub struct Sandbox {
    pub(super) connection: Connection,
    pub(super) gate: Gate,
    pub(super) stop: Arc<Stop>,
    pub(super) timeout: Option<Duration>,
    pub(super) heap_limit: u64,
}

impl Sandbox {
    /// Opens the project file at `path`, which must exist; nothing is created but SQLite's `-wal`
    /// and `-shm` files beside it if no other connection has them open, and not even those with
    /// [`Access::ReadOnly`].
    ///
    /// Lowers SQLite's memory limit for the whole process to [`SandboxOptions::heap_limit`].
    ///
    /// # Errors
    ///
    /// [`QueryError::Open`] if it cannot be opened, [`QueryError::Corrupt`] if it is no database,
    /// [`QueryError::Busy`], [`QueryError::Io`].
    pub fn open(path: &Path, options: SandboxOptions) -> Result<Self, QueryError> {
        let cannot_open = |source| QueryError::Open {
            path: path.to_owned(),
            source,
        };
        // An absolute path never looks like a URI, which the bundled SQLite would follow.
        let absolute = std::path::absolute(path)
            .map_err(|error| cannot_open(rusqlite::Error::InvalidPath(error.to_string().into())))?;
        // Beside those who write a file it is read through its log.
        let access = match options.access {
            Access::ReadWrite => FileAccess::Live,
            Access::ReadOnly => Access::ReadOnly.to(&absolute),
        };
        let connection = access.open(&absolute).map_err(cannot_open)?;
        let stop = Arc::new(Stop::new(
            options.cancel,
            TempSpace::new(options.temp_limit),
        ));
        let gate = Gate::default();
        harden(&connection, options.busy_timeout, options.heap_limit).map_err(file_error)?;
        text_functions::replace(&connection, &stop).map_err(file_error)?;
        gate.install(&connection).map_err(file_error)?;
        let asked = Arc::clone(&stop);
        connection
            .progress_handler(STEPS_PER_CHECK, Some(move || asked.is_due()))
            .map_err(file_error)?;
        // The header is read by the first statement only.
        connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
            .map_err(|error| match file_error(error) {
                QueryError::Io { source } => cannot_open(source),
                other => other,
            })?;
        Ok(Self {
            connection,
            gate,
            stop,
            timeout: options.timeout,
            heap_limit: options.heap_limit,
        })
    }
}

/// Sets the modes and bounds of a connection that strangers' SQL will use.
fn harden(
    connection: &Connection,
    busy_timeout: Duration,
    heap_limit: u64,
) -> rusqlite::Result<()> {
    connection.busy_timeout(busy_timeout)?;
    for (config, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
        // A misspelt column in double quotes is an error, not a text.
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        connection.set_db_config(config, on)?;
    }
    limits::apply(connection)?;
    let temp_store = if temp_space::watched() {
        "FILE"
    } else {
        "MEMORY"
    };
    connection.execute_batch(&format!(
        "PRAGMA query_only = ON; PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; \
         PRAGMA cache_size = -16384; PRAGMA temp_store = {temp_store}; PRAGMA hard_heap_limit = {heap_limit}"
    ))
}
