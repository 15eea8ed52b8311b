//! A row that differs between two snapshots.

use manifold_format::UnknownEncoding;
use manifold_store::rows::{Change, Column, Diff, Row};
use serde_json::{Map, Value as Json, json};

use crate::results::{JsonValue, StoredCells, unique};

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

    /// The names of all columns, each once.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
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
