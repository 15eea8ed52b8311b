//! Transactions on a typed handle.

use rusqlite::Row;
use sea_orm::{UpdateMany, Value};

use crate::group_commit::{self, Carrier};
use crate::inline::{self, Kept, plain};
use crate::{Database, Durability, Kind, StoreError, StoredIn, Transaction};

impl<K: Kind> Database<K> {
    /// Begins a write transaction; what it commits is on the disk when [`Self::commit`] returns.
    /// It takes the file's write lock at once, waiting for other writers.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when the lock is not free in time, [`StoreError::SchemaMoved`] when another
    /// process migrated the file.
    pub async fn begin(&self) -> Result<Database<K, Transaction>, StoreError> {
        self.begin_with(Durability::Full).await
    }

    /// Begins a write transaction of the given durability.
    ///
    /// # Errors
    /// As [`Self::begin`].
    pub async fn begin_with(
        &self,
        durability: Durability,
    ) -> Result<Database<K, Transaction>, StoreError> {
        Ok(Database::over(self.connection.begin(durability).await?))
    }

    /// Runs `work` in a write transaction: committed when it returns `Ok`, undone when it fails or the future is
    /// dropped. What returned is on the disk.
    ///
    /// Callers that wait for the writer share one transaction and one press on the disk; each is a part of its own,
    /// undone alone. So `work` should await nothing but this database: the others wait for it. Work that must
    /// wait for something else belongs into [`Self::begin`], which is never shared.
    ///
    /// # Errors
    /// What `work` returns, and as [`Self::begin`]; [`StoreError::Busy`] when `work` takes more than 30 seconds while
    /// it shares a transaction.
    pub async fn write<T, E: From<StoreError>>(
        &self,
        work: impl AsyncFnOnce(&Database<K, Transaction>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.write_with(Durability::Full, work).await
    }

    /// Runs `work` as [`Self::write`] does, in a transaction of at least the given durability: one that is shared
    /// has the highest that one of its callers asked for.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub async fn write_with<T, E: From<StoreError>>(
        &self,
        durability: Durability,
        work: impl AsyncFnOnce(&Database<K, Transaction>) -> Result<T, E>,
    ) -> Result<T, E> {
        let share = self.connection.share(durability).await?.map(Database::over);
        let working = work(share.transaction());
        let done = match share.limit() {
            None => working.await?,
            Some(limit) => match tokio::time::timeout(limit, working).await {
                Ok(done) => done?,
                Err(_) => return Err(group_commit::too_slow().into()),
            },
        };
        share.keep().await?;
        Ok(done)
    }

    /// Runs `work` on one state of the database, whatever others write meanwhile.
    ///
    /// # Errors
    /// What `work` returns, and as [`Self::all`].
    pub async fn read<T, E: From<StoreError>>(
        &self,
        work: impl AsyncFnOnce(&Database<K, Transaction>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = Database::over(self.connection.begin_read().await?);
        let done = work(&transaction).await?;
        transaction.rollback().await?;
        Ok(done)
    }
}

impl<K: Kind> Carrier for Database<K, Transaction> {
    fn into_transaction(self) -> Transaction {
        self.connection
    }
}

impl<K: Kind> Database<K, Transaction> {
    /// Changes the one row that a guarded update means and returns it as it is then; `None` when no row is as the
    /// update's conditions say.
    pub(crate) async fn update_one<E: StoredIn<K>>(
        &self,
        update: UpdateMany<E>,
    ) -> Result<Option<E::Model>, StoreError>
    where
        E::Model: Send,
    {
        Ok(inline::update_one(update, &self.connection).await?)
    }

    /// Runs a statement whose text is written once, on this thread. Returns how many rows it changed.
    pub(crate) async fn change<E: StoredIn<K>>(&self, kept: Kept<E>) -> Result<usize, StoreError> {
        let statement = &kept.statement;
        let values = statement
            .values
            .as_ref()
            .map_or(&[][..], |values| &values.0);
        let run = |short: &rusqlite::Connection| plain::execute(short, &statement.sql, values);
        Ok(self.connection.run_short(&statement.sql, run).await?)
    }

    /// As [`Self::short`], for a statement that returns no row. Returns how many it changed.
    pub(crate) async fn run(
        &self,
        sql: &'static str,
        values: &[Value],
    ) -> Result<usize, StoreError> {
        let run = |short: &rusqlite::Connection| plain::execute(short, sql, values);
        Ok(self.connection.run_short(sql, run).await?)
    }

    /// Runs a short statement of this crate's own to its end, on this thread, and reads its rows. For a write
    /// transaction: nobody else can be in its way.
    pub(crate) async fn short<T: Send>(
        &self,
        sql: &'static str,
        values: &[Value],
        read: impl Fn(&Row<'_>) -> rusqlite::Result<T> + Send,
    ) -> Result<Vec<T>, StoreError> {
        let run = |short: &rusqlite::Connection| plain::rows(short, sql, values, read);
        Ok(self.connection.run_short(sql, run).await?)
    }

    /// Keeps what the transaction did.
    ///
    /// # Errors
    /// [`StoreError`] by meaning; the transaction is then rolled back.
    pub async fn commit(self) -> Result<(), StoreError> {
        Ok(self.connection.commit().await?)
    }

    /// Undoes what the transaction did, and waits until it is undone.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn rollback(self) -> Result<(), StoreError> {
        Ok(self.connection.rollback().await?)
    }
}
