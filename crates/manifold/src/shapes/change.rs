//! A row that differs between two snapshots.

use manifold_format::UnknownEncoding;
use manifold_store::rows::{Change, Column, Diff, Row};
use serde_json::{Map, Value as Json, json};

use crate::results::{JsonValue, StoredCells, unique};
use crate::table::{self, Align};

/// Turns the changes of a comparison into their shape.
pub(crate) struct Changes<'a> {
    diff: &'a Diff,
    names: Vec<String>,
    before: StoredCells,
    after: StoredCells,
}

impl<'a> Changes<'a> {
    /// The changes of `diff`; `as_text` shows every cell as the text that was read.
    ///
    /// # Errors
    /// [`UnknownEncoding`] for what a newer version wrote.
    pub(crate) fn new(diff: &'a Diff, as_text: bool) -> Result<Self, UnknownEncoding> {
        let before: Vec<Column> = diff
            .columns
            .iter()
            .filter_map(|column| column.from.as_ref().or(column.to.as_ref()))
            .cloned()
            .collect();
        let after: Vec<Column> = diff
            .columns
            .iter()
            .filter_map(|column| column.to.as_ref().or(column.from.as_ref()))
            .cloned()
            .collect();
        Ok(Self {
            diff,
            names: unique(after.iter().map(|column| column.name.clone()).collect()),
            before: StoredCells::new(&before, as_text)?,
            after: StoredCells::new(&after, as_text)?,
        })
    }

    /// A line for each change; a cell that changed shows both values.
    pub(crate) fn table(&mut self, listed: &[&Change]) -> String {
        if listed.is_empty() {
            return String::new();
        }
        let rows: Vec<Vec<String>> = listed
            .iter()
            .map(|change| {
                let shape = self.shape(change);
                line(&self.names, &shape)
            })
            .collect();
        let mut header = vec![("", Align::Left)];
        header.extend(self.names.iter().map(|name| (name.as_str(), Align::Left)));
        table::table(&header, rows)
    }

    /// The shape of one change: `op`, `key`, and `row` or `before` and `after`.
    pub(crate) fn shape(&mut self, change: &Change) -> Json {
        match change {
            Change::Added { after } => {
                let row = self.after(after);
                json!({ "op": "+", "key": self.key(&row), "row": row })
            }
            Change::Removed { before } => {
                let row = self.before(before);
                json!({ "op": "-", "key": self.key(&row), "row": row })
            }
            Change::Moved { after } => {
                let row = self.after(after);
                json!({ "op": ">", "key": self.key(&row), "row": row })
            }
            Change::Changed { before, after } => {
                let (before, after) = (self.before(before), self.after(after));
                json!({ "op": "~", "key": self.key(&after), "before": before, "after": after })
            }
        }
    }

    fn before(&mut self, row: &Row) -> Map<String, Json> {
        object(&self.names, &mut self.before, row)
    }

    fn after(&mut self, row: &Row) -> Map<String, Json> {
        object(&self.names, &mut self.after, row)
    }

    /// The key of a row; null when rows were paired by their content.
    fn key(&self, row: &Map<String, Json>) -> Json {
        if self.diff.key.is_empty() {
            return Json::Null;
        }
        let names = self
            .diff
            .key
            .iter()
            .filter_map(|&index| self.names.get(index));
        names
            .map(|name| (name.clone(), row.get(name).cloned().unwrap_or_default()))
            .collect::<Map<_, _>>()
            .into()
    }
}

fn object(names: &[String], cells: &mut StoredCells, row: &Row) -> Map<String, Json> {
    let values = cells.values(row.cells());
    // A cell is always representable: the conversion to a JSON value cannot fail on these types.
    let values = values
        .into_iter()
        .map(|value| serde_json::to_value(JsonValue(value)).unwrap_or_default());
    names.iter().cloned().zip(values).collect()
}

fn line(names: &[String], change: &Json) -> Vec<String> {
    let row = |name: &str| change.get(name).and_then(Json::as_object);
    let text = |row: &Map<String, Json>, name: &String| match row.get(name) {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let mut cells = vec![change["op"].as_str().unwrap_or_default().to_owned()];
    cells.extend(
        names
            .iter()
            .map(|name| match (row("row"), row("before"), row("after")) {
                (Some(row), ..) => text(row, name),
                (_, Some(before), Some(after)) if before.get(name) != after.get(name) => {
                    format!("{} → {}", text(before, name), text(after, name))
                }
                (_, _, Some(after)) => text(after, name),
                _ => String::new(),
            }),
    );
    cells
}
