//! A connection to a target.

use std::sync::{Mutex, PoisonError};

use manifold_store::{ForeignError, ForeignTarget, ForeignValue, Layout};
use sqlx::AssertSqlSafe;
use sqlx::mysql::MySqlConnection;
use sqlx::postgres::PgConnection;

use crate::Environment;
use crate::database::{DatabaseError, DatabaseKind, DatabaseUrl, Reached, Session, Timed, reach};

/// A statement in which texts stand for marks, for whichever server runs it.
macro_rules! bound {
    ($sql:expr, $bound:expr) => {{
        let query = sqlx::query(AssertSqlSafe($sql)).persistent(false);
        $bound.iter().fold(query, |query, text| query.bind(*text))
    }};
}

/// A connection to a target.
pub(super) struct TargetConnection {
    pub(super) kind: DatabaseKind,
    pub(super) open: Open,
    pub(super) timed: Timed,
    /// As the server knows it, if there is one.
    session: Option<Session>,
}

pub(super) enum Open {
    Postgres(Reached, Box<PgConnection>),
    MySql(Reached, Box<MySqlConnection>),
    Sqlite(SqliteTarget),
}

/// A file, which is worked on by one thread after the other.
pub(super) struct SqliteTarget(Mutex<Option<ForeignTarget>>);

/// A row of texts.
pub(super) type Texts = Vec<Option<String>>;

impl TargetConnection {
    /// Connects.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(super) async fn open(
        url: &DatabaseUrl,
        layout: &Layout,
        environment: Environment,
        timed: Timed,
    ) -> Result<Self, DatabaseError> {
        url.refuse_of_store(layout).await?;
        let mut session = None;
        let open = match url.kind() {
            DatabaseKind::Postgres => {
                let reached = reach(url, layout, environment).await?;
                let mut connection = reached.postgres(&timed).await?;
                session = Some(Session::of_postgres(&mut connection, &reached, &timed).await?);
                Open::Postgres(reached, Box::new(connection))
            }
            DatabaseKind::MySql => {
                let reached = reach(url, layout, environment).await?;
                let mut connection = reached.mysql(&timed).await?;
                session = Some(Session::of_mysql(&mut connection, &reached, &timed).await?);
                // What does not fit is an error, and is not cut.
                let strict = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO'";
                let set = sqlx::raw_sql(strict).execute(&mut connection);
                timed.answer(&reached, set).await?;
                // A key without an index is joined by hashing: MySQL does so by itself, MariaDB when it is told to, which MySQL does not
                // understand.
                for hashed in [
                    "SET SESSION join_buffer_size = 67108864",
                    "SET SESSION join_cache_level = 8",
                ] {
                    let set = sqlx::raw_sql(hashed).execute(&mut connection);
                    match timed.answer(&reached, set).await {
                        Ok(_) | Err(DatabaseError::Query { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
                Open::MySql(reached, Box::new(connection))
            }
            DatabaseKind::Sqlite => {
                let path = url.path().unwrap_or_default();
                let opened = manifold_store::blocking(move || ForeignTarget::open(&path)).await?;
                Open::Sqlite(SqliteTarget(Mutex::new(Some(opened))))
            }
        };
        Ok(Self {
            kind: url.kind(),
            open,
            timed,
            session,
        })
    }

    /// Runs a statement in which `?` stand for texts, and returns how many rows it changed.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(super) async fn run(&mut self, sql: &str, bound: &[&str]) -> Result<u64, DatabaseError> {
        let sql = self.marked(sql);
        let timed = &self.timed;
        match &mut self.open {
            Open::Postgres(reached, connection) => {
                let done = bound!(sql, bound).execute(&mut **connection);
                Ok(timed.answer(reached, done).await?.rows_affected())
            }
            Open::MySql(reached, connection) if bound.is_empty() => {
                // Not every statement can be prepared.
                let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut **connection);
                Ok(timed.answer(reached, done).await?.rows_affected())
            }
            Open::MySql(reached, connection) => {
                let done = bound!(sql, bound).execute(&mut **connection);
                Ok(timed.answer(reached, done).await?.rows_affected())
            }
            Open::Sqlite(file) => {
                let bound = values(bound);
                file.work(timed, move |target| target.run(&sql, &bound))
                    .await
            }
        }
    }

    /// The rows of a statement whose columns are texts.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(super) async fn texts(
        &mut self,
        sql: &str,
        bound: &[&str],
    ) -> Result<Vec<Texts>, DatabaseError> {
        let sql = self.marked(sql);
        let timed = &self.timed;
        match &mut self.open {
            Open::Postgres(reached, connection) => {
                let found = bound!(sql, bound).fetch_all(&mut **connection);
                Ok(texts_of(&timed.answer(reached, found).await?))
            }
            Open::MySql(reached, connection) => {
                let found = bound!(sql, bound).fetch_all(&mut **connection);
                Ok(texts_of(&timed.answer(reached, found).await?))
            }
            Open::Sqlite(file) => {
                let bound = values(bound);
                let rows = file.work(timed, move |target| target.rows(&sql, &bound));
                let rows = rows.await?.into_iter();
                Ok(rows
                    .map(|row| row.into_iter().map(text).collect())
                    .collect())
            }
        }
    }

    /// A number that a statement gives as text.
    ///
    /// # Errors
    /// [`DatabaseError`].
    pub(super) async fn number(&mut self, sql: &str) -> Result<u64, DatabaseError> {
        let rows = self.texts(sql, &[]).await?;
        let text = rows
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next());
        Ok(text
            .flatten()
            .and_then(|text| text.parse().ok())
            .unwrap_or_default())
    }

    /// The statement with what the database has for `?`.
    fn marked(&self, sql: &str) -> String {
        if self.kind != DatabaseKind::Postgres || !sql.contains('?') {
            return sql.to_owned();
        }
        let (mut marked, mut number, mut quote) = (String::new(), 0, None);
        for letter in sql.chars() {
            match (letter, quote) {
                ('?', None) => {
                    number += 1;
                    marked.push_str(&format!("${number}"));
                    continue;
                }
                ('"' | '\'', None) => quote = Some(letter),
                (letter, Some(open)) if letter == open => quote = None,
                _ => {}
            }
            marked.push(letter);
        }
        marked
    }

    /// How something is written as text.
    pub(super) fn as_text(&self, expression: &str) -> String {
        match self.kind {
            DatabaseKind::Postgres => format!("({expression})::text"),
            DatabaseKind::MySql => format!("CAST({expression} AS CHAR)"),
            DatabaseKind::Sqlite => format!("CAST({expression} AS TEXT)"),
        }
    }

    /// Gives the connection up after an error of this code. Where an answer was not waited for, the server ends what it still does.
    pub(super) async fn give_up(self, code: &str) {
        if !matches!(code, "cancelled" | "database_timeout") {
            return;
        }
        let reached = match &self.open {
            Open::Postgres(reached, _) | Open::MySql(reached, _) => reached,
            Open::Sqlite(_) => return,
        };
        if let Some(session) = self.session {
            session.end(reached).await;
        }
    }

    /// Ends the connection in good order.
    pub(super) async fn close(self) {
        use sqlx::Connection as _;
        let patience = std::time::Duration::from_secs(5);
        match self.open {
            Open::Postgres(_, connection) => {
                drop(tokio::time::timeout(patience, connection.close()).await);
            }
            Open::MySql(_, connection) => {
                drop(tokio::time::timeout(patience, connection.close()).await);
            }
            Open::Sqlite(_) => {}
        }
    }
}

