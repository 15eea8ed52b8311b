//! Makes the catalogue of a spoke consistent whose rows were not all saved.

use std::collections::BTreeMap;

use chrono::SecondsFormat;
use entity_core::{data_sources, projects};
use rusqlite::Connection;

use super::{StagedError, mend_sources, row_table};
use crate::freeze::{Table, TableKind, row_table_number};
use crate::{StoreError, Timestamp, rows};

/// Statements that make snapshots and what is published of them consistent. Where the order of rows is lost they stand in natural
/// order.
const SNAPSHOTS: &str = "\
    DELETE FROM snapshots WHERE id NOT IN (SELECT snapshot_id FROM snapshot_columns);\
    DELETE FROM published WHERE snapshot_id NOT IN (SELECT id FROM snapshots);\
    INSERT INTO published(source_id, snapshot_id, rid_hi, seq) \
      SELECT s.source_id, s.id, s.rid_hi, s.seq FROM snapshots s \
      WHERE s.source_id NOT IN (SELECT source_id FROM published) \
        AND s.seq = (SELECT max(o.seq) FROM snapshots o WHERE o.source_id = s.source_id);\
    UPDATE snapshots SET order_id = NULL WHERE order_id IS NOT NULL AND NOT EXISTS \
      (SELECT 1 FROM row_orders o WHERE o.source_id = snapshots.source_id AND o.order_id = snapshots.order_id);\
    DELETE FROM row_orders WHERE NOT EXISTS \
      (SELECT 1 FROM snapshots s WHERE s.source_id = row_orders.source_id AND s.order_id = row_orders.order_id)";

/// Gives the spoke its project and its sources, if they are lost, and the row tables of its sources; removes what refers to rows that
/// are lost; counts the rows of snapshots in the tables that are `incomplete`. Returns how many rows were removed, by
/// table.
pub(super) fn mend(
    connection: &Connection,
    row: &projects::Model,
    sources: &[data_sources::Model],
    incomplete: &[String],
) -> Result<BTreeMap<String, u64>, StagedError> {
    let mend = || -> rusqlite::Result<BTreeMap<String, u64>> {
        mend_sources::mend(connection, sources)?;
        ensure_project(connection, row)?;
        let mut removed = remove_orphans(connection)?;
        let before = count(connection)?;
        rows::remove_damaged_orders(connection)?;
        connection.execute_batch(SNAPSHOTS)?;
        *removed.entry("snapshots".to_owned()).or_default() += before - count(connection)?;
        for (table, more) in remove_orphans(connection)? {
            *removed.entry(table).or_default() += more;
        }
        Ok(removed)
    };
    let removed = mend().map_err(StoreError::from)?;
    ensure_row_tables(connection)?;
    for table in incomplete {
        count_rows(connection, table).map_err(StoreError::from)?;
    }
    Ok(removed)
}

/// Writes down how many rows each snapshot of a table of rows has by now.
fn count_rows(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    let Some(number) = row_table_number(table) else {
        return Ok(());
    };
    let sql = format!(
        "UPDATE snapshots SET row_count = \
         (SELECT count(*) FROM {table} WHERE _rid <= snapshots.rid_hi AND _to > snapshots.seq) \
         WHERE source_id = (SELECT id FROM data_sources WHERE row_table = ?)"
    );
    connection.execute(&sql, [number]).map(drop)
}

fn count(connection: &Connection) -> rusqlite::Result<u64> {
    let count: i64 =
        connection.query_row("SELECT count(*) FROM snapshots", [], |row| row.get(0))?;
    Ok(count.unsigned_abs())
}

fn ensure_project(connection: &Connection, row: &projects::Model) -> rusqlite::Result<()> {
    let now = Timestamp::now().to_rfc3339_opts(SecondsFormat::AutoSi, false);
    connection.execute("DELETE FROM project WHERE id <> ?", [&row.id])?;
    connection.execute(
        "INSERT INTO project (id, name, description, settings, epoch, revision, next_row_table, created_at, updated_at) \
         SELECT ?1, ?2, ?3, '{}', ?4, ?5, (SELECT coalesce(max(row_table), 0) + 1 FROM data_sources), ?6, ?6 \
         WHERE NOT EXISTS (SELECT 1 FROM project)",
        rusqlite::params![row.id, row.name, row.description, row.epoch, row.revision, now],
    )?;
    Ok(())
}

/// Removes rows that refer to others which are not there, until there are none; where the reference may be left out,
/// only that goes.
fn remove_orphans(connection: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    let mut removed = BTreeMap::new();
    loop {
        let orphans: Vec<(String, i64, i64)> = connection
            .prepare("SELECT \"table\", rowid, fkid FROM pragma_foreign_key_check WHERE rowid IS NOT NULL")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        if orphans.is_empty() {
            return Ok(removed);
        }
        for (table, rowid, key) in orphans {
            let (column, on_delete): (String, String) = connection.query_row(
                "SELECT \"from\", on_delete FROM pragma_foreign_key_list(?) WHERE id = ? LIMIT 1",
                (&table, key),
                |row| Ok((row.get(0)?, row.get(1)?)),
            )?;
            let table_name = crate::freeze::quoted(&table);
            if on_delete == "SET NULL" {
                let column = crate::freeze::quoted(&column);
                connection.execute(
                    &format!("UPDATE {table_name} SET {column} = NULL WHERE rowid = ?"),
                    [rowid],
                )?;
            } else {
                let gone = connection.execute(
                    &format!("DELETE FROM {table_name} WHERE rowid = ?"),
                    [rowid],
                )?;
                *removed.entry(table).or_default() += gone as u64;
            }
        }
    }
}

/// An empty table for each source whose rows were not found.
fn ensure_row_tables(connection: &Connection) -> Result<(), StagedError> {
    let missing = || -> rusqlite::Result<Vec<(String, i64)>> {
        connection
            .prepare(
                "SELECT id, row_table FROM data_sources WHERE 'd' || row_table NOT IN \
                 (SELECT name FROM sqlite_schema WHERE type = 'table') AND id IN (SELECT source_id FROM source_columns)",
            )?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect()
    };
    for (source, number) in missing().map_err(StoreError::from)? {
        let phys = || -> rusqlite::Result<Vec<i64>> {
            connection
                .prepare("SELECT phys FROM source_columns WHERE source_id = ? ORDER BY phys")?
                .query_map([&source], |row| row.get(0))?
                .collect()
        };
        let mut columns: Vec<String> = ["_rid", "_to", "_pos"].map(str::to_owned).to_vec();
        columns.extend(
            phys()
                .map_err(StoreError::from)?
                .iter()
                .map(|phys| format!("c{phys}")),
        );
        let key = vec!["_rid".to_owned()];
        let table = Table::new(format!("d{number}"), TableKind::Rows, columns, key);
        row_table::create(connection, &table)?;
        row_table::create_indexes(connection, &table)?;
    }
    Ok(())
}
