//! Typed writes of one row: on this thread inside a transaction, with SeaORM's hooks as ever.

use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, DbBackend, DbErr, EntityTrait, IntoActiveModel,
    QueryTrait as _, Statement, TryIntoModel, UpdateMany,
};

use super::TypedConnection;
use super::insert_statement::{every_column, insert_statement};
use super::rows::{self, Rows};

type Model<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Model;

/// Inserts a row and reads it back.
pub(crate) async fn insert<A, C>(row: A, connection: &C) -> Result<Model<A>, DbErr>
where
    A: ActiveModelTrait + ActiveModelBehavior + Send,
    Model<A>: IntoActiveModel<A>,
    <A::Entity as EntityTrait>::ActiveModel: TryIntoModel<Model<A>>,
    C: TypedConnection,
{
    let row = A::before_save(row, connection, true).await?;
    let inserted = write::<A::Entity, C>(insert_statement(row), connection).await?;
    let Some(model) = inserted else {
        return Err(DbErr::RecordNotFound(
            "Failed to find inserted item".to_owned(),
        ));
    };
    A::after_save(model, connection, true).await
}

/// Updates a row by its key and reads it back.
pub(crate) async fn update<A, C>(row: A, connection: &C) -> Result<Model<A>, DbErr>
where
    A: ActiveModelTrait + ActiveModelBehavior + Send,
    Model<A>: IntoActiveModel<A>,
    <A::Entity as EntityTrait>::ActiveModel: TryIntoModel<Model<A>>,
    C: TypedConnection,
{
    let row = A::before_save(row, connection, false).await?;
    let update = A::Entity::update(row).validate()?;
    let model = if update.as_query().get_values().is_empty() {
        update.exec(connection).await? // nothing to change: SeaORM only reads
    } else {
        let mut query = update.into_query();
        query.returning(every_column::<A::Entity>());
        write::<A::Entity, C>(DbBackend::Sqlite.build(&query), connection)
            .await?
            .ok_or(DbErr::RecordNotUpdated)?
    };
    A::after_save(model, connection, false).await
}

/// Changes the one row that a guarded update means, if it is as its conditions say, and reads it back.
pub(crate) async fn update_one<E, C>(
    update: UpdateMany<E>,
    connection: &C,
) -> Result<Option<E::Model>, DbErr>
where
    E: EntityTrait<ActiveModel: TryIntoModel<<E as EntityTrait>::Model>>,
    E::Model: Send,
    C: TypedConnection,
{
    let mut query = update.into_query();
    query.returning(every_column::<E>());
    write::<E, C>(DbBackend::Sqlite.build(&query), connection).await
}

async fn write<E, C>(statement: Statement, connection: &C) -> Result<Option<E::Model>, DbErr>
where
    E: EntityTrait,
    E::ActiveModel: TryIntoModel<E::Model>,
    E::Model: Send,
    C: TypedConnection,
{
    let written = connection
        .write_short(&statement.sql, |short| rows::models::<E>(short, &statement))
        .await?;
    match written {
        Some(Rows::Read(models)) => Ok(models.into_iter().next()),
        Some(Rows::Unreadable) => Err(DbErr::Type(format!(
            "a row of {} came back with a value of another type",
            E::default().table_name()
        ))),
        Some(Rows::NotBegun) | None => E::find().from_raw_sql(statement).one(connection).await,
    }
}
