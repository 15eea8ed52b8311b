//! Pulling from PostgreSQL.

use std::time::Duration;

use futures_util::TryStreamExt as _;
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{AssertSqlSafe, Column as _, Connection as _, Executor as _, Row as _, Statement as _};
use sqlx::{SqlSafeStr as _, TypeInfo as _, ValueRef as _};

use super::cursor::{Highest, Lag, Seen};
use super::postgres_cell::PostgresCell;
use super::spool::PulledColumn;
use super::spool_feed::SpoolFeed;
use super::{Pull, no_cursor_column};
use crate::database::{DatabaseError, DatabaseKind, Reached, Session};

/// How many rows are asked for at once. They are taken one by one, whatever their size.
const ROWS: &str = "FETCH 2000 FROM manifold_rows";

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
    let mut connection = reached.postgres(timed).await?;
    let session = Session::of_postgres(&mut connection, reached, timed).await?;
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
    connection: &mut PgConnection,
    pull: &Pull<'_>,
    feed: &mut SpoolFeed<'_>,
) -> Result<Option<Seen>, DatabaseError> {
    let timed = pull.timed;
    let begin = sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    timed
        .answer(reached, begin.execute(&mut *connection))
        .await?;
    let whole = pull.asked.whole(DatabaseKind::Postgres);
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
    let cells = columns
        .iter()
        .map(|column| PostgresCell::of(&column.declared));
    let cells: Vec<_> = cells.collect();
    let mut at = None;
    if let Some(cursor) = pull.cursor {
        let place = columns
            .iter()
            .position(|column| column.name == cursor.column);
        at = Some(place.ok_or_else(|| no_cursor_column(&reached.shown, &cursor.column))?);
    }
    feed.columns(columns).await?;
    declare(reached, connection, pull, whole).await?;
    let mut highest = Highest::default();
    loop {
        let mut rows = sqlx::raw_sql(ROWS).fetch(&mut *connection);
        let mut any = false;
        while let Some(row) = timed.answer(reached, rows.try_next()).await? {
            any = true;
            take(&row, &cells, at, &mut highest, feed);
            if feed.end_row()? {
                feed.flush().await?;
            }
        }
        if !any {
            return Ok(highest.seen());
        }
    }
}

fn take(
    row: &PgRow,
    cells: &[PostgresCell],
    at: Option<usize>,
    highest: &mut Highest,
    feed: &mut SpoolFeed<'_>,
) {
    for index in 0..row.len() {
        // The index is of a column of the row, and nothing but NULL has no bytes.
        let value = row.try_get_raw(index).ok();
        let bytes = value.filter(|value| !value.is_null());
        let bytes = bytes.and_then(|value| value.as_bytes().ok());
        if let (true, Some(bytes)) = (at == Some(index), bytes) {
            highest.text(bytes);
        }
        match cells.get(index) {
            Some(cell) => cell.put(bytes, feed),
            None => PostgresCell::Text.put(bytes, feed),
        }
    }
}

/// Opens the server-side cursor. Values are bound, and become the type of the column at the server.
async fn declare(
    reached: &Reached,
    connection: &mut PgConnection,
    pull: &Pull<'_>,
    whole: String,
) -> Result<(), DatabaseError> {
    let declare = "DECLARE manifold_rows NO SCROLL CURSOR FOR ";
    let Some(cursor) = pull.cursor else {
        let opened = sqlx::query(AssertSqlSafe(format!("{declare}{whole}"))).persistent(false);
        let opened = opened.execute(connection);
        return pull.timed.answer(reached, opened).await.map(drop);
    };
    let Some(from) = pull.from else {
        let all = pull.asked.by_cursor(DatabaseKind::Postgres, cursor, None);
        let opened = sqlx::query(AssertSqlSafe(format!("{declare}{all}"))).persistent(false);
        let opened = opened.execute(connection);
        return pull.timed.answer(reached, opened).await.map(drop);
    };
    // An empty inner query: the planner knows its type and nothing is read.
    let column = DatabaseKind::Postgres.quoted(&cursor.column);
    let of_type = format!(
        "SELECT pg_typeof((SELECT {column} FROM (\n{whole}\n) AS \"pulled\" LIMIT 0))::text"
    );
    let of_type = sqlx::query_scalar::<_, String>(AssertSqlSafe(of_type)).persistent(false);
    let of_type = of_type.fetch_one(&mut *connection);
    let of_type = pull.timed.answer(reached, of_type).await?;
    let (condition, lag) = match &cursor.lag {
        None => (format!("($1::text)::{of_type}"), None),
        Some(Lag::Seconds(seconds)) => (
            format!("($1::text)::{of_type} - ($2::text)::interval"),
            Some(format!("{seconds} seconds")),
        ),
        Some(Lag::Number(number)) => (
            format!("($1::text)::{of_type} - ($2::text)::{of_type}"),
            Some(number.clone()),
        ),
    };
    let all = pull
        .asked
        .by_cursor(DatabaseKind::Postgres, cursor, Some(&condition));
    let opened = sqlx::query(AssertSqlSafe(format!("{declare}{all}")))
        .persistent(false)
        .bind(from.text());
    let opened = match lag {
        Some(lag) => opened.bind(lag),
        None => opened,
    };
    let opened = opened.execute(connection);
    pull.timed.answer(reached, opened).await.map(drop)
}
