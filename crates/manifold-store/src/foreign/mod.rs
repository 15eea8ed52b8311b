//! SQLite databases that other programs made, read table by table, or by one statement.

mod error;
mod query;
mod rows;
mod schema;
mod target;

pub use error::ForeignError;
pub use query::ForeignQuery;
pub use rows::{ForeignRows, ForeignValue};
pub use schema::{ForeignColumn, ForeignKey, ForeignTable, SkippedTable};
pub use target::ForeignTarget;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode};

use crate::outside::Outside;

/// Virtual machine instructions between two looks at whether to stop: some ten microseconds.
const STEPS_PER_CHECK: i32 = 1_000;

/// A database file of another program, in one state: what is written to it meanwhile is not seen. It is only read, and
/// nothing that it says is done beyond showing the rows of its tables.
pub struct ForeignDatabase {
    shared: Arc<Shared>,
    tables: Vec<ForeignTable>,
    skipped: Vec<SkippedTable>,
}

struct Shared {
    outside: Mutex<Outside>,
    path: PathBuf,
}

impl ForeignDatabase {
    /// Opens the database at `path` and reads which tables it has. `max_value`: the largest row that may be read, in bytes;
    /// reading ends with an error once `stop` is set. Blocks.
    ///
    /// # Errors
    /// [`ForeignError`].
    pub fn open(path: &Path, max_value: u64, stop: &Arc<AtomicBool>) -> Result<Self, ForeignError> {
        let outside = Outside::open(path).map_err(ForeignError::open)?;
        let (tables, skipped) = harden(outside.connection(), max_value, stop)
            .and_then(|()| schema::read(outside.connection()))
            .and_then(|found| {
                let connection = outside.connection();
                connection.authorizer(Some(|context: AuthContext<'_>| decide(context.action)))?;
                Ok(found)
            })
            .map_err(|error| ForeignError::read(path, None, error))?;
        Ok(Self {
            tables,
            skipped,
            shared: Arc::new(Shared {
                outside: Mutex::new(outside),
                path: path.to_owned(),
            }),
        })
    }

    /// The tables, in the order in which they were made.
    #[must_use]
    pub fn tables(&self) -> &[ForeignTable] {
        &self.tables
    }

    /// What is not read: views and virtual tables.
    #[must_use]
    pub fn skipped(&self) -> &[SkippedTable] {
        &self.skipped
    }

    /// The rows of a table, in the order in which it stores them. The tables of a database are read one after the other:
    /// drop these rows before others are read.
    ///
    /// # Panics
    /// When there is no table of this index.
    #[must_use]
    pub fn rows(&self, table: usize) -> ForeignRows {
        ForeignRows::begin(&self.shared, &self.tables[table])
    }
}

impl std::fmt::Debug for ForeignDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForeignDatabase")
            .field("path", &self.shared.path)
            .field("tables", &self.tables)
            .finish_non_exhaustive()
    }
}

/// Sets the modes and bounds of a connection to a file that may have been made to do harm.
fn harden(connection: &Connection, max_value: u64, stop: &Arc<AtomicBool>) -> rusqlite::Result<()> {
    for (config, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_WRITABLE_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_CREATE, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_ATTACH_WRITE, false),
    ] {
        connection.set_db_config(config, on)?;
    }
    // A row has a header beside its values.
    let length = i32::try_from(max_value.saturating_add(65_536)).unwrap_or(i32::MAX);
    for (limit, value) in [
        (Limit::SQLITE_LIMIT_LENGTH, length.min(1_000_000_000)),
        (Limit::SQLITE_LIMIT_SQL_LENGTH, 1_000_000),
        (Limit::SQLITE_LIMIT_EXPR_DEPTH, 500),
        (Limit::SQLITE_LIMIT_VDBE_OP, 1_000_000),
        (Limit::SQLITE_LIMIT_ATTACHED, 0),
        (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 1),
        (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 500),
    ] {
        connection.set_limit(limit, value)?;
    }
    let stop = stop.clone();
    connection.progress_handler(STEPS_PER_CHECK, Some(move || stop.load(Ordering::Relaxed)))?;
    connection.execute_batch(
        "PRAGMA mmap_size = 0; PRAGMA cell_size_check = ON; PRAGMA cache_size = -16384",
    )
}

/// What a statement may do once the tables are known: read them, and compute their generated columns.
fn decide(action: AuthAction<'_>) -> Authorization {
    match action {
        AuthAction::Select | AuthAction::Read { .. } => Authorization::Allow,
        AuthAction::Function { function_name } if function_name != "load_extension" => {
            Authorization::Allow
        }
        _ => Authorization::Deny,
    }
}

fn is_stopped(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}
