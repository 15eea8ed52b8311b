//! Gives rows their data source back when the list of sources is lost.

use chrono::SecondsFormat;
use entity_core::data_sources;
use rusqlite::{Connection, OptionalExtension as _};

use crate::freeze::row_table_number;
use crate::rows::ROW_FORMAT;
use crate::{Timestamp, name};

/// Makes a source for each that is referred to and lost, if it is certain which table holds its rows. What the hub
/// knows of it is used; its config and its key are lost.
pub(super) fn mend(connection: &Connection, known: &[data_sources::Model]) -> rusqlite::Result<()> {
    let lost: Vec<String> = list(
        connection,
        "SELECT source_id FROM source_columns WHERE source_id NOT IN (SELECT id FROM data_sources) \
         AND source_id IN (SELECT source_id FROM snapshots) GROUP BY 1 ORDER BY 1",
    )?;
    let tables: Vec<String> = list(
        connection,
        "SELECT name FROM sqlite_schema WHERE type = 'table' \
         AND name NOT IN (SELECT 'd' || row_table FROM data_sources)",
    )?;
    let mut free: Vec<i64> = tables
        .iter()
        .filter_map(|name| row_table_number(name))
        .collect();
    free.sort_unstable();
    // Sources and their tables are numbered in the same order. One that is lost too would shift the rest.
    if lost.len() != free.len() {
        return Ok(());
    }
    let mut pairs = Vec::with_capacity(lost.len());
    for (source, table) in lost.iter().zip(free) {
        if !fits(connection, source, table)? {
            return Ok(());
        }
        pairs.push((source, table));
    }
    for (source, table) in pairs {
        let row = known.iter().find(|row| row.id == *source);
        insert(connection, source, table, row)?;
    }
    Ok(())
}

fn list(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare(sql)?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Whether the table has exactly the columns that are stored for the source.
fn fits(connection: &Connection, source: &str, table: i64) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT (SELECT group_concat('c' || phys) FROM (SELECT phys FROM source_columns WHERE source_id = ?1 ORDER BY phys)) \
         IS (SELECT group_concat(name) FROM (SELECT name FROM pragma_table_info('d' || ?2) \
             WHERE name GLOB 'c[0-9]*' ORDER BY CAST(substr(name, 2) AS INTEGER)))",
        (source, table),
        |row| row.get(0),
    )
}

fn insert(
    connection: &Connection,
    source: &str,
    table: i64,
    known: Option<&data_sources::Model>,
) -> rusqlite::Result<()> {
    let wanted = known.map_or_else(|| format!("source_{table}"), |row| row.name.clone());
    let view = known.map_or_else(|| format!("source_{table}"), |row| row.view_name.clone());
    let (title, view) = (
        free_name(connection, "name_fold", &wanted)?,
        free_name(connection, "view_name_fold", &view)?,
    );
    let kind = known.map_or_else(|| "file".to_owned(), |row| row.r#type.to_string());
    let now = Timestamp::now().to_rfc3339_opts(SecondsFormat::AutoSi, false);
    let made = known.map_or(now.clone(), |row| {
        row.created_at.to_rfc3339_opts(SecondsFormat::AutoSi, false)
    });
    connection.execute(
        &format!(
            "INSERT INTO data_sources (id, name, name_fold, type, config, status, enabled, key_columns, row_table, \
             row_format, view_name, view_name_fold, next_rid, next_seq, next_number, next_phys, next_quirk, \
             created_at, updated_at) \
             SELECT ?1, ?2, ?3, ?4, '{{}}', 'idle', TRUE, '[]', ?5, ?6, ?7, ?8, \
             1 + max((SELECT coalesce(max(_rid), 0) FROM d{table}), max(rid_hi)), max(seq) + 1, max(number) + 1, \
             (SELECT max(phys) + 1 FROM source_columns WHERE source_id = ?1), \
             (SELECT coalesce(max(quirk_id), 0) + 1 FROM row_quirks WHERE source_id = ?1), ?9, ?10 \
             FROM snapshots WHERE source_id = ?1"
        ),
        rusqlite::params![
            source,
            title,
            name::fold(&title),
            kind,
            table,
            ROW_FORMAT,
            view,
            name::fold(&view),
            made,
            now
        ],
    )?;
    Ok(())
}

/// The name, or the name with a number, that no source has.
fn free_name(connection: &Connection, column: &str, wanted: &str) -> rusqlite::Result<String> {
    let sql = format!("SELECT 1 FROM data_sources WHERE {column} = ?");
    let mut statement = connection.prepare(&sql)?;
    let mut candidate = wanted.to_owned();
    let mut number = 2;
    while statement
        .query_row([name::fold(&candidate)], |_| Ok(()))
        .optional()?
        .is_some()
    {
        candidate = format!("{wanted}_{number}");
        number += 1;
    }
    Ok(candidate)
}
