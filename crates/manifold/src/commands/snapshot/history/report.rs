//! The versions of a row, for scripts and for people.

use chrono::{DateTime, Utc};
use manifold_format::{UnknownEncoding, Value};
use manifold_store::rows::{History, Row, RowVersion, Snapshot, VersionOp};
use serde_json::{Map, Value as Json, json};

use super::key::Key;
use crate::command_error::CommandError;
use crate::results::{JsonValue, StoredCells, unique};
use crate::table::{self, Align};
use crate::units::time;

/// All of it, for scripts.
///
/// # Errors
/// [`CommandError::NewerRows`].
pub(super) fn document(source: &str, key: &Key, history: &History) -> Result<Json, CommandError> {
    let versions = history.versions.iter().map(version);
    let versions: Vec<Json> = versions.collect::<Result<_, UnknownEncoding>>()?;
    Ok(json!({ "source": source, "key": key.shape(), "versions": versions }))
}

fn version(version: &RowVersion) -> Result<Json, UnknownEncoding> {
    let row = version.row.as_ref().map(|row| object(&version.from, row));
    Ok(json!({
        "from": mark(&version.from),
        "to": version.to.as_ref().map(mark),
        "op": op(version.op),
        "occurrence": version.occurrence,
        "row": row.transpose()?,
    }))
}

fn mark(snapshot: &Snapshot) -> Json {
    let taken_at: DateTime<Utc> = snapshot.taken_at;
    json!({ "number": snapshot.number, "taken_at": taken_at })
}

fn op(op: VersionOp) -> &'static str {
    match op {
        VersionOp::Added => "added",
        VersionOp::Changed => "changed",
        VersionOp::Removed => "removed",
    }
}

fn object(snapshot: &Snapshot, row: &Row) -> Result<Map<String, Json>, UnknownEncoding> {
    let mut cells = StoredCells::new(&snapshot.columns, false)?;
    let values = cells.values(row.cells());
    // A cell is always representable: the conversion to a JSON value cannot fail on these types.
    let values = values
        .into_iter()
        .map(|value| serde_json::to_value(JsonValue(value)).unwrap_or_default());
    Ok(names(snapshot).into_iter().zip(values).collect())
}

fn names(snapshot: &Snapshot) -> Vec<String> {
    let names = snapshot.columns.iter().map(|column| column.name.clone());
    unique(names.collect())
}

/// A line for each version, with all columns that any of them has; those of the newest first.
///
/// # Errors
/// [`CommandError::NewerRows`].
pub(super) fn table(history: &History) -> Result<String, CommandError> {
    let mut columns: Vec<String> = Vec::new();
    for version in history.versions.iter().rev() {
        for name in names(&version.from) {
            if !columns.contains(&name) {
                columns.push(name);
            }
        }
    }
    let mut header = vec![
        ("snapshots", Align::Left),
        ("taken", Align::Left),
        ("", Align::Left),
    ];
    header.extend(columns.iter().map(|name| (name.as_str(), Align::Left)));
    let lines = history
        .versions
        .iter()
        .map(|version| line(version, &columns))
        .collect::<Result<Vec<_>, UnknownEncoding>>()?;
    Ok(table::table(&header, lines))
}

fn line(version: &RowVersion, columns: &[String]) -> Result<Vec<String>, UnknownEncoding> {
    let first = version.from.number;
    let snapshots = match &version.to {
        Some(last) if last.number == first => first.to_string(),
        Some(last) => format!("{first}–{}", last.number),
        None => format!("{first}–"),
    };
    let mut line = vec![
        snapshots,
        time(version.from.taken_at),
        op(version.op).to_owned(),
    ];
    let mut cells = StoredCells::new(&version.from.columns, true)?;
    let values = version.row.as_ref().map(|row| cells.values(row.cells()));
    let shown: Vec<(String, String)> = names(&version.from)
        .into_iter()
        .zip(values.into_iter().flatten().map(text))
        .collect();
    line.extend(columns.iter().map(|name| {
        let cell = shown.iter().find(|(column, _)| column == name);
        cell.map(|(_, text)| text.clone()).unwrap_or_default()
    }));
    Ok(line)
}

fn text(value: Value<'_>) -> String {
    match value {
        Value::Null => String::new(),
        Value::Int(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Text(bytes) | Value::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
    }
}
