//! Statements as sqlx runs them on a connection's own thread.

use sea_orm::{DbErr, ExecResult, QueryResult, RuntimeErr, Statement};
use sea_query_sqlx::SqlxValues;
use sqlx::query::Query;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Executor as _, Sqlite};

pub(crate) fn exec_error(error: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(error.into()))
}

pub(crate) fn query_error(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// The statement as sqlx runs it: prepared once per connection and kept.
pub(crate) fn prepared(statement: Statement) -> Query<'static, Sqlite, SqlxValues> {
    let values = statement
        .values
        .unwrap_or_else(|| sea_orm::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

pub(crate) async fn execute(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<ExecResult, DbErr> {
    prepared(statement)
        .execute(connection)
        .await
        .map(Into::into)
        .map_err(exec_error)
}

pub(crate) async fn script(
    connection: &mut SqliteConnection,
    sql: &str,
) -> Result<ExecResult, DbErr> {
    connection
        .execute(AssertSqlSafe(sql.to_owned()))
        .await
        .map(Into::into)
        .map_err(exec_error)
}

pub(crate) async fn one(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<Option<QueryResult>, DbErr> {
    Ok(prepared(statement)
        .fetch_optional(connection)
        .await
        .map_err(query_error)?
        .map(Into::into))
}

pub(crate) async fn all(
    connection: &mut SqliteConnection,
    statement: Statement,
) -> Result<Vec<QueryResult>, DbErr> {
    let rows = prepared(statement)
        .fetch_all(connection)
        .await
        .map_err(query_error)?;
    Ok(rows.into_iter().map(Into::into).collect())
}
