//! A typed handle on a database: it takes queries, and only those of entities stored in it.

mod transactions;

use std::fmt;
use std::marker::PhantomData;

use futures_util::{Stream, StreamExt as _, TryStreamExt as _};
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, DeleteResult, EntityLoaderTrait, EntityTrait,
    FromQueryResult, IntoActiveModel, ModelTrait, QuerySelect as _, Related, Select, StreamTrait,
};

use crate::{
    Connection, Core, Execute, Fetch, FetchOne, Kind, Project, StoreError, StoredIn, Transaction,
    TypedConnection, inline,
};

/// A database of kind `K`, reached through a connection or a transaction `C`.
///
/// It does not implement SeaORM's `ConnectionTrait`: that trait accepts every entity, so
/// `Entity::find().all(&database)` does not compile. Instead the handle takes the query, whose type
/// still knows its entity:
///
/// ```
/// # async fn example(hub: &manifold_store::CoreDatabase) -> Result<(), manifold_store::StoreError> {
/// use entity_core::projects;
/// use sea_orm::EntityTrait as _;
///
/// let projects = hub.all(projects::Entity::find()).await?;
/// # Ok(())
/// # }
/// ```
///
/// An entity of the other kind is refused by the compiler:
///
/// ```compile_fail,E0277
/// # async fn example(hub: &manifold_store::CoreDatabase) -> Result<(), manifold_store::StoreError> {
/// use entity_project::snapshots;
/// use sea_orm::EntityTrait as _;
///
/// hub.all(snapshots::Entity::find()).await?; // `snapshots::Entity` is not stored in the `Core` database
/// # Ok(())
/// # }
/// ```
pub struct Database<K, C = Connection> {
    connection: C,
    kind: PhantomData<fn() -> K>,
}

/// The hub.
pub type CoreDatabase = Database<Core>;
/// A transaction on the hub.
pub type CoreTransaction = Database<Core, Transaction>;
/// A spoke, with its lease.
pub type ProjectDatabase = Database<Project>;
/// A transaction on a spoke.
pub type ProjectTransaction = Database<Project, Transaction>;

impl<K, C: Clone> Clone for Database<K, C> {
    fn clone(&self) -> Self {
        Self {
            connection: self.connection.clone(),
            kind: PhantomData,
        }
    }
}

impl<K: Kind, C> fmt::Debug for Database<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database<{}>", K::NAME)
    }
}

impl<K: Kind, C: TypedConnection> Database<K, C> {
    pub(crate) fn over(connection: C) -> Self {
        Self {
            connection,
            kind: PhantomData,
        }
    }

    /// Every result of a query.
    ///
    /// # Errors
    /// [`StoreError`] by meaning: busy, corrupt, full, ...
    pub async fn all<Q: Fetch<K>>(&self, query: Q) -> Result<Vec<Q::Row>, StoreError> {
        Ok(query.fetch_all(&self.connection).await?)
    }

