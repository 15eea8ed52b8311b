//! Migrations: each on a connection of its own, in one transaction, undone when they would lose rows.

mod identity;
mod objects;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode,
    SqlxSqliteConnector, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::MigratorTrait as _;
use sqlx::sqlite::{SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use identity::Identity;

use crate::sqlite::{self, APPLICATION_ID, BUSY_TIMEOUT};
use crate::{Kind, StoreError, provision};

/// What a database's schema is, against what this program knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// The file's `user_version`.
    pub version: i64,
    /// Names of the migrations that were applied, oldest first.
    pub applied: Vec<String>,
    /// Names of those that were not, in the order they would be.
    pub pending: Vec<String>,
}

/// Which way to migrate. All but [`Direction::Up`] lose what the dropped tables hold; a spoke keeps its one
/// `project` row, with the epoch raised, so that it still is that project and the hub reads it anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Apply what is pending.
    Up,
    /// Revert the last so many migrations.
    Down(u32),
    /// Revert every migration, newest first, then apply all. Views and row tables go too: the sources they
    /// belong to are gone.
    Refresh,
    /// Drop every table and view, then apply all migrations. Works whatever migrations the file had, also
    /// those that this program does not know.
    Fresh,
}

/// What is applied and what is pending in the file at `path`. Changes nothing.
///
/// # Errors
/// [`StoreError`] by meaning when the file cannot be read.
pub async fn status<K: Kind>(path: &Path) -> Result<MigrationStatus, StoreError> {
    let connection = connect(path, false, BUSY_TIMEOUT).await?;
    let status = read_status::<K>(&connection, path).await;
    connection.close().await?;
    status
}

/// Migrates the file at `path`, which must exist; nothing happens when it is up to date. All or nothing:
/// an error, or a crash at any point, leaves the file as it was.
///
/// Foreign keys are off while it runs, since rebuilding a parent table would otherwise delete its children;
/// before the commit every foreign key is checked, and on the way up no table that existed may have lost
/// rows. Who calls it with another direction than [`Direction::Up`] holds the file's lock exclusively.
///
/// # Errors
/// [`StoreError::NotOurs`] for a file with tables of another program; [`StoreError::NewerSchema`];
/// [`StoreError::Migration`] when rows would be lost or orphaned, or a spoke would be left without its
/// `project` table; others by meaning.
pub async fn migrate<K: Kind>(
    path: &Path,
    direction: Direction,
) -> Result<MigrationStatus, StoreError> {
    migrate_within::<K>(path, direction, BUSY_TIMEOUT).await
}

/// The same, waiting no longer than `patience` for somebody else's lock on the file.
pub(crate) async fn migrate_within<K: Kind>(
    path: &Path,
    direction: Direction,
    patience: Duration,
) -> Result<MigrationStatus, StoreError> {
    let connection = connect(path, false, patience).await?;
    let done = run::<K>(&connection, path, direction)
        .await
        .map_err(|error| error.at(path));
    connection.close().await?;
    done
}

/// Makes a new database file at `path`, migrated and in WAL mode, with checksums and with nothing beside it.
pub(crate) async fn create<K: Kind>(path: &Path) -> Result<(), StoreError> {
    let file = path.to_owned();
    provision::blocking(move || {
        sqlite::make(&file).map_err(|error| StoreError::from(error).at(&file))
    })
    .await?;
    let connection = connect(path, true, BUSY_TIMEOUT).await?;
    run::<K>(&connection, path, Direction::Up)
        .await
        .map_err(|error| error.at(path))?;
    connection
        .execute_unprepared("PRAGMA journal_mode = WAL")
        .await?;
    connection.close().await?; // the last connection writes the WAL back and removes it
    Ok(())
}

async fn connect(
    path: &Path,
    create: bool,
    patience: Duration,
) -> Result<DatabaseConnection, StoreError> {
    let options = sqlite::connect_options(path)
        .create_if_missing(false)
        .busy_timeout(patience)
        .foreign_keys(false)
        .synchronous(SqliteSynchronous::Full);
    let options = if create {
        options.journal_mode(SqliteJournalMode::Delete)
    } else {
        options
    };
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(options)
        .await
        .map_err(|error| StoreError::from(crate::connection::query_error(error)).at(path))?;
    Ok(SqlxSqliteConnector::from_sqlx_sqlite_pool(pool))
}

async fn run<K: Kind>(
    connection: &DatabaseConnection,
    path: &Path,
    direction: Direction,
) -> Result<MigrationStatus, StoreError> {
    let options = TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    };
    let transaction = connection.begin_with_options(options).await?;
    refuse_foreign(&transaction, path).await?;
    if direction != Direction::Fresh {
        let before = read_status::<K>(&transaction, path).await?;
        if before.version > i64::from(K::VERSION) {
            return Err(StoreError::NewerSchema {
                path: path.to_owned(),
                found: before.version,
                known: K::VERSION,
            });
        }
    }
    let undone = |reason: String| StoreError::Migration {
        path: path.to_owned(),
        reason,
    };
    let keeps_rows = direction == Direction::Up;
    let rows = if keeps_rows {
        row_counts(&transaction).await?
    } else {
        BTreeMap::new()
    };
    let identity = if keeps_rows {
        None
    } else {
        Identity::keep(&transaction).await?
    };
    change::<K>(&transaction, direction).await?;
    let after = if keeps_rows {
        row_counts(&transaction).await?
    } else {
        BTreeMap::new()
    };
    for (table, had) in rows {
        match after.get(&table) {
            Some(&has) if has < had => {
                return Err(undone(format!(
                    "`{table}` had {had} rows and would have {has}"
                )));
            }
            _ => {}
        }
    }
    if let Some(identity) = identity {
        identity.put_back(&transaction, path).await?;
    }
    if let Some(orphan) = transaction
        .query_one_raw(pragma("PRAGMA foreign_key_check"))
        .await?
    {
        let (table, parent): (String, String) =
            (orphan.try_get_by_index(0)?, orphan.try_get_by_index(2)?);
        return Err(undone(format!(
            "rows of `{table}` would refer to rows of `{parent}` that do not exist"
        )));
    }
    let after = read_status::<K>(&transaction, path).await?;
    let version = after.applied.len();
    transaction
        .execute_unprepared(&format!("PRAGMA user_version = {version}"))
        .await?;
    transaction
        .execute_unprepared(&format!("PRAGMA application_id = {APPLICATION_ID}"))
        .await?;
    transaction.commit().await?;
    Ok(MigrationStatus {
        version: i64::try_from(version).unwrap_or(i64::MAX),
        ..after
    })
}

