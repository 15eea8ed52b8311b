//! What must come back of a table of rows that was saved in tiles.

use std::ops::RangeInclusive;

use entity_core::TableCount;
use rusqlite::Connection;

use super::StagedError;
use crate::StoreError;
use crate::freeze::{TileCount, close_digest, quoted, row_digest, row_table_number};

/// What must come back of a table of rows that was saved in tiles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedRows {
    /// The table.
    pub table: String,
    /// Its rows, by ranges of their rids. There are no others.
    pub rows: Vec<ExpectedTile>,
    /// What was closed, by ranges of seqs. Nothing else was. The columns do not matter.
    pub closes: Vec<ExpectedTile>,
}

/// What must come back of a tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedTile {
    /// The rids of its rows are among these, or the seqs of its closes.
    pub range: RangeInclusive<i64>,
    /// The columns over which it was counted.
    pub columns: Vec<String>,
    /// What it holds.
    pub count: TileCount,
}

impl ExpectedRows {
    /// Compares the table with what was saved, tile by tile, and counts the rows of each snapshot. Returns how many rows there
    /// are.
    pub(super) fn check(&self, connection: &Connection) -> Result<i64, StagedError> {
        let table = &self.table;
        let all = format!("SELECT count(*) FROM {}", quoted(table));
        let rows = self.check_tiles(connection, &self.rows, &all, |tile| {
            row_digest(connection, table, &tile.columns, &tile.range, || Ok(()))
        })?;
        let closed = format!("SELECT count(*) FROM {} WHERE _to < 8388607", quoted(table));
        self.check_tiles(connection, &self.closes, &closed, |tile| {
            close_digest(connection, table, &tile.range, || Ok(()))
        })?;
        self.check_snapshots(connection)?;
        Ok(rows)
    }

    fn check_tiles(
        &self,
        connection: &Connection,
        tiles: &[ExpectedTile],
        all: &str,
        digest: impl Fn(&ExpectedTile) -> Result<TileCount, StoreError>,
    ) -> Result<i64, StagedError> {
        let mut rows = 0;
        for tile in tiles {
            let found = digest(tile)?;
            rows += found.rows;
            if found != tile.count {
                let (first, last) = (tile.range.start(), tile.range.end());
                return Err(StagedError::Differs {
                    table: format!("{} from {first} to {last}", self.table),
                    expected_rows: tile.count.rows,
                    expected_hash: tile.count.hash.clone(),
                    found_rows: found.rows,
                    found_hash: found.hash,
                });
            }
        }
        let found: i64 = connection
            .query_row(all, [], |row| row.get(0))
            .map_err(StoreError::from)?;
        if found == rows {
            Ok(rows)
        } else {
            Err(StagedError::Unexpected {
                table: self.table.clone(),
            })
        }
    }

    /// Each snapshot shows as many rows as it had. One pass: what a snapshot shows is what the one before it showed, without what
    /// was closed since, and with what came since.
    fn check_snapshots(&self, connection: &Connection) -> Result<(), StagedError> {
        let snapshots: Vec<(i64, i64, i64, i64)> = connection
            .prepare(
                "SELECT s.number, s.rid_hi, s.seq, s.row_count FROM data_sources d \
                 JOIN snapshots s ON s.source_id = d.id WHERE d.row_table = ? ORDER BY s.seq",
            )
            .and_then(|mut select| {
                let marks = select.query_map([row_table_number(&self.table)], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })?;
                marks.collect()
            })
            .map_err(StoreError::from)?;
        let name = quoted(&self.table);
        let came =
            format!("SELECT count(*) FROM {name} WHERE _rid > ?1 AND _rid <= ?2 AND _to > ?3");
        let went = format!(
            "SELECT count(*) FROM {name} WHERE _to < 8388607 AND _to > ?1 AND _to <= ?2 AND _rid <= ?3"
        );
        let count = |sql: &str, values: [i64; 3]| -> Result<i64, StoreError> {
            Ok(connection.query_row(sql, values, |row| row.get(0))?)
        };
        let (mut shown, mut rid_before, mut seq_before) = (0, 0, 0);
        for (number, rid_hi, seq, row_count) in snapshots {
            shown += count(&came, [rid_before, rid_hi, seq])?;
            shown -= count(&went, [seq_before, seq, rid_before])?;
            if shown != row_count {
                return Err(StagedError::Table {
                    table: self.table.clone(),
                    reason: format!(
                        "snapshot {number} had {row_count} rows, and {shown} came back"
                    ),
                });
            }
            (rid_before, seq_before) = (rid_hi, seq);
        }
        Ok(())
    }

    /// What the manifest says of the whole table, which its tiles stand for.
    pub(super) fn agrees(&self, saved: &TableCount) -> bool {
        saved.rows == self.rows.iter().map(|tile| tile.count.rows).sum::<i64>()
    }
}
