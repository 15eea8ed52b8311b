//! What a column of a snapshot holds.

use manifold_format::{ColumnProfile, Encoding, ShownValue, UnknownEncoding, Value};
use manifold_jobs::{SnapshotProfile, percent};
use manifold_store::rows::{Cell, Column};
use serde::Serialize;
use serde_json::Value as Json;

use crate::results::{JsonValue, StoredCells};
use crate::table::{self, Align};
use crate::units::number;

/// Values that stand in the line of a column.
const VALUES_IN_LINE: usize = 3;

/// What a column of a snapshot holds.
#[derive(Debug, Serialize)]
pub(crate) struct ColumnProfileShape {
    pub(crate) name: String,
    #[serde(rename = "type")]
    column_type: String,
    format: Option<String>,
    rows: u64,
    nulls: u64,
    null_rate: f64,
    empties: u64,
    distinct: u64,
    distinct_exact: bool,
    min: Json,
    min_shortened: bool,
    max: Json,
    max_shortened: bool,
    mean: Option<f64>,
    min_length: Option<u32>,
    max_length: Option<u32>,
    others_at_most: u64,
    top: Vec<TopShape>,
    /// The same as the text that was read, for people.
    #[serde(skip)]
    ends: [String; 2],
}

/// A frequent value.
#[derive(Debug, Serialize)]
struct TopShape {
    value: Json,
    shortened: bool,
    count: u64,
    error: u64,
    #[serde(skip)]
    text: String,
}

impl ColumnProfileShape {
    /// Those of all columns of a snapshot.
    ///
    /// # Errors
    /// [`UnknownEncoding`] for what a newer version wrote.
    pub(crate) fn all(profile: &SnapshotProfile) -> Result<Vec<Self>, UnknownEncoding> {
        let columns = profile.snapshot.columns.iter().zip(&profile.columns);
        columns
            .map(|(column, profile)| Self::new(column, profile))
            .collect()
    }

    fn new(column: &Column, profile: &ColumnProfile) -> Result<Self, UnknownEncoding> {
        let mut values = ShownValues::new(column)?;
        let end = |end: &Option<ShownValue>| end.as_ref().is_some_and(|value| value.shortened);
        let mut json = |value: &Option<ShownValue>| match value {
            Some(value) => values.json(value),
            None => Json::Null,
        };
        let (min, max) = (json(&profile.min), json(&profile.max));
        let top = profile.top.iter().map(|top| TopShape {
            value: values.json(&top.value),
            shortened: top.value.shortened,
            count: top.count,
            error: top.error,
            text: text(&top.value),
        });
        Ok(Self {
            top: top.collect(),
            name: column.name.clone(),
            column_type: column.column_type.clone(),
            format: column.format.clone(),
            rows: profile.rows,
            nulls: profile.nulls,
            null_rate: profile.null_rate(),
            empties: profile.empties,
            distinct: profile.distinct,
            distinct_exact: profile.distinct_exact,
            min,
            min_shortened: end(&profile.min),
            max,
            max_shortened: end(&profile.max),
            mean: profile.mean,
            min_length: profile.min_length,
            max_length: profile.max_length,
            others_at_most: profile.others_at_most,
            ends: [&profile.min, &profile.max]
                .map(|end| end.as_ref().map_or_else(String::new, text)),
        })
    }

    /// A line for each column.
    pub(crate) fn table(columns: &[Self]) -> String {
        let header = [
            ("column", Align::Left),
            ("type", Align::Left),
            ("null", Align::Right),
            ("distinct", Align::Right),
            ("min", Align::Left),
            ("max", Align::Left),
            ("most frequent", Align::Left),
        ];
        table::table(&header, columns.iter().map(Self::line))
    }

    fn line(&self) -> Vec<String> {
        let [min, max] = self.ends.each_ref().map(|end| table::shortened(end));
        let top = self.top.iter().take(VALUES_IN_LINE);
        let top = top.map(|top| format!("{} {}", table::shortened(&top.text), self.share(top)));
        vec![
            self.name.clone(),
            self.column_type.clone(),
            percent(self.null_rate),
            self.distinct(),
            min,
            max,
            top.collect::<Vec<_>>().join(", "),
        ]
    }

