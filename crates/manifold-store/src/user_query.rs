//! Users' SQL on a project: one SELECT in the sandbox, with snapshots by name and a word on odd cells.

mod answer;
mod column_types;
mod gather;
mod union;

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime};
use rusqlite::{Connection, OptionalExtension as _};

use crate::sandbox::{
    Finished, Parameters, QueryError, RowColumn, RowSink, Sandbox, SandboxOptions,
};
use crate::{DatabaseManager as _, ProjectDatabase, ProjectId, SqliteManager, StoreError, rows};

pub use self::union::{LeftOut, UnionColumn, UnionDone, UnionSink, WhyLeftOut};

/// A statement to run and its bounds.
#[derive(Debug, Clone)]
pub struct UserQuery {
    /// One SELECT. `"orders"` is the latest snapshot of that source, `"orders@3"` its third, and
    /// `"orders@2026-11-01"` the one that was the latest at the end of that day (UTC).
    pub sql: String,
    /// The values of its parameters.
    pub parameters: Parameters,
    /// The most rows to return.
    pub limit: Option<u64>,
    /// How long it may run.
    pub timeout: Option<Duration>,
}

/// How a query ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryDone {
    /// Counts, duration, and what was read.
    pub finished: Finished,
    /// Columns that the statement reads and that hold cells which are not of their column's type.
    pub odd_cells: Vec<OddCells>,
}

/// A column with cells that are not of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OddCells {
    /// The name of the source's view.
    pub view: String,
    /// The name of the column.
    pub column: String,
    /// The type of the column.
    pub column_type: String,
    /// How many cells of the latest snapshot are not of that type; they stand in it as text.
    pub count: i64,
}

/// Why a query failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UserQueryError {
    /// The project could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The statement was refused, stopped or failed.
    #[error(transparent)]
    Query(#[from] QueryError),
}

impl UserQueryError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Query(error) => match error {
                QueryError::NoStatement
                | QueryError::SeveralStatements { .. }
                | QueryError::NotSelect { .. } => "not_one_select",
                QueryError::Syntax { .. } => "sql_syntax",
                QueryError::UnknownTable { .. } => "unknown_table",
                QueryError::UnknownColumn { .. } => "unknown_column",
                QueryError::AmbiguousColumn { .. } => "ambiguous_column",
                QueryError::UnknownFunction { .. } => "unknown_function",
                QueryError::Denied { .. } => "denied",
                QueryError::TimedOut { .. } => "timed_out",
                QueryError::Cancelled => "cancelled",
                QueryError::TooBig(_) => "too_big",
                QueryError::Parameter(_) => "parameter",
                QueryError::Snapshot { .. } => "not_found",
                QueryError::Busy { .. } => "busy",
                QueryError::Corrupt { .. } => "corrupt",
                _ => "query",
            },
        }
    }
}

/// Runs users' SQL.
#[derive(Debug, Clone)]
pub struct UserQueries {
    manager: Arc<SqliteManager>,
}

impl UserQueries {
    /// Queries on the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// Runs one SELECT and gives its rows to `sink`, on a blocking thread. Setting `cancel` stops it.
    /// Returns the sink.
    ///
    /// # Errors
    /// [`UserQueryError`]; nothing is changed in any case.
    pub async fn run<S: RowSink + Send + 'static>(
        &self,
        project: &ProjectId,
        query: UserQuery,
        cancel: Arc<AtomicBool>,
        sink: S,
    ) -> Result<(QueryDone, S), UserQueryError> {
        let spoke = self.manager.project(project).await?;
        self.run_on(&spoke, query, cancel, sink).await
    }

    /// The recorded types of the columns of every source's latest snapshot, by where they are stored.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn column_types(
        &self,
        project: &ProjectId,
    ) -> Result<HashMap<RowColumn, String>, StoreError> {
        let spoke = self.manager.project(project).await?;
        let types = spoke.connection().lend_reader(column_types::column_types);
        Ok(types.await??)
    }

    async fn run_on<S: RowSink + Send + 'static>(
        &self,
        spoke: &ProjectDatabase,
        query: UserQuery,
        cancel: Arc<AtomicBool>,
        mut sink: S,
    ) -> Result<(QueryDone, S), UserQueryError> {
        let path = spoke.connection().file().path().to_owned();
        let options = SandboxOptions {
            timeout: query.timeout,
            cancel,
            access: self.manager.access(),
            ..SandboxOptions::default()
        };
        let hold = spoke.connection().meter().hold("a query");
        let running = tokio::task::spawn_blocking(move || {
            let _until_done = hold; // the query goes on when the future is dropped
            let mut sandbox = Sandbox::open(&path, options)?;
            let UserQuery {
                sql,
                parameters,
                limit,
                ..
            } = query;
            let finished = sandbox.run(&sql, &parameters, &snapshot_named, &mut sink, limit)?;
            Ok::<_, QueryError>((finished, sink))
        });
        let (finished, sink) = match running.await {
            Ok(result) => result?,
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        let touched = finished.touched.clone();
        let odd_cells = spoke
            .connection()
            .lend_reader(move |connection| odd_cells(connection, &touched))
            .await?;
        let odd_cells = odd_cells.map_err(StoreError::from)?;
        Ok((
            QueryDone {
                finished,
                odd_cells,
            },
            sink,
        ))
    }
}

