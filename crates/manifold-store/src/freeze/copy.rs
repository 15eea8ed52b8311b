//! Database files made of a held state.

use std::fs::File;
use std::path::Path;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags, params_from_iter};

use super::part::{Part, read_rest};
use super::{Contents, Frozen};
use crate::StoreError;
use crate::rows::Cell;
use crate::source_trash::{self, is_trash_table};
use crate::sqlite::{self, APPLICATION_ID};

/// What is being written is nothing until it is complete and pressed onto the disk at the end.
const SCRATCH: &str =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF";

/// Copies every page of the state that `from` holds, in one step.
///
/// In several steps, each commit of somebody else would begin the copy anew unless `from` holds a read
/// transaction; in one step it cannot.
pub(crate) fn copy_whole(from: &Connection, path: &Path) -> Result<(), StoreError> {
    let named = |error: rusqlite::Error| StoreError::from(error).at(path);
    let mut to = create(path)?;
    let stepped = Backup::new(from, &mut to)
        .and_then(|backup| backup.step(-1))
        .map_err(named)?;
    to.close().map_err(|(_, error)| named(error))?;
    match stepped {
        StepResult::Done => settle_file(path),
        _ => Err(in_use(path)),
    }
}

pub(super) fn in_use(path: &Path) -> StoreError {
    StoreError::Busy {
        what: path.display().to_string(),
        holder: None,
    }
}

/// Makes a new file, table by table, with as much as `contents` says. With parts that it lacks it is for others to complete: it
/// has no table of rows, and its pages have no checksums.
pub(super) fn copy_catalogue(
    frozen: &Frozen,
    from: &Connection,
    path: &Path,
    contents: Contents<'_>,
    without: Option<&[Part]>,
) -> Result<(), StoreError> {
    let named = |error: rusqlite::Error| StoreError::from(error).at(path);
    let to = create(path)?;
    if without.is_none() {
        sqlite::want_checksums(&to).map_err(named)?;
    }
    to.execute_batch("PRAGMA foreign_keys = OFF; BEGIN")
        .map_err(named)?;
    let mut copied = frozen.tables(contents)?;
    if without.is_some() {
        copied.retain(|table| table.kind == super::TableKind::Catalogue);
    }
    let mut left_out = frozen.tables(Contents::WithData)?;
    left_out.retain(|table| {
        let is_copied = copied.iter().any(|copied| copied.name == table.name);
        table.kind == super::TableKind::Rows && !is_copied
    });
    let mut schema = from.prepare(
        "SELECT tbl_name, sql FROM sqlite_schema WHERE type IN ('table', 'index') AND sql IS NOT NULL \
         AND substr(name, 1, 7) <> 'sqlite_' ORDER BY type DESC, rowid",
    )?;
    for entry in schema.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    })? {
        let (table, sql) = entry?;
        let is_kept = table == source_trash::LIST || !is_trash_table(&table);
        if is_kept && left_out.iter().all(|left_out| left_out.name != table) {
            to.execute_batch(&sql).map_err(named)?;
        }
    }
    for table in copied {
        let mut insert = to.prepare(&table.insert()).map_err(named)?;
        let insert = |cells: &[Cell<'_>]| {
            let inserted = insert.execute(params_from_iter(cells));
            inserted.map(drop).map_err(named)
        };
        let parts = without.unwrap_or_default().iter();
        let owners: Vec<&str> = parts
            .filter(|part| part.table == table.name)
            .map(|part| part.owner.as_str())
            .collect();
        if owners.is_empty() {
            frozen.rows(&table, insert)?;
        } else {
            read_rest(from, &table, &owners, insert)?;
        }
    }
    copy_migrations(from, &to).map_err(named)?;
    for (table, highest) in frozen.sequences()? {
        let known = to.execute(
            "UPDATE sqlite_sequence SET seq = ?2 WHERE name = ?1",
            (&table, highest),
        );
        if known.map_err(named)? == 0 {
            let numbers = "INSERT INTO sqlite_sequence(name, seq) VALUES (?1, ?2)";
            to.execute(numbers, (&table, highest)).map_err(named)?;
        }
    }
    to.execute_batch(&format!(
        "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}; COMMIT",
        frozen.schema_version()
    ))
    .map_err(named)?;
    to.close().map_err(|(_, error)| named(error))?;
    settle_file(path)
}

fn copy_migrations(from: &Connection, to: &Connection) -> rusqlite::Result<()> {
    let mut insert =
        to.prepare("INSERT INTO seaql_migrations(version, applied_at) VALUES (?, ?)")?;
    let mut applied =
        from.prepare("SELECT version, applied_at FROM seaql_migrations ORDER BY version")?;
    let mut rows = applied.query([])?;
    while let Some(row) = rows.next()? {
        insert.execute((Cell::from(row.get_ref(0)?), Cell::from(row.get_ref(1)?)))?;
    }
    Ok(())
}

/// A database file that must not exist yet, readable by its owner only.
pub(super) fn create(path: &Path) -> Result<Connection, StoreError> {
    create_file(path)?;
    open(path)
}

/// The same, still empty.
pub(super) fn create_file(path: &Path) -> Result<File, StoreError> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(StoreError::io("create", path))
}

pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> rusqlite::Result<Connection> {
        let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.execute_batch(SCRATCH)?;
        Ok(connection)
    };
    open().map_err(|error| StoreError::from(error).at(path))
}

/// Makes a database that nobody has open one plain file, without a write-ahead log beside it and without
/// the need for one, and presses it onto the disk.
pub(crate) fn settle_file(path: &Path) -> Result<(), StoreError> {
    let settle = || -> rusqlite::Result<String> {
        let connection = sqlite::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // In exclusive mode the log's index stays in memory, and no file of shared memory is made.
        connection.execute_batch("PRAGMA locking_mode = EXCLUSIVE")?;
        let mode = connection.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get(0))?;
        connection.close().map_err(|(_, error)| error)?;
        Ok(mode)
    };
    let mode = settle().map_err(|error| StoreError::from(error).at(path))?;
    if mode != "delete" {
        return Err(StoreError::Busy {
            what: path.display().to_string(),
            holder: None,
        });
    }
    File::open(path)
        .and_then(|file| file.sync_all())
        .map_err(StoreError::io("write", path))
}
