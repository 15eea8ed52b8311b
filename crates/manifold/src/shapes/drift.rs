//! How what a source holds has changed.

use manifold_format::{Change, Drift, ShownValue, UnknownEncoding};
use manifold_jobs::{SnapshotProfile, percent};
use manifold_store::rows::Column;
use serde_json::{Value as Json, json};

use super::column_profile::{ShownValues, text};
use crate::table::{self, Align};
use crate::units::number;

/// The changes for scripts: values are as in `snapshot rows`.
///
/// # Errors
/// [`UnknownEncoding`] for what a newer version wrote.
pub(crate) fn document(
    drift: &[Drift],
    from: &SnapshotProfile,
    to: &SnapshotProfile,
) -> Result<Vec<Json>, UnknownEncoding> {
    drift.iter().map(|found| change(found, from, to)).collect()
}

fn change(
    found: &Drift,
    from: &SnapshotProfile,
    to: &SnapshotProfile,
) -> Result<Json, UnknownEncoding> {
    let mut object = json!({ "column": found.column, "change": kind(&found.change) });
    let mut later = to.snapshot.columns.iter();
    let later = later.find(|column| Some(&column.name) == found.column.as_ref());
    let earlier = later.and_then(|later| {
        let mut columns = from.snapshot.columns.iter();
        columns.find(|column| column.phys == later.phys)
    });
    let value = |column: Option<&Column>, value: &ShownValue| match column {
        Some(column) => Ok(ShownValues::new(column)?.json(value)),
        None => Ok(Json::Null),
    };
    match &found.change {
        Change::Appeared | Change::Removed => {}
        Change::Renamed { from } => object["from"] = json!(from),
        Change::Rows { from, to } | Change::Distinct { from, to } => {
            (object["from"], object["to"]) = (json!(from), json!(to));
        }
        Change::Type { from, to } => (object["from"], object["to"]) = (json!(from), json!(to)),
        Change::NullRate { from, to } | Change::Mean { from, to } => {
            (object["from"], object["to"]) = (json!(from), json!(to));
        }
        Change::Below { from, to } | Change::Above { from, to } => {
            object["from"] = value(earlier, from)?;
            object["to"] = value(later, to)?;
        }
        Change::NewValue { value: v, to } => {
            object["value"] = value(later, v)?;
            (object["from"], object["to"]) = (json!(0), json!(to));
        }
        Change::VanishedValue { value: v, from } => {
            object["value"] = value(earlier, v)?;
            (object["from"], object["to"]) = (json!(from), json!(0));
        }
        Change::Share { value: v, from, to } => {
            object["value"] = value(later, v)?;
            (object["from"], object["to"]) = (json!(from), json!(to));
        }
    }
    object["weight"] = json!((found.weight * 1000.0).round() / 1000.0);
    object["strong"] = json!(found.is_strong());
    Ok(object)
}

fn kind(change: &Change) -> &'static str {
    match change {
        Change::Rows { .. } => "rows",
        Change::Appeared => "appeared",
        Change::Removed => "removed",
        Change::Renamed { .. } => "renamed",
        Change::Type { .. } => "type",
        Change::NullRate { .. } => "null_rate",
        Change::Distinct { .. } => "distinct",
        Change::Below { .. } => "below",
        Change::Above { .. } => "above",
        Change::Mean { .. } => "mean",
        Change::NewValue { .. } => "new_value",
        Change::VanishedValue { .. } => "vanished_value",
        Change::Share { .. } => "share",
    }
}

/// A line for each change, the strong ones marked.
pub(crate) fn table(drift: &[Drift]) -> String {
    let header = [
        ("", Align::Left),
        ("column", Align::Left),
        ("change", Align::Left),
        ("before", Align::Left),
        ("now", Align::Left),
    ];
    table::table(&header, drift.iter().map(line))
}

fn line(found: &Drift) -> Vec<String> {
    let count = |count: &u64| number(i64::try_from(*count).unwrap_or(i64::MAX));
    let value = |value: &ShownValue| table::shortened(&text(value));
    let (what, before, now) = match &found.change {
        Change::Rows { from, to } => ("rows".to_owned(), count(from), count(to)),
        Change::Appeared => ("new column".to_owned(), String::new(), String::new()),
        Change::Removed => ("column is gone".to_owned(), String::new(), String::new()),
        Change::Renamed { from } => {
            let to = found.column.clone().unwrap_or_default();
            ("renamed".to_owned(), from.clone(), to)
        }
        Change::Type { from, to } => ("type".to_owned(), from.clone(), to.clone()),
        Change::NullRate { from, to } => ("null".to_owned(), percent(*from), percent(*to)),
        Change::Distinct { from, to } => ("distinct values".to_owned(), count(from), count(to)),
        Change::Below { from, to } => ("min".to_owned(), value(from), value(to)),
        Change::Above { from, to } => ("max".to_owned(), value(from), value(to)),
        Change::Mean { from, to } => ("mean".to_owned(), from.to_string(), to.to_string()),
        Change::NewValue { value: v, to } => {
            (format!("new: {}", value(v)), percent(0.0), percent(*to))
        }
        Change::VanishedValue { value: v, from } => (
            format!("vanished: {}", value(v)),
            percent(*from),
            percent(0.0),
        ),
        Change::Share { value: v, from, to } => (
            format!("share of {}", value(v)),
            percent(*from),
            percent(*to),
        ),
    };
    let mark = if found.is_strong() { "!" } else { "" };
    let column = found.column.clone().unwrap_or_default();
    vec![mark.to_owned(), column, what, before, now]
}