    /// The first result of a query, if there is one.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub async fn one<Q: FetchOne<K>>(&self, query: Q) -> Result<Option<Q::Row>, StoreError> {
        Ok(query.fetch_one(&self.connection).await?)
    }

    /// Runs a statement that changes rows.
    ///
    /// # Errors
    /// As [`Self::all`], and [`StoreError::Unique`], [`StoreError::Check`], [`StoreError::ForeignKey`].
    pub async fn exec<X: Execute<K>>(&self, statement: X) -> Result<X::Output, StoreError> {
        Ok(statement.execute(&self.connection).await?)
    }

    /// Every result of a query as another shape: chosen columns, aggregates.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub async fn all_as<M: FromQueryResult + Send + Sync, E: StoredIn<K>>(
        &self,
        query: Select<E>,
    ) -> Result<Vec<M>, StoreError> {
        Ok(query.into_model::<M>().all(&self.connection).await?)
    }

    /// How many rows a query has.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub async fn count<E: StoredIn<K>>(&self, query: Select<E>) -> Result<u64, StoreError>
    where
        E::Model: Send + Sync,
    {
        Ok(inline::count(query, &self.connection).await?)
    }

    /// The rows from `offset` on, at most `limit`.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub async fn page<E: StoredIn<K>>(
        &self,
        query: Select<E>,
        offset: u64,
        limit: u64,
    ) -> Result<Vec<E::Model>, StoreError> {
        let page = query.offset(offset).limit(limit);
        Ok(inline::all(page, &self.connection).await?)
    }

    /// Models with the related ones asked for, each relation in one further query.
    ///
    /// # Errors
    /// As [`Self::all`].
    pub async fn load<E, L>(&self, loader: L) -> Result<Vec<L::ModelEx>, StoreError>
    where
        E: StoredIn<K>,
        L: EntityLoaderTrait<E> + Send,
        L::ModelEx: Send,
    {
        const WHOLE: u64 = i64::MAX as u64;
        Ok(loader.fetch(&self.connection, 0, WHOLE).await?)
    }

    /// The models of a query, each with the `related` ones that belong to it: two queries, however many parents.
    /// Cheaper than [`Self::load`], which can nest.
    ///
    /// ```
    /// # async fn example(spoke: &manifold_store::ProjectDatabase) -> Result<(), manifold_store::StoreError> {
    /// use entity_project::{data_sources, snapshots};
    /// use sea_orm::EntityTrait as _;
    ///
    /// for (source, snapshots) in spoke
    ///     .load_many(data_sources::Entity::find(), snapshots::Entity::find())
    ///     .await?
    /// {
    ///     assert!(snapshots.iter().all(|snapshot| snapshot.source_id == source.id));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Self::all`].
    pub async fn load_many<E, R>(
        &self,
        parents: Select<E>,
        related: Select<R>,
    ) -> Result<Vec<(E::Model, Vec<R::Model>)>, StoreError>
    where
        E: StoredIn<K> + Related<R>,
        R: StoredIn<K>,
        E::Model: Send + Sync,
        R::Model: Send + Sync,
    {
        Ok(inline::load_many(parents, related, &self.connection).await?)
    }

    /// Inserts a row and returns it as stored.
    ///
    /// # Errors
    /// As [`Self::exec`].
    pub async fn insert<A>(&self, row: A) -> Result<<A::Entity as EntityTrait>::Model, StoreError>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        A::Entity: StoredIn<K>,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        Ok(inline::insert(row, &self.connection).await?)
    }

    /// Updates a row by its key and returns it as stored.
    ///
    /// # Errors
    /// As [`Self::exec`]; [`StoreError::Database`] when no row has that key.
    pub async fn update<A>(&self, row: A) -> Result<<A::Entity as EntityTrait>::Model, StoreError>
    where
        A: ActiveModelTrait + ActiveModelBehavior + Send,
        A::Entity: StoredIn<K>,
        <A::Entity as EntityTrait>::Model: IntoActiveModel<A>,
    {
        Ok(inline::update(row, &self.connection).await?)
    }

    /// Deletes a row by its key.
    ///
    /// # Errors
    /// As [`Self::exec`].
    pub async fn delete<M>(&self, row: M) -> Result<DeleteResult, StoreError>
    where
        M: ModelTrait + IntoActiveModel<<M::Entity as EntityTrait>::ActiveModel>,
        M::Entity: StoredIn<K>,
        <M::Entity as EntityTrait>::ActiveModel: ActiveModelBehavior + Send,
    {
        Ok(row.delete(&self.connection).await?)
    }

    /// The connection itself, for this crate's own SQL.
    pub(crate) fn connection(&self) -> &C {
        &self.connection
    }

    /// The connection itself, without the check that an entity is stored here.
    #[doc(hidden)]
    pub fn unchecked(&self) -> &C {
        &self.connection
    }
}

impl<K: Kind, C: TypedConnection + StreamTrait> Database<K, C> {
    /// The rows of a query as they come; the stream holds a connection until it ends or is dropped. One that is not
    /// asked for a row for 30 seconds gives its connection back, and the handle its lease, unless something else was
    /// done with it meanwhile; a transaction's gives nothing back, for that holds its own.
    ///
    /// # Errors
    /// As [`Self::all`], here and with each row; [`StoreError::StreamStalled`] when it was left for too long.
    pub async fn stream<'a, E: StoredIn<K> + 'a>(
        &'a self,
        query: Select<E>,
    ) -> Result<impl Stream<Item = Result<E::Model, StoreError>> + Send + 'a, StoreError>
    where
        E::Model: 'a,
    {
        Ok(query
            .stream(&self.connection)
            .await?
            .map_err(StoreError::from)
            .boxed())
    }
}
