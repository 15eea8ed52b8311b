//! What the catalogue says about a source: its row table and its counters.

use super::error::{Doing, RowsError};
use rusqlite::{Connection, OptionalExtension};

/// The layout of row tables that this version writes and reads.
pub(crate) const ROW_FORMAT: i64 = 1;
/// The columns that every table of rows begins with.
pub(crate) const FIXED_COLUMNS: [&str; 3] = ["_rid", "_to", "_pos"];
/// What `_to` holds in a row that no snapshot has closed.
pub(crate) const END: i64 = 8_388_607;
/// The seq of a source's first snapshot. With [`END`] it keeps `_to` at three bytes for ever, so
/// that closing a row never changes its length.
pub(super) const FIRST_SEQ: i64 = 32_768;
/// The most columns a row table may ever have; SQLite allows 2,000 and ours take three.
pub(super) const MAX_COLUMNS: i64 = 1_990;

/// The row table and the counters of one source. Counters only ever rise, whatever is deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) id: String,
    pub(super) table: RowTable,
    pub(super) view_name: String,
    pub(super) key_columns: Vec<String>,
    pub(super) next_rid: i64,
    pub(super) next_seq: i64,
    pub(super) next_number: i64,
    pub(super) next_phys: i64,
    pub(super) next_quirk: i64,
}

impl Source {
    /// Reads the source.
    ///
    /// # Errors
    /// [`RowsError::NoSource`], [`RowsError::NewerFormat`], [`RowsError::Damaged`] and
    /// [`RowsError::Sqlite`].
    pub(super) fn load(conn: &Connection, id: &str) -> Result<Self, RowsError> {
        let (source, row_format, key_columns) = conn
            .prepare_cached(
                "SELECT row_table, row_format, view_name, key_columns, next_rid, next_seq, \
                 next_number, next_phys, next_quirk FROM data_sources WHERE id = ?",
            )
            .and_then(|mut statement| {
                statement
                    .query_row([id], |row| {
                        let source = Self {
                            id: id.to_owned(),
                            table: RowTable(row.get(0)?),
                            view_name: row.get(2)?,
                            key_columns: Vec::new(),
                            next_rid: row.get(4)?,
                            next_seq: row.get(5)?,
                            next_number: row.get(6)?,
                            next_phys: row.get(7)?,
                            next_quirk: row.get(8)?,
                        };
                        Ok((source, row.get::<_, i64>(1)?, row.get::<_, String>(3)?))
                    })
                    .optional()
            })
            .doing("reading the data source")?
            .ok_or_else(|| RowsError::NoSource { id: id.to_owned() })?;
        if row_format > ROW_FORMAT {
            return Err(RowsError::NewerFormat {
                source_id: id.to_owned(),
                found: row_format,
                known: ROW_FORMAT,
            });
        }
        let key_columns = serde_json::from_str(&key_columns)
            .map_err(|error| source.damaged(format!("its key columns are not a list: {error}")))?;
        Ok(Self {
            key_columns,
            ..source
        })
    }

    /// The counters: while they stay the same, nothing was imported.
    pub(super) fn counters(&self) -> [i64; 5] {
        [
            self.next_rid,
            self.next_seq,
            self.next_number,
            self.next_phys,
            self.next_quirk,
        ]
    }

    /// # Errors
    /// [`RowsError::NoSnapshotNumbers`] when no snapshot can be added any more.
    pub(super) fn refuse_if_exhausted(&self) -> Result<(), RowsError> {
        if self.next_seq < END {
            return Ok(());
        }
        Err(RowsError::NoSnapshotNumbers {
            source_id: self.id.clone(),
            limit: END - FIRST_SEQ,
        })
    }

    /// An error that says what does not fit.
    pub(super) fn damaged(&self, what: impl Into<String>) -> RowsError {
        RowsError::Damaged {
            source_id: self.id.clone(),
            what: what.into(),
        }
    }

    /// Columns that the row table has, abandoned ones included.
    pub(super) fn stored_columns(&self, conn: &Connection) -> Result<i64, RowsError> {
        conn.query_row(
            "SELECT count(*) FROM source_columns WHERE source_id = ?",
            [&self.id],
            |row| row.get(0),
        )
        .doing("counting the stored columns")
    }
}

/// The table that holds the rows of one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RowTable(pub(crate) i64);

impl RowTable {
    /// The SQL that makes the table with columns `c{phys}`. Indexes follow after the first load.
    pub(crate) fn create(self, phys: impl IntoIterator<Item = i64>) -> String {
        let mut sql = format!(
            "CREATE TABLE {self}(_rid INTEGER PRIMARY KEY, _to INTEGER NOT NULL DEFAULT {END}, _pos REAL"
        );
        for phys in phys {
            sql.push_str(&format!(", c{phys} ANY"));
        }
        sql.push_str(") STRICT");
        sql
    }

    /// The SQL that makes the indexes on closed rows and on rows with a position. Both are empty
    /// after a first load.
    pub(crate) fn create_indexes(self) -> String {
        format!(
            "CREATE INDEX IF NOT EXISTS {self}_to ON {self}(_to) WHERE _to < {END};\
             CREATE INDEX IF NOT EXISTS {self}_pos ON {self}(_pos) WHERE _pos IS NOT NULL"
        )
    }

    /// Whether the table exists.
    pub(super) fn exists(self, conn: &Connection) -> Result<bool, RowsError> {
        conn.query_row(
            "SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?)",
            [self.to_string()],
            |row| row.get(0),
        )
        .doing("looking for the row table")
    }
}

impl std::fmt::Display for RowTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "d{}", self.0)
    }
}

/// The SQL list of columns `c{phys}`, each with a comma before it.
pub(super) fn column_list(phys: impl IntoIterator<Item = i64>) -> String {
    phys.into_iter().map(|phys| format!(", c{phys}")).collect()
}
