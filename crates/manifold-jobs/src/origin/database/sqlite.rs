//! Pulling from an SQLite file.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{NaiveDate, NaiveDateTime, TimeDelta};
use manifold_format::TypedCell;
use manifold_store::{ForeignColumn, ForeignError, ForeignQuery, ForeignValue};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

use super::cursor::{CursorColumn, Highest, Lag, Seen};
use super::spool::PulledColumn;
use super::spool_feed::SpoolFeed;
use super::{Pull, no_cursor_column};
use crate::database::{DatabaseError, DatabaseKind, DatabaseUrl};

/// The largest row that SQLite reads.
const LARGEST: u64 = 1_000_000_000;

/// How many rows, and bytes, are handed over at once.
const ROWS: usize = 256;
const BYTES: usize = 1 << 20;

/// How times are written that a lag can be taken off.
const TIMES: [&str; 4] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d %H:%M",
];

/// Pulls the rows into `feed`, and returns the highest value of the cursor's column.
///
/// # Errors
/// [`DatabaseError`].
pub(super) async fn pull(
    url: &DatabaseUrl,
    pull: &Pull<'_>,
    feed: &mut SpoolFeed<'_>,
) -> Result<Option<Seen>, DatabaseError> {
    let shown = url.shown();
    pull.asked.check(&shown)?;
    let mut bound = Vec::new();
    let sql = match pull.cursor {
        None => pull.asked.whole(DatabaseKind::Sqlite),
        Some(cursor) => {
            if let Some(from) = pull.from {
                bound.push(beginning(&shown, cursor, from)?);
            }
            let condition = pull.from.map(|_| "?");
            pull.asked
                .by_cursor(DatabaseKind::Sqlite, cursor, condition)
        }
    };
    let path = url.path().unwrap_or_default();
    let stop = Arc::new(AtomicBool::new(false));
    let _stopping = {
        let (cancel, stop) = (pull.timed.cancel.clone(), stop.clone());
        AbortOnDropHandle::new(tokio::spawn(async move {
            cancel.cancelled().await;
            stop.store(true, Ordering::Relaxed);
        }))
    };
    let (sender, mut parts) = mpsc::channel(1);
    let reading = tokio::task::spawn_blocking(move || read(&path, &sql, &bound, &stop, &sender));
    let cursor = pull.cursor.map(|cursor| &cursor.column);
    let (mut at, mut highest) = (None, Highest::default());
    while let Some(part) = parts.recv().await {
        match part {
            Part::Columns(columns) => {
                if let Some(cursor) = cursor {
                    let place = columns.iter().position(|column| column.name == *cursor);
                    at = Some(place.ok_or_else(|| no_cursor_column(&shown, cursor))?);
                }
                let columns = columns.into_iter().map(|column| PulledColumn {
                    name: column.name,
                    declared: column.declared,
                });
                feed.columns(columns.collect()).await?;
            }
            Part::Rows(rows) => {
                for row in rows {
                    take(&row, at, &mut highest, feed);
                    if feed.end_row()? {
                        feed.flush().await?;
                    }
                }
            }
        }
    }
    match reading.await {
        Ok(read) => read?,
        Err(died) => std::panic::resume_unwind(died.into_panic()),
    }
    Ok(highest.seen())
}

/// What was read.
enum Part {
    Columns(Vec<ForeignColumn>),
    Rows(Vec<Vec<ForeignValue>>),
}

/// Reads the rows, and hands them over a few hundred at once, or one that is large. Blocks.
fn read(
    path: &Path,
    sql: &str,
    bound: &[ForeignValue],
    stop: &Arc<AtomicBool>,
    sender: &mpsc::Sender<Part>,
) -> Result<(), ForeignError> {
    let query = ForeignQuery {
        path,
        sql,
        bound,
        max_value: LARGEST,
    };
    let (mut batch, mut bytes) = (Vec::new(), 0);
    // Who does not take them any more has an error of its own.
    let columns = |columns| drop(sender.blocking_send(Part::Columns(columns)));
    query.run(stop, columns, |row| {
        bytes += row.iter().map(size).sum::<usize>();
        batch.push(row.to_vec());
        if batch.len() < ROWS && bytes < BYTES {
            return ControlFlow::Continue(());
        }
        bytes = 0;
        match sender.blocking_send(Part::Rows(std::mem::take(&mut batch))) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    })?;
    drop(sender.blocking_send(Part::Rows(batch)));
    Ok(())
}

