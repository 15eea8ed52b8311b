//! Has each snapshot as many rows as are written down for it?

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::StagedError;
use crate::StoreError;

/// A snapshot, and what is written down for it.
struct Counted {
    number: i64,
    rid_hi: i64,
    seq: i64,
    rows: i64,
}

/// The snapshots of a source, oldest first, and its name.
#[derive(Default)]
struct Source {
    name: String,
    snapshots: Vec<Counted>,
}

/// Counts the rows of every snapshot, in one passage over each table of rows. Returns how many snapshots there are.
pub(super) fn count(connection: &Connection) -> Result<u64, StagedError> {
    let mut snapshots = 0;
    for (row_table, source) in sources(connection)? {
        let found = count_source(connection, row_table, &source.snapshots)?;
        for (snapshot, found) in source.snapshots.iter().zip(found) {
            if snapshot.rows != found {
                return Err(StagedError::SnapshotRows {
                    source_name: source.name,
                    number: snapshot.number,
                    expected: snapshot.rows,
                    found,
                });
            }
        }
        snapshots += source.snapshots.len() as u64;
    }
    Ok(snapshots)
}

fn sources(connection: &Connection) -> Result<BTreeMap<i64, Source>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT d.row_table, d.name, s.number, s.rid_hi, s.seq, s.row_count FROM snapshots s \
         JOIN data_sources d ON d.id = s.source_id ORDER BY d.row_table, s.seq",
    )?;
    let mut rows = statement.query([])?;
    let mut sources: BTreeMap<i64, Source> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let source = sources.entry(row.get(0)?).or_default();
        source.name = row.get(1)?;
        source.snapshots.push(Counted {
            number: row.get(2)?,
            rid_hi: row.get(3)?,
            seq: row.get(4)?,
            rows: row.get(5)?,
        });
    }
    Ok(sources)
}

/// How many rows each snapshot has. Their seqs rise, and their highest rids never fall: a row is in those from the first
/// whose highest rid is not below its own, up to the last whose seq is below its `_to`.
fn count_source(
    connection: &Connection,
    row_table: i64,
    snapshots: &[Counted],
) -> Result<Vec<i64>, StoreError> {
    // How many rows begin in each snapshot, less those that ended in the one before.
    let mut steps = vec![0_i64; snapshots.len() + 1];
    let mut statement = connection.prepare(&format!("SELECT _rid, _to FROM d{row_table}"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (rid, to): (i64, i64) = (row.get(0)?, row.get(1)?);
        let first = snapshots.partition_point(|snapshot| snapshot.rid_hi < rid);
        let end = snapshots.partition_point(|snapshot| snapshot.seq < to);
        if first < end {
            steps[first] += 1;
            steps[end] -= 1;
        }
    }
    let mut rows = 0;
    Ok(steps[..snapshots.len()]
        .iter()
        .map(|step| {
            rows += step;
            rows
        })
        .collect())
}
