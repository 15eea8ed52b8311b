//! Typed reads: on this thread while they are short.

use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, EntityTrait, QuerySelect as _, QueryTrait as _, Select,
    Statement, TryIntoModel,
};

use super::TypedConnection;
use super::kept::Kept;
use super::rows::{self, Rows};

/// Every model of a query.
pub(crate) async fn all<E, C>(query: Select<E>, connection: &C) -> Result<Vec<E::Model>, DbErr>
where
    E: EntityTrait,
    E::ActiveModel: TryIntoModel<E::Model>,
    E::Model: Send,
    C: TypedConnection,
{
    all_of::<E, C>(query.build(DbBackend::Sqlite), connection).await
}

/// As [`all`].
pub(crate) async fn all_kept<E, C>(query: Kept<E>, connection: &C) -> Result<Vec<E::Model>, DbErr>
where
    E: EntityTrait,
    E::ActiveModel: TryIntoModel<E::Model>,
    E::Model: Send,
    C: TypedConnection,
{
    all_of::<E, C>(query.statement, connection).await
}

async fn all_of<E, C>(statement: Statement, connection: &C) -> Result<Vec<E::Model>, DbErr>
where
    E: EntityTrait,
    E::ActiveModel: TryIntoModel<E::Model>,
    E::Model: Send,
    C: TypedConnection,
{
    if let Some(models) = models::<E, C>(&statement, connection).await? {
        return Ok(models);
    }
    E::find().from_raw_sql(statement).all(connection).await
}

/// The first model of a query.
pub(crate) async fn one<E, C>(query: Select<E>, connection: &C) -> Result<Option<E::Model>, DbErr>
where
    E: EntityTrait,
    E::ActiveModel: TryIntoModel<E::Model>,
    E::Model: Send,
    C: TypedConnection,
{
    one_of::<E, C>(query.limit(1).build(DbBackend::Sqlite), connection).await
}

/// As [`one`]; the query has a limit of its own.
pub(crate) async fn one_kept<E, C>(
    query: Kept<E>,
    connection: &C,
) -> Result<Option<E::Model>, DbErr>
where
    E: EntityTrait,
    E::ActiveModel: TryIntoModel<E::Model>,
    E::Model: Send,
    C: TypedConnection,
{
    one_of::<E, C>(query.statement, connection).await
}

async fn one_of<E, C>(statement: Statement, connection: &C) -> Result<Option<E::Model>, DbErr>
where
    E: EntityTrait,
    E::ActiveModel: TryIntoModel<E::Model>,
    E::Model: Send,
    C: TypedConnection,
{
    if let Some(models) = models::<E, C>(&statement, connection).await? {
        return Ok(models.into_iter().next());
    }
    E::find().from_raw_sql(statement).one(connection).await
}

/// How many rows a query has, by the statement with which SeaORM's paginator counts.
pub(crate) async fn count<E, C>(query: Select<E>, connection: &C) -> Result<u64, DbErr>
where
    E: EntityTrait,
    C: TypedConnection,
{
    let mut rows = query.into_query();
    rows.reset_limit().reset_offset().clear_order_by();
    let counting = Query::select()
        .expr(Expr::cust("COUNT(*) AS num_items"))
        .from_subquery(rows, "sub_query")
        .take();
    let statement = DbBackend::Sqlite.build(&counting);
    let counted = connection
        .read_short(&statement.sql, |short| {
            let whole = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0).ok();
            match rows::run(short, &statement, |_| true, whole) {
                Ok(Rows::Read(counts)) => counts.first().copied(),
                _ => None,
            }
        })
        .await?;
    let counted = match counted {
        Some(counted) => counted,
        None => slow_count(statement, connection).await?,
    };
    Ok(counted.unsigned_abs())
}

async fn slow_count<C: ConnectionTrait>(
    statement: Statement,
    connection: &C,
) -> Result<i64, DbErr> {
    match connection.query_one_raw(statement).await? {
        Some(row) => row.try_get("", "num_items"),
        None => Ok(0),
    }
}

/// The models of a statement; `None` when it must run on the connection's thread.
async fn models<E, C>(statement: &Statement, connection: &C) -> Result<Option<Vec<E::Model>>, DbErr>
where
    E: EntityTrait,
    E::ActiveModel: TryIntoModel<E::Model>,
    E::Model: Send,
    C: TypedConnection,
{
    connection
        .read_short(&statement.sql, |short| {
            match rows::models::<E>(short, statement) {
                Ok(Rows::Read(models)) => Some(models),
                _ => None,
            }
        })
        .await
}
