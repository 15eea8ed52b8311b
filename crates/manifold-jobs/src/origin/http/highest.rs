//! The highest value of the column that tells what is new.

use std::cmp::Ordering;

use manifold_format::{Encoding, Item, ReadError, Reader, Record, Value};
use tokio_util::sync::CancellationToken;

use super::position::Position;

/// What the rows of an input show.
#[derive(Debug, Default)]
pub(super) struct Highest {
    pub(super) rows: u64,
    /// As it is written.
    pub(super) value: Option<String>,
}

/// Why the rows show nothing.
#[derive(Debug)]
pub(super) enum NoHighest {
    Stopped,
    Read(ReadError),
    /// In words.
    Column(String),
}

impl Highest {
    /// Reads all rows of the first table. Blocks.
    pub(super) fn of(
        reader: &mut dyn Reader,
        column: &str,
        cancel: &CancellationToken,
    ) -> Result<Self, NoHighest> {
        let columns = match reader.tables().first() {
            Some(table) => &table.columns,
            None => return Ok(Self::default()),
        };
        let names = || columns.iter().map(|column| column.name.as_str());
        let folded = column.to_lowercase();
        let index = names()
            .position(|name| name == column)
            .or_else(|| names().position(|name| name.to_lowercase() == folded));
        let Some(index) = index else {
            let there: Vec<_> = names().take(50).collect();
            let what = format!("there is none, the columns are {}", there.join(", "));
            return Err(NoHighest::Column(what));
        };
        let encodings = vec![Encoding::Text; columns.len()];
        let mut rows = reader.rows(0).map_err(NoHighest::Read)?;
        rows.set_encodings(&encodings).map_err(NoHighest::Read)?;
        let (mut record, mut found) = (Record::new(), Self::default());
        let mut highest: Option<Position> = None;
        loop {
            if cancel.is_cancelled() {
                return Err(NoHighest::Stopped);
            }
            match rows.next(&mut record).map_err(NoHighest::Read)? {
                Item::End => return Ok(found),
                Item::Row => found.rows += 1,
                _ => continue,
            }
            let text = match record.cell(index) {
                Value::Null | Value::Text(b"") => continue,
                Value::Text(text) => std::str::from_utf8(text).ok(),
                _ => None,
            };
            let row = found.rows;
            let wrong = |what: &str| NoHighest::Column(format!("in row {row} {what}"));
            let text = text.map(str::trim);
            let at = text.and_then(|text| Some((text, Position::of(text)?)));
            let Some((text, at)) = at else {
                return Err(wrong(
                    "it is neither a number without an exponent nor a time as ISO 8601 writes it",
                ));
            };
            let order = match &highest {
                None => Some(Ordering::Greater),
                Some(highest) => at.compare(highest),
            };
            match order {
                None => return Err(wrong("it is a time among numbers, or a number among times")),
                Some(Ordering::Greater) => {
                    (found.value, highest) = (Some(text.to_owned()), Some(at));
                }
                Some(_) => {}
            }
        }
    }
}

/// The higher one of two values; `None` when one is a number and the other a time.
pub(super) fn higher(one: Option<String>, other: Option<String>) -> Option<Option<String>> {
    let (Some(first), Some(second)) = (&one, &other) else {
        return Some(one.or(other));
    };
    let order = Position::of(first)?.compare(&Position::of(second)?)?;
    Some(if order == Ordering::Less { other } else { one })
}
