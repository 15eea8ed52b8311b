//! Which tables a damaged file has.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use rusqlite::Connection;

use super::leaf::{self, Value};
use crate::freeze::row_table_number;
use crate::source_trash::is_trash_table;
use crate::{StoreError, sqlite};

/// The size of the pages of every file that this program makes, in bytes.
pub(super) const PAGE: usize = 4_096;

/// The part of a file's first page that says what the file is, in bytes.
const HEADER: usize = 100;

/// Where it says how many bytes at the end of each page are none of SQLite's.
const RESERVED: usize = 20;

/// A table as the schema lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Listed {
    name: String,
    root: i64,
    sql: String,
}

/// Makes the list of tables of the file at `path` anew when SQLite cannot read it, from what is left of it anywhere in
/// the file; tables of the catalogue that are lost from it are where they are in every file, which `blank`, a new one,
/// tells. Indexes and views are left out: nothing here uses them.
pub(super) fn ensure(path: &Path, blank: &Path) -> Result<(), StoreError> {
    restore_header(path, blank)?;
    if is_readable(path) {
        return Ok(());
    }
    let mut tables = carve(path)?;
    let size = std::fs::metadata(path).map_err(StoreError::io("read", path))?;
    let pages = i64::try_from(size.len() / PAGE as u64).unwrap_or(i64::MAX);
    // What lies behind the end of a file that was cut off is where the new list goes.
    let listed = catalogue(blank)?.into_iter();
    for table in listed.filter(|table| table.root <= pages) {
        tables.entry(table.name.clone()).or_insert(table);
    }
    rewrite(path, blank, &tables)
}

/// Gives a file whose first bytes are lost those of a new one.
fn restore_header(path: &Path, blank: &Path) -> Result<(), StoreError> {
    let read = StoreError::io("read", path);
    let mut head = [0; HEADER];
    let mut file = File::options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(read)?;
    let whole = file.read_exact(&mut head).is_ok();
    let sound = head.starts_with(b"SQLite format 3\0") && head[16..18] == [0x10, 0];
    let reserved = reserved(&file);
    if whole && sound && head[RESERVED] == reserved {
        return Ok(());
    }
    if whole && sound {
        head[RESERVED] = reserved;
    } else {
        head = header(&file, blank)?;
    }
    let write = file.rewind().and_then(|()| file.write_all(&head));
    write.map_err(StoreError::io("write", path))
}

/// How many bytes at the end of each page are none of SQLite's, told by the pages themselves: those of the checksum,
/// if one of them has a checksum that is right.
pub(super) fn reserved(file: &File) -> u8 {
    let mut page = vec![0; PAGE];
    let has_one = (1..pages(file)).any(|number| {
        let at = u64::from(number) * PAGE as u64;
        let mut file = file;
        let read = file
            .seek(SeekFrom::Start(at))
            .and_then(|_| file.read_exact(&mut page));
        read.is_ok() && page[0] != 0 && sqlite::is_sound_page(&page)
    });
    if has_one { sqlite::RESERVED_BYTES } else { 0 }
}

/// How many whole pages there are.
fn pages(file: &File) -> u32 {
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    u32::try_from(size / PAGE as u64).unwrap_or(u32::MAX)
}

/// The header of a new file, with the number of pages of this one and no free ones.
fn header(file: &File, blank: &Path) -> Result<[u8; HEADER], StoreError> {
    let mut head = [0; HEADER];
    let read = File::open(blank).and_then(|mut blank| blank.read_exact(&mut head));
    read.map_err(StoreError::io("read", blank))?;
    head[RESERVED] = reserved(file);
    head[28..32].copy_from_slice(&pages(file).to_be_bytes());
    head[32..40].fill(0);
    let changes: [u8; 4] = [head[24], head[25], head[26], head[27]];
    head[92..96].copy_from_slice(&changes);
    Ok(head)
}

/// Whether every entry of the schema can be read, and the tables of every project are among them.
fn is_readable(path: &Path) -> bool {
    let names = || -> rusqlite::Result<Vec<String>> {
        let connection = Connection::open(path)?;
        let mut entries = connection.prepare("SELECT name FROM sqlite_schema")?;
        let names = entries.query_map([], |row| row.get(0))?;
        names.collect()
    };
    names().is_ok_and(|names| names.iter().any(|name| name == "project"))
}