impl SqliteTarget {
    /// Works on the file, on a blocking thread.
    ///
    /// # Errors
    /// [`DatabaseError::Stopped`] when it is to stop before that; what the work fails with.
    pub(super) async fn work<T: Send + 'static>(
        &mut self,
        timed: &Timed,
        work: impl FnOnce(&ForeignTarget) -> Result<T, ForeignError> + Send + 'static,
    ) -> Result<T, DatabaseError> {
        if timed.cancel.is_cancelled() {
            return Err(DatabaseError::Stopped);
        }
        // It is away only while work goes on that nobody waits for any more.
        let held = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        let Some(target) = held.take() else {
            return Err(DatabaseError::Stopped);
        };
        let worked = manifold_store::blocking(move || {
            let worked = work(&target);
            (target, worked)
        });
        let (target, worked) = worked.await;
        self.0 = Mutex::new(Some(target));
        Ok(worked?)
    }
}

/// The rows of a server.
fn texts_of<R>(rows: &[R]) -> Vec<Texts>
where
    R: sqlx::Row,
    usize: sqlx::ColumnIndex<R>,
    for<'r> Option<String>: sqlx::Decode<'r, R::Database>,
{
    let text = |row: &R, index: usize| row.try_get_unchecked(index).unwrap_or_default();
    let rows = rows.iter();
    rows.map(|row| (0..row.len()).map(|index| text(row, index)).collect())
        .collect()
}

fn values(bound: &[&str]) -> Vec<ForeignValue> {
    let texts = bound.iter();
    texts
        .map(|text| ForeignValue::Text(text.as_bytes().to_vec()))
        .collect()
}

fn text(value: ForeignValue) -> Option<String> {
    match value {
        ForeignValue::Null => None,
        ForeignValue::Integer(number) => Some(number.to_string()),
        ForeignValue::Real(number) => Some(format!("{number:?}")),
        ForeignValue::Text(bytes) | ForeignValue::Blob(bytes) => {
            Some(String::from_utf8_lossy(&bytes).into_owned())
        }
    }
}
