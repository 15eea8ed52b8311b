//! The tables of a database as a backup sees them.

use rusqlite::Connection;

use super::of_sources::{OfSources, row_tables};
use crate::StoreError;
use crate::source_trash::is_trash_table;

/// What the catalogue says of imported data. Without it every source is empty; what is left says which
/// sources there are, how they are reached, their stored columns, relationships and models. The counters
/// of a source are part of the source and keep rising.
const OF_DATA: [&str; 11] = [
    "snapshots",
    "snapshot_columns",
    "published",
    "rejected_rows",
    "row_quirks",
    "row_orders",
    "row_epochs",
    "original_parts",
    "sync_states",
    "import_history",
    "job_cursors",
];

/// How much of a project is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Contents<'a> {
    /// All of it.
    WithData,
    /// Sources, settings, relationships and models, but no snapshot and no row.
    WithoutData,
    /// The same, and the snapshots and rows of the sources with these ids.
    OfSources(&'a [String]),
}

/// What a table is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TableKind {
    /// Made by the migrations.
    Catalogue,
    /// The rows of one data source.
    Rows,
}

/// A table, without what migrations and SQLite keep for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name in the database.
    pub name: String,
    /// What it is for.
    pub kind: TableKind,
    /// The names of its columns, in their order.
    pub columns: Vec<String>,
    /// The columns of its primary key, in their order. Rows are read in this order.
    pub key: Vec<String>,
    /// The name of the data source whose rows it holds.
    pub source: Option<String>,
    /// What people call the columns: for rows, the names in the latest snapshot that has them.
    pub titles: Vec<String>,
    /// The rows that are meant, when these are not all.
    pub(crate) only: Option<OfSources>,
}

impl Table {
    /// All of a table with these columns, whose names nobody has changed.
    #[must_use]
    pub fn new(name: String, kind: TableKind, columns: Vec<String>, key: Vec<String>) -> Self {
        Self {
            name,
            kind,
            titles: columns.clone(),
            columns,
            key,
            source: None,
            only: None,
        }
    }

    /// The query that reads every row in key order. Its parameters are [`Self::parameters`].
    pub(crate) fn select(&self) -> String {
        let key = if self.key.is_empty() {
            "rowid".to_owned()
        } else {
            list(&self.key)
        };
        format!(
            "SELECT {} FROM {} ORDER BY {key}",
            list(&self.columns),
            self.rows()
        )
    }

    /// The query that counts them. Its parameters are [`Self::parameters`].
    pub(crate) fn select_count(&self) -> String {
        format!("SELECT count(*) FROM {}", self.rows())
    }

    /// What the queries of this table are given.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &str> {
        self.only.iter().map(OfSources::ids)
    }

    /// The rows that are meant.
    fn rows(&self) -> String {
        let table = quoted(&self.name);
        match &self.only {
            Some(only) => format!("{table} WHERE {}", only.condition()),
            None => table,
        }
    }

    /// The statement that inserts one row.
    pub(crate) fn insert(&self) -> String {
        let marks = vec!["?"; self.columns.len()].join(",");
        format!(
            "INSERT INTO {}({}) VALUES ({marks})",
            quoted(&self.name),
            list(&self.columns)
        )
    }

    /// As much of the table as `contents` says; `None` when that is none of it.
    fn within(mut self, contents: Contents<'_>, row_tables: &[String]) -> Option<Self> {
        let is_of_data = OF_DATA.contains(&self.name.as_str());
        match (contents, self.kind) {
            (Contents::WithData, _) => {}
            (_, TableKind::Catalogue) if !is_of_data => {}
            (Contents::OfSources(ids), TableKind::Catalogue) => {
                self.only = Some(OfSources::new(&self.columns, ids)?);
            }
            (Contents::OfSources(_), TableKind::Rows) if row_tables.contains(&self.name) => {}
            _ => return None,
        }
        Some(self)
    }
}

/// The tables of the database behind `connection`: the catalogue in the order in which it was made, then
/// the rows by number. The trash is none of them.
pub(crate) fn tables(
    connection: &Connection,
    contents: Contents<'_>,
) -> Result<Vec<Table>, StoreError> {
    let names: Vec<String> = connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'seaql_migrations' \
             AND substr(name, 1, 7) <> 'sqlite_' ORDER BY rowid",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let has_sources = names.iter().any(|name| name == "data_sources");
    let mut catalogue = Vec::new();
    let mut rows = Vec::new();
    for name in names.into_iter().filter(|name| !is_trash_table(name)) {
        match row_table_number(&name).filter(|_| has_sources) {
            Some(number) => rows.push((number, name)),
            None => catalogue.push(describe(connection, name, TableKind::Catalogue)?),
        }
    }
    rows.sort_unstable();
    for (number, name) in rows {
        let mut table = describe(connection, name, TableKind::Rows)?;
        table.source = source_of(connection, number)?;
        for (phys, title) in titles_of(connection, number)? {
            let column = format!("c{phys}");
            if let Some(place) = table.columns.iter().position(|name| *name == column) {
                table.titles[place] = title;
            }
        }
        catalogue.push(table);
    }
    let of_sources = match contents {
        Contents::OfSources(ids) if has_sources => row_tables(connection, ids)?,
        _ => Vec::new(),
    };
    let within = |table: Table| table.within(contents, &of_sources);
    Ok(catalogue.into_iter().filter_map(within).collect())
}

/// The number of the row table with this name: `d7` is 7.
pub(crate) fn row_table_number(name: &str) -> Option<i64> {
    let digits = name
        .strip_prefix('d')
        .filter(|digits| !digits.starts_with('0'))?;
    let number = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse().ok());
    number.flatten().filter(|number| *number > 0)
}

/// An SQL name.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// SQL names with commas between them.
pub(crate) fn list(names: &[String]) -> String {
    names
        .iter()
        .map(|name| quoted(name))
        .collect::<Vec<_>>()
        .join(",")
}

fn describe(connection: &Connection, name: String, kind: TableKind) -> Result<Table, StoreError> {
    let mut statement =
        connection.prepare("SELECT name, pk FROM pragma_table_info(?) ORDER BY cid")?;
    let mut rows = statement.query([&name])?;
    let mut columns = Vec::new();
    let mut key: Vec<(i64, String)> = Vec::new();
    while let Some(row) = rows.next()? {
        let column: String = row.get(0)?;
        let place: i64 = row.get(1)?;
        if place > 0 {
            key.push((place, column.clone()));
        }
        columns.push(column);
    }
    key.sort_unstable();
    let key = key.into_iter().map(|(_, column)| column).collect();
    Ok(Table::new(name, kind, columns, key))
}

fn source_of(connection: &Connection, row_table: i64) -> Result<Option<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT name FROM data_sources WHERE row_table = ?")?;
    let mut rows = statement.query([row_table])?;
    Ok(rows.next()?.map(|row| row.get(0)).transpose()?)
}

fn titles_of(connection: &Connection, row_table: i64) -> Result<Vec<(i64, String)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT c.phys, c.name FROM data_sources d JOIN snapshots s ON s.source_id = d.id \
         JOIN snapshot_columns c ON c.snapshot_id = s.id WHERE d.row_table = ? ORDER BY s.seq",
    )?;
    let titles = statement.query_map([row_table], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(titles.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn row_tables_are_told_from_names_that_look_alike() {
        for (name, number) in [
            ("d1", Some(1)),
            ("d907", Some(907)),
            ("d", None),
            ("d01", None),
            ("d0", None),
            ("dx", None),
            ("data_sources", None),
            ("d-1", None),
        ] {
            assert_eq!(row_table_number(name), number, "{name}");
        }
    }
}
