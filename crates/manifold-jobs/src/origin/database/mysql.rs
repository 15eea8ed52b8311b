//! Pulling from MySQL and MariaDB.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::mysql::{MySqlConnection, MySqlRow, MySqlTypeInfo};
use sqlx::{AssertSqlSafe, Column as _, Connection as _, Executor as _, MySql, Row as _};
use sqlx::{SqlSafeStr as _, Statement as _, TypeInfo as _};

use super::cursor::{CursorColumn, Highest, Lag, Seen};
use super::mysql_cell::MySqlCell;
use super::spool::PulledColumn;
use super::spool_feed::SpoolFeed;
use super::{Pull, no_cursor_column};
use crate::database::{DatabaseError, DatabaseKind, Reached, Session};

/// Pulls the rows into `feed`, and returns the highest value of the cursor's column.
///
/// # Errors
/// [`DatabaseError`].
pub(super) async fn pull(
    reached: &Reached,
    pull: &Pull<'_>,
    feed: &mut SpoolFeed<'_>,
) -> Result<Option<Seen>, DatabaseError> {
    pull.asked.check(&reached.shown)?;
    let timed = pull.timed;
    let mut connection = reached.mysql(timed).await?;
    let session = Session::of_mysql(&mut connection, reached, timed).await?;
    let pulled = in_transaction(reached, &mut connection, pull, feed).await;
    match &pulled {
        Ok(_) => drop(tokio::time::timeout(Duration::from_secs(5), connection.close()).await),
        Err(DatabaseError::Stopped | DatabaseError::Timeout { .. }) => {
            drop(connection);
            session.end(reached).await;
        }
        Err(_) => drop(connection),
    }
    pulled
}

async fn in_transaction(
    reached: &Reached,
    connection: &mut MySqlConnection,
    pull: &Pull<'_>,
    feed: &mut SpoolFeed<'_>,
) -> Result<Option<Seen>, DatabaseError> {
    let timed = pull.timed;
    for begin in [
        "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ] {
        let begun = sqlx::raw_sql(begin).execute(&mut *connection);
        timed.answer(reached, begun).await?;
    }
    let whole = pull.asked.whole(DatabaseKind::MySql);
    // Only what reads can stand there; it is looked at and not run.
    let reads = AssertSqlSafe(format!("SELECT EXISTS (\n{whole}\n)")).into_sql_str();
    let reads = (&mut *connection).prepare(reads);
    timed.answer(reached, reads).await?;
    let described = (&mut *connection).prepare(AssertSqlSafe(whole.clone()).into_sql_str());
    let described = timed.answer(reached, described).await?;
    let columns = described.columns().iter().map(|column| PulledColumn {
        name: column.name().to_owned(),
        declared: column.type_info().name().to_owned(),
    });
    let columns: Vec<_> = columns.collect();
    if columns.is_empty() {
        return Err(DatabaseError::Query {
            url: reached.shown.clone(),
            reason: "the query has no columns".to_owned(),
        });
    }
    let (mut at, mut statement) = (None, whole);
    let mut bound = Vec::new();
    if let Some(cursor) = pull.cursor {
        let place = columns
            .iter()
            .position(|column| column.name == cursor.column);
        let place = place.ok_or_else(|| no_cursor_column(&reached.shown, &cursor.column))?;
        at = Some(place);
        let condition = pull.from.map(|from| {
            let declared = &columns[place].declared;
            let (condition, values) = condition(declared, cursor, from);
            bound = values;
            condition
        });
        statement = pull
            .asked
            .by_cursor(DatabaseKind::MySql, cursor, condition.as_deref());
    }
    feed.columns(columns).await?;
    let query = sqlx::query(AssertSqlSafe(statement)).persistent(false);
    let query = bound.into_iter().fold(query, sqlx::query::Query::bind);
    let mut rows = query.fetch(&mut *connection);
    let mut highest = Highest::default();
    while let Some(row) = timed.answer(reached, rows.try_next()).await? {
        take(&row, at, &mut highest, feed);
        if feed.end_row()? {
            feed.flush().await?;
        }
    }
    Ok(highest.seen())
}

/// The value from which on rows are wanted, in the type of the column, and what is bound in it.
fn condition(declared: &str, cursor: &CursorColumn, from: &Seen) -> (String, Vec<String>) {
    let is_time = matches!(declared, "DATE" | "DATETIME" | "TIMESTAMP");
    let is_number = declared.contains("INT")
        || matches!(
            declared,
            "BOOLEAN" | "DECIMAL" | "FLOAT" | "DOUBLE" | "YEAR" | "BIT"
        );
    let text = from.text();
    if is_time {
        let text = text.trim_end_matches('Z').replace('T', " ");
        return match &cursor.lag {
            None => ("CAST(? AS DATETIME(6))".to_owned(), vec![text]),
            Some(Lag::Seconds(seconds)) => (
                "CAST(? AS DATETIME(6)) - INTERVAL CAST(? AS SIGNED) SECOND".to_owned(),
                vec![text, seconds.to_string()],
            ),
            Some(Lag::Number(number)) => (
                "CAST(? AS DATETIME(6)) - INTERVAL CAST(? AS DECIMAL(20, 6)) SECOND".to_owned(),
                vec![text, number.clone()],
            ),
        };
    }
    if is_number {
        let cast = "CAST(? AS DECIMAL(65, 30))";
        let lag = cursor.lag.as_ref().map(|lag| match lag {
            Lag::Seconds(seconds) => seconds.to_string(),
            Lag::Number(number) => number.clone(),
        });
        return match lag {
            None => (cast.to_owned(), vec![text.to_owned()]),
            Some(lag) => (format!("{cast} - {cast}"), vec![text.to_owned(), lag]),
        };
    }
    ("?".to_owned(), vec![text.to_owned()])
}

fn take(row: &MySqlRow, at: Option<usize>, highest: &mut Highest, feed: &mut SpoolFeed<'_>) {
    for (index, column) in row.columns().iter().enumerate() {
        // The index is of a column of the row, and nothing but NULL has no bytes.
        let bytes = row.try_get_raw(index).ok();
        // A date of zeros is no NULL.
        let bytes = bytes.and_then(|value| <&[u8] as sqlx::Decode<MySql>>::decode(value).ok());
        let cell = MySqlCell::of(
            bytes,
            column.type_info().name(),
            is_text(column.type_info()),
        );
        if let (true, Some(text)) = (at == Some(index), cell.cursor()) {
            highest.text(text);
        }
        feed.cell(cell.cell());
    }
}

/// Whether what has the type of a string is one, and not bytes.
fn is_text(type_info: &MySqlTypeInfo) -> bool {
    <String as sqlx::Type<MySql>>::compatible(type_info)
}
