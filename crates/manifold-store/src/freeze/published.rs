//! The logical hash of what the snapshots of a project show.

use entity_core::TableCount;
use rusqlite::{Connection, params};

use super::table::{list, quoted};
use super::{Contents, Frozen, Table, TableDigest, TableKind};
use crate::StoreError;
use crate::rows::{Cell, END};

/// Tables of the catalogue that change only when a snapshot comes or goes.
const OF_SNAPSHOTS: [&str; 4] = [
    "snapshots",
    "snapshot_columns",
    "published",
    "rejected_rows",
];

/// A source that has a snapshot.
struct Published {
    table: String,
    rid_hi: i64,
    seq: i64,
    /// The stored columns that a snapshot has.
    columns: Vec<String>,
}

impl Frozen {
    /// The logical hashes of the snapshots and of the rows that any of them shows. What an import has written and not
    /// yet published is not in them, so that they are the same while it goes on.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub fn hash_published(&self) -> Result<Vec<TableCount>, StoreError> {
        let mut hashes = Vec::new();
        for table in self.tables(Contents::WithData)? {
            if OF_SNAPSHOTS.contains(&table.name.as_str()) {
                hashes.push(self.hash(&table)?);
            }
        }
        for source in sources(self.connection())? {
            hashes.push(hash_rows(self.connection(), source)?);
        }
        Ok(hashes)
    }
}

fn sources(connection: &Connection) -> Result<Vec<Published>, StoreError> {
    let mut columns = connection.prepare(
        "SELECT DISTINCT c.phys FROM snapshots s JOIN snapshot_columns c ON c.snapshot_id = s.id \
         WHERE s.source_id = ? ORDER BY c.phys",
    )?;
    let mut statement = connection.prepare(
        "SELECT d.id, d.row_table, p.rid_hi, p.seq FROM published p JOIN data_sources d ON d.id = p.source_id \
         ORDER BY d.row_table",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, number): (String, i64) = (row.get(0)?, row.get(1)?);
        let columns = columns
            .query_map([id], |row| Ok(format!("c{}", row.get::<_, i64>(0)?)))?
            .collect::<Result<_, _>>()?;
        found.push(Published {
            table: format!("d{number}"),
            rid_hi: row.get(2)?,
            seq: row.get(3)?,
            columns,
        });
    }
    Ok(found)
}

fn hash_rows(connection: &Connection, source: Published) -> Result<TableCount, StoreError> {
    let Published {
        table,
        rid_hi,
        seq,
        columns,
    } = source;
    // A row that is closed beyond the latest snapshot is not closed yet.
    let cells = format!("_rid, CASE WHEN _to > ?2 THEN {END} ELSE _to END, _pos");
    let more = if columns.is_empty() {
        String::new()
    } else {
        format!(", {}", list(&columns))
    };
    let sql = format!(
        "SELECT {cells}{more} FROM {} WHERE _rid <= ?1 ORDER BY _rid",
        quoted(&table)
    );
    let mut named: Vec<String> = ["_rid", "_to", "_pos"].map(str::to_owned).to_vec();
    named.extend(columns);
    let key = vec!["_rid".to_owned()];
    let mut digest = TableDigest::new(&Table::new(table, TableKind::Rows, named.clone(), key));
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(params![rid_hi, seq])?;
    while let Some(row) = rows.next()? {
        let mut cells = Vec::with_capacity(named.len());
        for index in 0..named.len() {
            cells.push(Cell::from(row.get_ref(index)?));
        }
        digest.row(&cells);
    }
    Ok(digest.finish())
}
