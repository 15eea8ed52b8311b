//! Indexes that people want on the rows of a source.
//!
//! The view of a source shows expressions of what is stored, so an index serves it only when it is on the very same
//! expressions. They change with the types of columns; the index is then made again, in the transaction that
//! publishes. What is wanted stands in `source_indexes` and outlives the rows: an index whose columns the latest
//! snapshot does not have waits until they come back.

use super::error::{Doing, RowsError};
use super::snapshot::{Column, latest};
use super::source::{RowTable, Source};
use super::view_cell::shown_in;
use rusqlite::{Connection, params};

/// An index on columns of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceIndex {
    /// Its number, from 1 per source.
    pub number: i64,
    /// The names of its columns.
    pub columns: Vec<String>,
    /// Whether it is there: the latest snapshot has all of its columns.
    pub active: bool,
}

/// A column of an index, as it was known last.
#[derive(Debug, Clone)]
struct Wanted {
    phys: i64,
    name: String,
}

/// An index as the catalogue has it.
struct Entry {
    number: i64,
    columns: Vec<Wanted>,
}

/// Why an index was not made or dropped; nothing is changed then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The rows could not be read or changed.
    #[error(transparent)]
    Rows(#[from] RowsError),
    /// The latest snapshot has no such column.
    #[error("`{view}` has no column `{name}`; its columns are {}", columns.join(", "))]
    NoColumn {
        /// The source's name in SQL.
        view: String,
        /// The name that was asked for.
        name: String,
        /// The columns of its latest snapshot.
        columns: Vec<String>,
    },
    /// There is one already.
    #[error("`{view}` has an index on {} already", columns.join(", "))]
    Exists {
        /// The source's name in SQL.
        view: String,
        /// Its columns.
        columns: Vec<String>,
    },
    /// There is none.
    #[error("`{view}` has no index on {}; `manifold source index list` shows those it has", columns.join(", "))]
    NotFound {
        /// The source's name in SQL.
        view: String,
        /// The columns that were asked for.
        columns: Vec<String>,
    },
    /// Somebody asked to stop.
    #[error("the index was not made: it was cancelled")]
    Cancelled,
}

/// The indexes of a source, by number.
///
/// # Errors
/// [`RowsError::NoSource`] and [`RowsError::Sqlite`].
pub fn indexes(conn: &Connection, source_id: &str) -> Result<Vec<SourceIndex>, RowsError> {
    let source = Source::load(conn, source_id)?;
    let entries = entries(conn, source_id).doing("reading the indexes")?;
    let shown = entries.into_iter().map(|entry| {
        let stored = stored(conn, source.table, entry.number).doing("looking for the index")?;
        Ok(SourceIndex {
            active: stored.is_some(),
            ..entry.shown()
        })
    });
    shown.collect()
}

/// Makes an index on these columns of the latest snapshot, in the caller's transaction.
///
/// # Errors
/// [`IndexError::NoColumn`], [`IndexError::Exists`]; [`RowsError::NothingPublished`] and others by meaning.
pub(crate) fn add_index(
    conn: &Connection,
    source_id: &str,
    names: &[String],
) -> Result<SourceIndex, IndexError> {
    let source = Source::load(conn, source_id)?;
    let columns = latest(conn, source_id)?
        .ok_or_else(|| RowsError::NothingPublished {
            source_id: source_id.to_owned(),
        })?
        .columns;
    let wanted = names
        .iter()
        .map(|name| {
            named(&columns, name).ok_or_else(|| IndexError::NoColumn {
                view: source.view_name.clone(),
                name: name.clone(),
                columns: columns.iter().map(|column| column.name.clone()).collect(),
            })
        })
        .collect::<Result<Vec<&Column>, _>>()?;
    let entries = entries(conn, source_id).doing("reading the indexes")?;
    let same = |entry: &&Entry| {
        let phys = entry.columns.iter().map(|column| column.phys);
        phys.eq(wanted.iter().map(|column| column.phys))
    };
    if let Some(entry) = entries.iter().find(same) {
        return Err(IndexError::Exists {
            view: source.view_name,
            columns: entry.shown().columns,
        });
    }
    let number = entries.last().map_or(1, |entry| entry.number + 1);
    let entry = Entry {
        number,
        columns: wanted.iter().map(|&column| column.into()).collect(),
    };
    entry
        .write(conn, source_id)
        .doing("writing down the index")?;
    conn.execute_batch(&create(source.table, number, &wanted))
        .doing("making the index")?;
    Ok(SourceIndex {
        active: true,
        ..entry.shown()
    })
}

/// Drops the index on these columns, in the caller's transaction.
///
/// # Errors
/// [`IndexError::NotFound`]; others by meaning.
pub(crate) fn drop_index(
    conn: &Connection,
    source_id: &str,
    names: &[String],
) -> Result<SourceIndex, IndexError> {
    let source = Source::load(conn, source_id)?;
    let entries = entries(conn, source_id).doing("reading the indexes")?;
    let folded = |names: &mut dyn Iterator<Item = &String>| -> Vec<String> {
        names.map(|name| name.to_lowercase()).collect()
    };
    let asked = folded(&mut names.iter());
    let found = entries.into_iter().find(|entry| {
        let mut names = entry.columns.iter().map(|column| &column.name);
        folded(&mut names) == asked
    });
    let Some(entry) = found else {
        return Err(IndexError::NotFound {
            view: source.view_name,
            columns: names.to_vec(),
        });
    };
    let name = index_name(source.table, entry.number);
    let drop = || {
        conn.execute(
            "DELETE FROM source_indexes WHERE source_id = ? AND number = ?",
            params![source_id, entry.number],
        )?;
        conn.execute_batch(&format!("DROP INDEX IF EXISTS main.{name}"))
    };
    drop().doing("dropping the index")?;
    Ok(entry.shown())
}

