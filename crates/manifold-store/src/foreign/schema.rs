//! Which tables the database of another program has.

use rusqlite::Connection;

/// A table with rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignTable {
    /// Its name.
    pub name: String,
    /// Its columns, with generated ones.
    pub columns: Vec<ForeignColumn>,
    /// Which columns refer to rows of which tables, as far as the columns are known.
    pub foreign_keys: Vec<ForeignKey>,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignColumn {
    /// Its name.
    pub name: String,
    /// The type that was declared, empty for none. SQLite stores values of other types too.
    pub declared: String,
}

/// Columns that refer to rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table that they refer to; it need not exist.
    pub table: String,
    /// Its columns.
    pub to_columns: Vec<String>,
}

/// Something that is not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkippedTable {
    /// Its name.
    pub name: String,
    /// What it is: `view` or `virtual`.
    pub kind: String,
}

/// Reads the schema.
pub(super) fn read(
    connection: &Connection,
) -> rusqlite::Result<(Vec<ForeignTable>, Vec<SkippedTable>)> {
    let listed = "SELECT l.name, l.type FROM pragma_table_list AS l \
        JOIN sqlite_schema AS s ON s.name = l.name AND s.type IN ('table', 'view') \
        WHERE l.schema = 'main' AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY s.rowid";
    let listed: Vec<(String, String)> = connection
        .prepare(listed)?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let (mut tables, mut skipped) = (Vec::new(), Vec::new());
    for (name, kind) in listed {
        match kind.as_str() {
            "table" => tables.push(table(connection, name)?),
            "shadow" => {} // part of a virtual table
            _ => skipped.push(SkippedTable { name, kind }),
        }
    }
    Ok((tables, skipped))
}

fn table(connection: &Connection, name: String) -> rusqlite::Result<ForeignTable> {
    let columns = connection
        .prepare("SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1 ORDER BY cid")?
        .query_map([&name], |row| {
            Ok(ForeignColumn {
                name: row.get(0)?,
                declared: row.get(1)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let foreign_keys = foreign_keys(connection, &name)?;
    Ok(ForeignTable {
        name,
        columns,
        foreign_keys,
    })
}

fn foreign_keys(connection: &Connection, name: &str) -> rusqlite::Result<Vec<ForeignKey>> {
    let listed: Vec<(i64, String, String, Option<String>)> = connection
        .prepare(
            "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?) ORDER BY id DESC, seq",
        )?
        .query_map([name], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut keys: Vec<(i64, ForeignKey)> = Vec::new();
    for (id, table, from, to) in listed {
        if keys.last().is_none_or(|(known, _)| *known != id) {
            let key = ForeignKey {
                columns: Vec::new(),
                table,
                to_columns: Vec::new(),
            };
            keys.push((id, key));
        }
        if let Some((_, key)) = keys.last_mut() {
            key.columns.push(from);
            key.to_columns.extend(to);
        }
    }
    let mut found = Vec::with_capacity(keys.len());
    for (_, mut key) in keys {
        if key.to_columns.is_empty() {
            // What is not named is the primary key.
            key.to_columns = connection
                .prepare("SELECT name FROM pragma_table_xinfo(?) WHERE pk > 0 ORDER BY pk")?
                .query_map([&key.table], |row| row.get(0))?
                .collect::<rusqlite::Result<_>>()?;
        }
        if key.columns.len() == key.to_columns.len() {
            found.push(key);
        }
    }
    Ok(found)
}