    /// A line for each fact, and one for each frequent value.
    pub(crate) fn fields(&self) -> String {
        let whole = |value: u64| number(i64::try_from(value).unwrap_or(i64::MAX));
        let [min, max] = &self.ends;
        let mut fields = vec![
            ("column", self.name.clone()),
            ("type", self.column_type.clone()),
            ("format", self.format.clone().unwrap_or_default()),
            ("rows", whole(self.rows)),
            (
                "null",
                format!("{} ({})", whole(self.nulls), percent(self.null_rate)),
            ),
            ("empty", whole(self.empties)),
            ("distinct", self.distinct()),
            ("min", min.clone()),
            ("max", max.clone()),
        ];
        if let Some(mean) = self.mean {
            fields.push(("mean", format!("{mean}")));
        }
        if let (Some(least), Some(most)) = (self.min_length, self.max_length) {
            let (least, most) = (whole(least.into()), whole(most.into()));
            fields.push(("characters", format!("{least} to {most}")));
        }
        fields.retain(|(_, value)| !value.is_empty());
        let fields = table::fields(&fields);
        let other = if self.top.is_empty() {
            "value"
        } else {
            "other value"
        };
        let rest = match self.others_at_most {
            0 => String::new(),
            1 => format!("\n\nNo {other} is in more than one cell."),
            most => format!("\n\nNo {other} is in more than {} cells.", whole(most)),
        };
        if self.top.is_empty() {
            return format!("{fields}{rest}");
        }
        let header = [
            ("most frequent", Align::Left),
            ("cells", Align::Right),
            ("", Align::Right),
        ];
        let lines = self.top.iter().map(|top| {
            let more = if top.error > 0 { "≥ " } else { "" };
            let count = format!("{more}{}", whole(top.count));
            vec![top.text.clone(), count, self.share(top)]
        });
        format!("{fields}\n\n{}{rest}", table::table(&header, lines))
    }

    /// Which part of the cells that are not NULL a value is.
    fn share(&self, top: &TopShape) -> String {
        percent(top.count as f64 / (self.rows - self.nulls).max(1) as f64)
    }

    fn distinct(&self) -> String {
        let distinct = number(i64::try_from(self.distinct).unwrap_or(i64::MAX));
        if self.distinct_exact {
            distinct
        } else {
            format!("≈ {distinct}")
        }
    }
}

/// Shows values of a column as `snapshot rows` does.
pub(crate) struct ShownValues {
    encoding: Encoding,
    cells: StoredCells,
}

impl ShownValues {
    /// # Errors
    /// [`UnknownEncoding`] for what a newer version wrote.
    pub(crate) fn new(column: &Column) -> Result<Self, UnknownEncoding> {
        Ok(Self {
            encoding: column.encoding.parse()?,
            cells: StoredCells::new(std::slice::from_ref(column), false)?,
        })
    }

    /// The value as its column's type. What is cut short is text.
    pub(crate) fn json(&mut self, shown: &ShownValue) -> Json {
        let value = if shown.blob {
            Value::Blob(&shown.bytes)
        } else if shown.shortened {
            Value::Text(&shown.bytes)
        } else {
            self.encoding.encode(&shown.bytes)
        };
        let mut values = self.cells.values(std::iter::once(cell(value)));
        let value = values.pop().unwrap_or(Value::Null);
        // A cell is always representable: the conversion to a JSON value cannot fail on these types.
        serde_json::to_value(JsonValue(value)).unwrap_or_default()
    }
}

fn cell(value: Value<'_>) -> Cell<'_> {
    match value {
        Value::Null => Cell::Null,
        Value::Int(value) => Cell::Int(value),
        Value::Real(value) => Cell::Real(value),
        Value::Text(bytes) => Cell::Text(bytes),
        Value::Blob(bytes) => Cell::Blob(bytes),
    }
}

/// The value as it was read, for people; empty text is shown as such.
pub(crate) fn text(shown: &ShownValue) -> String {
    let mut text = match shown.blob {
        true => shown
            .bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        false => String::from_utf8_lossy(&shown.bytes).into_owned(),
    };
    if text.is_empty() {
        text.push_str("\"\"");
    }
    if shown.shortened {
        text.push('…');
    }
    text
}