/// Makes the indexes of a source fit its latest snapshot, in the caller's transaction: those are made again whose
/// expressions changed or that were lost with the rows, and those dropped whose columns are gone. Does nothing
/// when all fit.
///
/// # Errors
/// [`RowsError::NoSource`] and [`RowsError::Sqlite`].
pub fn settle_indexes(conn: &Connection, source_id: &str) -> Result<(), RowsError> {
    let entries = entries(conn, source_id).doing("reading the indexes")?;
    if entries.is_empty() {
        return Ok(());
    }
    let source = Source::load(conn, source_id)?;
    let columns = latest(conn, source_id)?.map_or_else(Vec::new, |snapshot| snapshot.columns);
    for mut entry in entries {
        let found: Option<Vec<&Column>> = entry
            .columns
            .iter()
            .map(|wanted| wanted.among(&columns))
            .collect();
        if let Some(found) = &found {
            entry.columns = found.iter().map(|&column| column.into()).collect();
            entry
                .write(conn, source_id)
                .doing("writing down the index")?;
        }
        let create = found.map(|found| create(source.table, entry.number, &found));
        let stored = stored(conn, source.table, entry.number).doing("looking for the index")?;
        if stored == create {
            continue;
        }
        let name = index_name(source.table, entry.number);
        let create = create.unwrap_or_default();
        conn.execute_batch(&format!("DROP INDEX IF EXISTS main.{name};{create}"))
            .doing("making the index again")?;
    }
    Ok(())
}

impl Wanted {
    /// The same stored column, under any name, or else one of the same name.
    fn among<'a>(&self, columns: &'a [Column]) -> Option<&'a Column> {
        let same = columns.iter().find(|column| column.phys == self.phys);
        same.or_else(|| named(columns, &self.name))
    }
}

impl From<&Column> for Wanted {
    fn from(column: &Column) -> Self {
        Self {
            phys: column.phys,
            name: column.name.clone(),
        }
    }
}

impl Entry {
    fn shown(&self) -> SourceIndex {
        let names = self.columns.iter().map(|column| column.name.clone());
        SourceIndex {
            number: self.number,
            columns: names.collect(),
            active: false,
        }
    }

    fn write(&self, conn: &Connection, source_id: &str) -> rusqlite::Result<()> {
        let mut write = conn.prepare_cached(
            "INSERT INTO source_indexes(source_id, number, ord, phys, name) VALUES (?, ?, ?, ?, ?) \
             ON CONFLICT(source_id, number, ord) DO UPDATE SET phys = excluded.phys, name = excluded.name \
             WHERE phys <> excluded.phys OR name <> excluded.name",
        )?;
        for (ord, column) in (0_i64..).zip(&self.columns) {
            write.execute(params![
                source_id,
                self.number,
                ord,
                column.phys,
                column.name
            ])?;
        }
        Ok(())
    }
}

fn entries(conn: &Connection, source_id: &str) -> rusqlite::Result<Vec<Entry>> {
    let mut statement = conn.prepare_cached(
        "SELECT number, phys, name FROM source_indexes WHERE source_id = ? ORDER BY number, ord",
    )?;
    let mut rows = statement.query([source_id])?;
    let mut entries: Vec<Entry> = Vec::new();
    while let Some(row) = rows.next()? {
        let number: i64 = row.get(0)?;
        let column = Wanted {
            phys: row.get(1)?,
            name: row.get(2)?,
        };
        match entries.last_mut().filter(|entry| entry.number == number) {
            Some(entry) => entry.columns.push(column),
            None => entries.push(Entry {
                number,
                columns: vec![column],
            }),
        }
    }
    Ok(entries)
}

/// The column of this name, else one that differs in case only.
fn named<'a>(columns: &'a [Column], name: &str) -> Option<&'a Column> {
    let folded = name.to_lowercase();
    let exact = columns.iter().find(|column| column.name == name);
    exact.or_else(|| {
        let mut columns = columns.iter();
        columns.find(|column| column.name.to_lowercase() == folded)
    })
}

fn index_name(table: RowTable, number: i64) -> String {
    format!("{table}_i{number}")
}

/// The SQL that makes the index: on every version, since older snapshots are asked too.
fn create(table: RowTable, number: i64, columns: &[&Column]) -> String {
    let expressions: Vec<_> = columns.iter().map(|column| shown_in("", column)).collect();
    format!(
        "CREATE INDEX {} ON {table}({})",
        index_name(table, number),
        expressions.join(", ")
    )
}

/// The SQL that made the index, if it is there.
fn stored(conn: &Connection, table: RowTable, number: i64) -> rusqlite::Result<Option<String>> {
    use rusqlite::OptionalExtension as _;
    conn.query_row(
        "SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ?",
        [index_name(table, number)],
        |row| row.get(0),
    )
    .optional()
}
