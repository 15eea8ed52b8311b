//! What a restore in place would change, row by row.

use std::sync::Arc;

use manifold_jobs::Observer;
use manifold_jobs::backup::{self, BackupPlace, Compared};
use manifold_store::rows::{Change, Diff, DiffColumn};
use manifold_store::{DifferentDefinition, DifferentTable, SourceDifference, SqliteManager};
use serde_json::{Value as Json, json};

use crate::command_error::CommandError;
use crate::progress;
use crate::session::Session;
use crate::shapes::change::Changes;
use crate::table::printable;
use crate::units::{count, number};

/// Rows of each source that are listed if nobody says how many.
pub(super) const LISTED: u64 = 20;

/// Reads a backup back and compares it with its project.
pub(super) async fn compare(
    store: &Arc<SqliteManager>,
    place: &BackupPlace,
    limit: u64,
    title: String,
    session: &Session,
) -> anyhow::Result<Compared> {
    let work = session.stoppable();
    let (observer, latest) = Observer::new(work.token());
    let shown = tokio::spawn(progress::show(title, latest, session.progress()));
    let compared = backup::compare(store, place, limit, observer).await;
    drop(shown.await); // it ends with the comparison; that it could not be shown is no failure
    compared.map_err(|error| session.stopped_or(error))
}

/// The shape of what differs.
pub(super) fn document(compared: &Compared) -> anyhow::Result<Json> {
    let difference = &compared.difference;
    let sources = difference.sources.iter().map(source_shape);
    let tables = difference.tables.iter().map(|table| {
        json!({
            "table": table.table, "gone": table.gone, "back": table.back, "changed": table.changed,
        })
    });
    Ok(json!({
        "same_sources": difference.same_sources,
        "sources": sources.collect::<Result<Vec<_>, _>>()?,
        "project": definitions(&difference.project),
        "tables": tables.collect::<Vec<_>>(),
    }))
}

fn source_shape(source: &SourceDifference) -> anyhow::Result<Json> {
    let rows = &source.rows;
    let mut changes = Changes::new(rows, false).map_err(CommandError::NewerRows)?;
    let listed: Vec<_> = rows
        .changes
        .iter()
        .map(|change| changes.shape(change))
        .collect();
    Ok(json!({
        "id": source.id,
        "name": source.name,
        "fate": fate(source),
        "definition": definitions(&source.definition),
        "snapshots_gone": source.snapshots_gone,
        "snapshots_back": source.snapshots_back,
        "columns_gone": columns(rows, |column| column.to.is_none()),
        "columns_back": columns(rows, |column| column.from.is_none()),
        "added": rows.added,
        "removed": rows.removed,
        "changed": rows.changed,
        "changes": listed,
    }))
}

/// What becomes of a source as a whole.
fn fate(source: &SourceDifference) -> &'static str {
    match (source.is_present, source.is_other) {
        (true, true) => "changed",
        (true, false) => "gone",
        (false, _) => "back",
    }
}

fn definitions(different: &[DifferentDefinition]) -> Vec<Json> {
    let shape = |field: &DifferentDefinition| json!({ "field": field.field, "present": field.present, "backup": field.other });
    different.iter().map(shape).collect()
}

fn columns(rows: &Diff, which: impl Fn(&DiffColumn) -> bool) -> Vec<&str> {
    let named = rows.columns.iter().filter(|column| which(column));
    named
        .filter_map(|column| column.to.as_ref().or(column.from.as_ref()))
        .map(|column| column.name.as_str())
        .collect()
}

/// What differs, for people.
pub(super) fn text(compared: &Compared) -> anyhow::Result<String> {
    let difference = &compared.difference;
    if difference.is_empty() {
        return Ok("The project is as it was saved.".to_owned());
    }
    let mut parts = Vec::new();
    for source in &difference.sources {
        parts.push(source_text(source)?);
    }
    let fields = difference.project.iter();
    parts.extend(fields.map(|field| format!("{} of the project would change", field.field)));
    parts.extend(difference.tables.iter().map(table_text));
    if difference.same_sources > 0 {
        let same = i64::try_from(difference.same_sources).unwrap_or(i64::MAX);
        parts.push(format!("{} as it is", count(same, "source")));
    }
    Ok(parts.join("\n"))
}

fn source_text(source: &SourceDifference) -> anyhow::Result<String> {
    let rows = &source.rows;
    let mut parts = vec![match fate(source) {
        "gone" => "would go".to_owned(),
        "back" => "would come back".to_owned(),
        _ => "would change".to_owned(),
    }];
    let counts = [
        (rows.added, "added"),
        (rows.removed, "removed"),
        (rows.changed, "changed"),
    ];
    let counts = counts.iter().filter(|(rows, _)| *rows > 0);
    parts.extend(counts.map(|(rows, what)| {
        let rows = i64::try_from(*rows).unwrap_or(i64::MAX);
        format!("{} {what}", count(rows, "row"))
    }));
    let lists = [
        (&source.snapshots_gone, "gone"),
        (&source.snapshots_back, "back"),
    ];
    let lists = lists.iter().filter(|(numbers, _)| !numbers.is_empty());
    parts.extend(lists.map(|(numbers, what)| {
        let numbers: Vec<_> = numbers.iter().map(|number| format!("@{number}")).collect();
        format!("snapshots {what}: {}", numbers.join(" "))
    }));
    let named = [
        (columns(rows, |column| column.to.is_none()), "gone"),
        (columns(rows, |column| column.from.is_none()), "back"),
    ];
    if source.is_present && source.is_other {
        let named = named.iter().filter(|(names, _)| !names.is_empty());
        parts.extend(named.map(|(names, what)| {
            let names: Vec<_> = names.iter().map(|name| printable(name)).collect();
            format!("columns {what}: {}", names.join(", "))
        }));
    }
    let fields: Vec<_> = source.definition.iter().map(|field| field.field).collect();
    if !fields.is_empty() {
        parts.push(format!("otherwise set: {}", fields.join(", ")));
    }
    let listed: Vec<&Change> = rows.changes.iter().collect();
    let mut changes = Changes::new(rows, true).map_err(CommandError::NewerRows)?;
    let mut text = format!("{}: {}", printable(&source.name), parts.join("; "));
    if !listed.is_empty() {
        text.push('\n');
        text.push_str(&changes.table(&listed));
    }
    let all = rows.added + rows.removed + rows.changed;
    let left = all - u64::try_from(listed.len()).unwrap_or(all);
    if left > 0 {
        let left = number(i64::try_from(left).unwrap_or(i64::MAX));
        text.push_str(&format!("\n({left} more; --limit N shows more of them)"));
    }
    Ok(text)
}

fn table_text(table: &DifferentTable) -> String {
    let lists = [
        (&table.gone, "gone"),
        (&table.back, "back"),
        (&table.changed, "changed"),
    ];
    let lists = lists.iter().filter(|(names, _)| !names.is_empty());
    let lists: Vec<_> = lists
        .map(|(names, what)| {
            let names: Vec<_> = names.iter().map(|name| printable(name)).collect();
            format!("{what}: {}", names.join(", "))
        })
        .collect();
    format!("{}: {}", table.table.replace('_', " "), lists.join("; "))
}