/// The SELECT behind `orders@3`, `orders@latest` or `orders@2026-11-01`; `None` when no source's view has the
/// name before the `@`.
fn snapshot_named(
    connection: &Connection,
    name: &str,
) -> Result<Option<String>, Box<dyn Error + Send + Sync>> {
    let Some((view, version)) = name.rsplit_once('@') else {
        return Ok(None);
    };
    let source: Option<String> = connection
        .query_row(
            "SELECT id FROM data_sources WHERE view_name_fold = ?1",
            [crate::name::fold(view)],
            |row| row.get(0),
        )
        .optional()?;
    let Some(source) = source else {
        return Ok(None);
    };
    let found: Option<String> = if version == "latest" {
        let latest = "SELECT snapshot_id FROM published WHERE source_id = ?1";
        connection
            .query_row(latest, [&source], |row| row.get(0))
            .optional()?
    } else if let Ok(number) = version.parse::<i64>() {
        let numbered = "SELECT id FROM snapshots WHERE source_id = ?1 AND number = ?2";
        connection
            .query_row(numbered, (&source, number), |row| row.get(0))
            .optional()?
    } else if let Ok(day) = version.parse::<NaiveDate>() {
        let next = day
            .succ_opt()
            .unwrap_or(day)
            .and_time(NaiveTime::MIN)
            .and_utc();
        let before = "SELECT id FROM snapshots WHERE source_id = ?1 AND taken_at < ?2 ORDER BY seq DESC LIMIT 1";
        connection
            .query_row(before, (&source, next.to_rfc3339()), |row| row.get(0))
            .optional()?
    } else {
        return Err(format!(
            "`{version}` is no version: write a number, a date such as 2026-11-01, or latest"
        )
        .into());
    };
    match found {
        Some(id) => Ok(Some(rows::snapshot_query(&rows::snapshot(
            connection, &id,
        )?))),
        None => Err(format!(
            "there is no snapshot {version} of `{view}`; `manifold snapshot list` shows them"
        )
        .into()),
    }
}

fn odd_cells(connection: &Connection, touched: &[RowColumn]) -> rusqlite::Result<Vec<OddCells>> {
    let mut statement = connection.prepare_cached(
        "SELECT s.view_name, c.name, c.type, c.odd_cells FROM data_sources s \
         JOIN published p ON p.source_id = s.id \
         JOIN snapshot_columns c ON c.snapshot_id = p.snapshot_id AND c.phys = ?2 \
         WHERE s.row_table = ?1 AND c.odd_cells > 0",
    )?;
    let mut found = Vec::new();
    for RowColumn { table, column } in touched {
        let number = |name: &str, prefix: char| {
            name.strip_prefix(prefix)
                .and_then(|digits| digits.parse::<i64>().ok())
        };
        let (Some(table), Some(phys)) = (number(table, 'd'), number(column, 'c')) else {
            continue;
        };
        let odd = statement.query_row((table, phys), |row| {
            Ok(OddCells {
                view: row.get(0)?,
                column: row.get(1)?,
                column_type: row.get(2)?,
                count: row.get(3)?,
            })
        });
        found.extend(odd.optional()?);
    }
    Ok(found)
}