async fn change<K: Kind>(
    transaction: &DatabaseTransaction,
    direction: Direction,
) -> Result<(), DbErr> {
    match direction {
        Direction::Up => K::Migrator::up(transaction, None).await,
        Direction::Down(steps) => K::Migrator::down(transaction, Some(steps)).await,
        Direction::Refresh => {
            objects::drop_views(transaction).await?;
            K::Migrator::down(transaction, None).await?;
            objects::drop_all(transaction).await?;
            K::Migrator::up(transaction, None).await
        }
        Direction::Fresh => {
            objects::drop_all(transaction).await?;
            K::Migrator::up(transaction, None).await
        }
    }
}

/// Refuses a file that another program made: it has tables, and not our mark.
async fn refuse_foreign(transaction: &DatabaseTransaction, path: &Path) -> Result<(), StoreError> {
    let application = number(transaction, "PRAGMA application_id").await?;
    if application == APPLICATION_ID || objects::tables(transaction).await?.is_empty() {
        return Ok(());
    }
    let reason = format!(
        "it has tables, and its application id is {application:#x}, not {APPLICATION_ID:#x}"
    );
    Err(StoreError::NotOurs {
        path: path.to_owned(),
        reason,
    })
}

fn pragma(sql: &'static str) -> Statement {
    Statement::from_string(sea_orm::DbBackend::Sqlite, sql)
}

async fn number(connection: &impl ConnectionTrait, sql: &'static str) -> Result<i64, DbErr> {
    let row = connection.query_one_raw(pragma(sql)).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index(0))
}

async fn text(
    connection: &impl ConnectionTrait,
    sql: &'static str,
) -> Result<Option<String>, DbErr> {
    let row = connection.query_one_raw(pragma(sql)).await?;
    row.map(|row| row.try_get_by_index(0)).transpose()
}

async fn read_status<K: Kind>(
    connection: &impl ConnectionTrait,
    path: &Path,
) -> Result<MigrationStatus, StoreError> {
    let named = |error: DbErr| StoreError::from(error).at(path);
    let version = number(connection, "PRAGMA user_version")
        .await
        .map_err(named)?;
    let table = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'seaql_migrations'";
    let applied: Vec<String> = if connection
        .query_one_raw(pragma(table))
        .await
        .map_err(named)?
        .is_some()
    {
        let rows = connection
            .query_all_raw(pragma(
                "SELECT version FROM seaql_migrations ORDER BY version",
            ))
            .await?;
        rows.iter()
            .map(|row| row.try_get_by_index(0))
            .collect::<Result<_, _>>()?
    } else {
        Vec::new()
    };
    status_of::<K>(path, version, applied)
}

/// The status of a file with this version and these migrations.
///
/// # Errors
/// [`StoreError::NewerSchema`]; [`StoreError::NotOurs`] when one of the migrations is unknown.
pub(crate) fn status_of<K: Kind>(
    path: &Path,
    version: i64,
    applied: Vec<String>,
) -> Result<MigrationStatus, StoreError> {
    let known: Vec<String> = K::Migrator::migrations()
        .iter()
        .map(|migration| migration.name().to_owned())
        .collect();
    if let Some(foreign) = applied.iter().find(|name| !known.contains(name)) {
        if version > i64::from(K::VERSION) {
            return Err(StoreError::NewerSchema {
                path: path.to_owned(),
                found: version,
                known: K::VERSION,
            });
        }
        let reason = format!(
            "it has migration `{foreign}`, which is not one of a {}",
            K::NAME
        );
        return Err(StoreError::NotOurs {
            path: path.to_owned(),
            reason,
        });
    }
    let pending = known
        .into_iter()
        .filter(|name| !applied.contains(name))
        .collect();
    Ok(MigrationStatus {
        version,
        applied,
        pending,
    })
}

async fn row_counts(
    transaction: &DatabaseTransaction,
) -> Result<BTreeMap<String, i64>, StoreError> {
    let mut counts = BTreeMap::new();
    for table in objects::tables(transaction).await? {
        let sql = format!("SELECT count(*) FROM main.{}", objects::quoted(&table));
        let count = transaction
            .query_one_raw(Statement::from_string(sea_orm::DbBackend::Sqlite, sql))
            .await?;
        counts.insert(table, count.map_or(Ok(0), |row| row.try_get_by_index(0))?);
    }
    Ok(counts)
}