fn size(value: &ForeignValue) -> usize {
    match value {
        ForeignValue::Text(bytes) | ForeignValue::Blob(bytes) => bytes.len(),
        _ => 8,
    }
}

fn take(row: &[ForeignValue], at: Option<usize>, highest: &mut Highest, feed: &mut SpoolFeed<'_>) {
    for (index, value) in row.iter().enumerate() {
        let is_cursor = at == Some(index);
        match value {
            ForeignValue::Null => feed.cell(TypedCell::Null),
            ForeignValue::Integer(number) => {
                let digits = number.to_string();
                feed.cell(TypedCell::Number(digits.as_bytes()));
                if is_cursor {
                    highest.number(&digits);
                }
            }
            ForeignValue::Real(number) => {
                let digits = format!("{number:?}");
                feed.cell(TypedCell::Number(digits.as_bytes()));
                if is_cursor && number.is_finite() {
                    highest.number(&digits);
                }
            }
            ForeignValue::Text(bytes) => {
                feed.cell(TypedCell::Text(bytes));
                if is_cursor {
                    highest.text(bytes);
                }
            }
            ForeignValue::Blob(bytes) => feed.cell(TypedCell::Blob(bytes)),
        }
    }
}

/// Where the rows that are wanted begin. SQLite has no times, only texts and numbers that stand for them.
fn beginning(url: &str, cursor: &CursorColumn, from: &Seen) -> Result<ForeignValue, DatabaseError> {
    let bad = |reason: &str| DatabaseError::Query {
        url: url.to_owned(),
        reason: format!("the lag cannot be taken off `{}`, {reason}", from.text()),
    };
    match from {
        Seen::Number(digits) => {
            let lag = match &cursor.lag {
                None => "0".to_owned(),
                Some(Lag::Seconds(seconds)) => seconds.to_string(),
                Some(Lag::Number(number)) => number.clone(),
            };
            if let (Ok(value), Ok(lag)) = (digits.parse::<i64>(), lag.parse::<i64>()) {
                return Ok(ForeignValue::Integer(value.saturating_sub(lag)));
            }
            match (digits.parse::<f64>(), lag.parse::<f64>()) {
                (Ok(value), Ok(lag)) => Ok(ForeignValue::Real(value - lag)),
                _ => Err(bad("which is no number")),
            }
        }
        Seen::Text(text) => {
            let text = match &cursor.lag {
                None => text.clone(),
                Some(Lag::Seconds(seconds)) => {
                    earlier(text, *seconds).ok_or_else(|| bad("which is no time in ISO 8601"))?
                }
                Some(Lag::Number(_)) => return Err(bad("which is no number")),
            };
            Ok(ForeignValue::Text(text.into_bytes()))
        }
    }
}

/// A time so many seconds before another one, written as that one is.
fn earlier(text: &str, seconds: u64) -> Option<String> {
    let lag = TimeDelta::try_seconds(i64::try_from(seconds).ok()?)?;
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        let before = date.and_hms_opt(0, 0, 0)?.checked_sub_signed(lag)?;
        return Some(before.format("%Y-%m-%d").to_string());
    }
    // An offset stays what it is: only the clock is set back.
    let clock = text.get(10..)?;
    let end = clock.find(['Z', '+', '-']).map_or(text.len(), |at| at + 10);
    TIMES.iter().find_map(|format| {
        let time = NaiveDateTime::parse_from_str(&text[..end], format).ok()?;
        let before = time.checked_sub_signed(lag)?;
        Some(format!("{}{}", before.format(format), &text[end..]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lag_is_taken_off_as_the_time_is_written() {
        for (text, expected) in [
            ("2024-01-01 00:01:00", Some("2023-12-31 23:59:00")),
            ("2024-01-01T00:01:00.250Z", Some("2023-12-31T23:59:00.250Z")),
            ("2024-01-01T00:01+02:00", Some("2023-12-31T23:59+02:00")),
            ("2024-01-01", Some("2023-12-31")),
            ("yesterday", None),
        ] {
            assert_eq!(earlier(text, 120).as_deref(), expected, "{text}");
        }
    }
}
