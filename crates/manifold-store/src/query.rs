//! SeaORM's query types, tied to the kind of database their tables are stored in.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DbErr, DeleteMany, DeleteResult, EntityTrait, Insert,
    InsertMany, InsertManyResult, InsertResult, IntoActiveModel, PrimaryKeyTrait, Select,
    SelectTwo, SelectTwoMany, TryInsert, TryInsertResult, UpdateMany, UpdateResult,
    ValidatedDeleteOne,
};

use crate::inline::{self, Kept};
use crate::{Kind, StoredIn, TypedConnection};

/// A query whose tables are all stored in `K`.
pub trait Fetch<K: Kind>: Send {
    /// What one result is.
    type Row: Send;

    /// Every result.
    fn fetch_all<C: TypedConnection>(
        self,
        connection: &C,
    ) -> impl Future<Output = Result<Vec<Self::Row>, DbErr>> + Send;
}

/// A query of which one result can be asked for.
pub trait FetchOne<K: Kind>: Fetch<K> {
    /// The first result.
    fn fetch_one<C: TypedConnection>(
        self,
        connection: &C,
    ) -> impl Future<Output = Result<Option<Self::Row>, DbErr>> + Send;
}

impl<K: Kind, E: StoredIn<K>> Fetch<K> for Select<E> {
    type Row = E::Model;

    async fn fetch_all<C: TypedConnection>(self, connection: &C) -> Result<Vec<E::Model>, DbErr> {
        inline::all(self, connection).await
    }
}

impl<K: Kind, E: StoredIn<K>> FetchOne<K> for Select<E> {
    async fn fetch_one<C: TypedConnection>(
        self,
        connection: &C,
    ) -> Result<Option<E::Model>, DbErr> {
        inline::one(self, connection).await
    }
}

impl<K: Kind, E: StoredIn<K>> Fetch<K> for Kept<E> {
    type Row = E::Model;

    async fn fetch_all<C: TypedConnection>(self, connection: &C) -> Result<Vec<E::Model>, DbErr> {
        inline::all_kept(self, connection).await
    }
}

/// The query has a limit of its own.
impl<K: Kind, E: StoredIn<K>> FetchOne<K> for Kept<E> {
    async fn fetch_one<C: TypedConnection>(
        self,
        connection: &C,
    ) -> Result<Option<E::Model>, DbErr> {
        inline::one_kept(self, connection).await
    }
}

impl<K: Kind, E: StoredIn<K>, F: StoredIn<K>> Fetch<K> for SelectTwo<E, F> {
    type Row = (E::Model, Option<F::Model>);

    async fn fetch_all<C: TypedConnection>(self, connection: &C) -> Result<Vec<Self::Row>, DbErr> {
        self.all(connection).await
    }
}

impl<K: Kind, E: StoredIn<K>, F: StoredIn<K>> FetchOne<K> for SelectTwo<E, F> {
    async fn fetch_one<C: TypedConnection>(
        self,
        connection: &C,
    ) -> Result<Option<Self::Row>, DbErr> {
        self.one(connection).await
    }
}

impl<K: Kind, E: StoredIn<K>, F: StoredIn<K>> Fetch<K> for SelectTwoMany<E, F> {
    type Row = (E::Model, Vec<F::Model>);

    async fn fetch_all<C: TypedConnection>(self, connection: &C) -> Result<Vec<Self::Row>, DbErr> {
        self.all(connection).await
    }
}

/// A statement that changes a table stored in `K`.
pub trait Execute<K: Kind>: Send {
    /// What it reports.
    type Output: Send;

    /// Runs it.
    fn execute<C: ConnectionTrait>(
        self,
        connection: &C,
    ) -> impl Future<Output = Result<Self::Output, DbErr>> + Send;
}

impl<K: Kind, E: StoredIn<K>> Execute<K> for UpdateMany<E> {
    type Output = UpdateResult;

    async fn execute<C: ConnectionTrait>(self, connection: &C) -> Result<UpdateResult, DbErr> {
        self.exec(connection).await
    }
}

impl<K: Kind, E: StoredIn<K>> Execute<K> for DeleteMany<E> {
    type Output = DeleteResult;

    async fn execute<C: ConnectionTrait>(self, connection: &C) -> Result<DeleteResult, DbErr> {
        self.exec(connection).await
    }
}

/// `Entity::delete_by_id(..)`.
impl<K: Kind, E: StoredIn<K>> Execute<K> for ValidatedDeleteOne<E> {
    type Output = DeleteResult;

    async fn execute<C: ConnectionTrait>(self, connection: &C) -> Result<DeleteResult, DbErr> {
        self.exec(connection).await
    }
}

impl<K: Kind, A> Execute<K> for Insert<A>
where
    A: ActiveModelTrait + Send,
    A::Entity: StoredIn<K>,
    <<A::Entity as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType: Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    type Output = InsertResult<A>;

    async fn execute<C: ConnectionTrait>(self, connection: &C) -> Result<InsertResult<A>, DbErr> {
        self.exec(connection).await
    }
}

impl<K: Kind, A> Execute<K> for InsertMany<A>
where
    A: ActiveModelTrait + Send,
    A::Entity: StoredIn<K>,
    <<A::Entity as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType: Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    type Output = InsertManyResult<A>;

    async fn execute<C: ConnectionTrait>(
        self,
        connection: &C,
    ) -> Result<InsertManyResult<A>, DbErr> {
        self.exec(connection).await
    }
}

/// `INSERT .. ON CONFLICT DO NOTHING`.
impl<K: Kind, A> Execute<K> for TryInsert<A>
where
    A: ActiveModelTrait + Send,
    A::Entity: StoredIn<K>,
    <<A::Entity as EntityTrait>::PrimaryKey as PrimaryKeyTrait>::ValueType: Send,
    <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
{
    type Output = TryInsertResult<InsertResult<A>>;

    async fn execute<C: ConnectionTrait>(self, connection: &C) -> Result<Self::Output, DbErr> {
        self.exec(connection).await
    }
}
