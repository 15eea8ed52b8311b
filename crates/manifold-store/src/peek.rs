//! Opens a database file to look at it: nothing in it changes, and nothing is left beside it.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use crate::Access;
use crate::access::log;

/// A connection that writes nothing: not in its statements, and a log that somebody left is not written back
/// when it closes. Others may have the file open.
///
/// Only SQLite opens the file: closing a file opened in another way would drop the locks that SQLite holds on it
/// in this process. Where files may be written it is opened for writing: a connection that may only read would
/// leave a log behind.
pub(crate) fn peek(
    path: &Path,
    access: Access,
    patience: Duration,
) -> rusqlite::Result<Connection> {
    let connection = access.to(path).open(path)?;
    connection.busy_timeout(patience)?;
    let has_log = std::fs::metadata(log(path)).is_ok_and(|metadata| metadata.len() > 0);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_log)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.execute_batch("PRAGMA query_only = ON")?;
    Ok(connection)
}