/// Entries of the schema, by name, wherever in the file they are.
fn carve(path: &Path) -> Result<BTreeMap<String, Listed>, StoreError> {
    let file = File::open(path).map_err(StoreError::io("read", path))?;
    let (pages, usable) = (pages(&file), PAGE - usize::from(reserved(&file)));
    let read = |number: u32| -> Option<Vec<u8>> {
        let mut page = vec![0; usable];
        let mut file = &file;
        let at = u64::from(number.checked_sub(1)?) * PAGE as u64;
        file.seek(SeekFrom::Start(at)).ok()?;
        file.read_exact(&mut page).ok()?;
        Some(page)
    };
    let mut found = BTreeMap::new();
    for number in 2..=pages {
        let Some(page) = read(number) else { continue };
        for (_, values) in leaf::records(&page, &read) {
            if let Some(table) = listed(&values, pages) {
                found.insert(table.name.clone(), table);
            }
        }
    }
    Ok(found)
}

/// The table that a record lists, if it is an entry of the schema and of a table that a project has.
fn listed(values: &[Value], pages: u32) -> Option<Listed> {
    let [
        Value::Text(kind),
        Value::Text(name),
        Value::Text(_),
        Value::Int(root),
        Value::Text(sql),
    ] = values
    else {
        return None;
    };
    let is_table =
        kind == "table" && sql.starts_with("CREATE TABLE") && sql.contains(name.as_str());
    (is_table && (2..=i64::from(pages)).contains(root)).then(|| Listed {
        name: name.clone(),
        root: *root,
        sql: sql.clone(),
    })
}

/// The tables that every project has.
fn catalogue(blank: &Path) -> Result<Vec<Listed>, StoreError> {
    let connection = Connection::open(blank)?;
    let mut entries = connection.prepare(
        "SELECT name, rootpage, sql FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'",
    )?;
    let tables = entries.query_map([], |row| {
        Ok(Listed {
            name: row.get(0)?,
            root: row.get(1)?,
            sql: row.get(2)?,
        })
    })?;
    Ok(tables.collect::<Result<_, _>>()?)
}

/// Gives the file a first page with an empty schema, and lists the tables in it. SQLite puts the list on new pages.
fn rewrite(path: &Path, blank: &Path, tables: &BTreeMap<String, Listed>) -> Result<(), StoreError> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .open(path)
        .map_err(StoreError::io("write", path))?;
    let mut page = vec![0; PAGE];
    page[..HEADER].copy_from_slice(&header(&file, blank)?);
    page[18..20].fill(1); // no log: one page after the other is written
    page[HEADER] = 13; // a leaf of a table, without cells
    // Its content begins where what is not SQLite's does: at the end.
    let end = u16::try_from(PAGE).unwrap_or(u16::MAX) - u16::from(page[RESERVED]);
    page[HEADER + 5..HEADER + 7].copy_from_slice(&end.to_be_bytes());
    let written = file.rewind().and_then(|()| file.write_all(&page));
    written.map_err(StoreError::io("write", path))?;
    drop(file);
    let connection = Connection::open(path)?;
    connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
    connection.execute_batch("PRAGMA writable_schema = ON; PRAGMA synchronous = OFF; BEGIN")?;
    for table in tables.values() {
        connection.execute(
            "INSERT INTO sqlite_schema(type, name, tbl_name, rootpage, sql) VALUES ('table', ?1, ?1, ?2, ?3)",
            (&table.name, table.root, &table.sql),
        )?;
    }
    connection.execute_batch("COMMIT")?;
    connection.close().map_err(|(_, error)| error.into())
}

/// The tables with their columns, the catalogue first. One whose definition makes no sense is left out, and so is the
/// trash.
pub(super) fn tables(connection: &Connection) -> Result<Vec<(String, Vec<String>)>, StoreError> {
    let mut entries = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'seaql_migrations' \
         AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name",
    )?;
    let names: Vec<String> = entries
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for name in names.into_iter().filter(|name| !is_trash_table(name)) {
        let columns = || -> rusqlite::Result<Vec<String>> {
            connection
                .prepare("SELECT name FROM pragma_table_info(?) ORDER BY cid")?
                .query_map([&name], |row| row.get(0))?
                .collect()
        };
        if let Ok(columns) = columns()
            && !columns.is_empty()
        {
            found.push((name, columns));
        }
    }
    found.sort_by_key(|(name, _)| row_table_number(name).unwrap_or(0));
    Ok(found)
}
