//! The trait that routes to the right database.

use async_trait::async_trait;

use crate::{CoreDatabase, DatabaseId, Frozen, ProjectDatabase, ProjectId, Staged, StoreError};

/// Routes typed queries to the right database; it never queries itself. Object safe: shared as
/// `Arc<dyn DatabaseManager>`.
#[async_trait]
pub trait DatabaseManager: Send + Sync {
    /// The hub.
    fn core(&self) -> &CoreDatabase;

    /// A project's spoke: opened and checked (and migrated, when it is older) if it is not open yet, and
    /// kept open while the returned handle exists.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Gone`], [`StoreError::NotOurs`], [`StoreError::WrongProject`],
    /// [`StoreError::NewerSchema`], [`StoreError::Corrupt`] for its file; [`StoreError::Busy`] when all places
    /// for open spokes are taken for too long.
    async fn project(&self, id: &ProjectId) -> Result<ProjectDatabase, StoreError>;

    /// Several spokes at once, in the order asked for; all or none.
    ///
    /// # Errors
    /// As [`Self::project`], and [`StoreError::TooManyProjects`].
    async fn projects(&self, ids: &[ProjectId]) -> Result<Vec<ProjectDatabase>, StoreError>;

    /// Holds one consistent state of a database, for backup and export, whatever others write meanwhile.
    ///
    /// # Errors
    /// As [`Self::project`].
    async fn freeze(&self, which: DatabaseId) -> Result<Frozen, StoreError>;

    /// Puts the content of `staged` in the place of a project; see [`Restores::in_place`](crate::Restores).
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Busy`] naming the holder; others by meaning. The project is
    /// then as it was.
    async fn replace(&self, id: &ProjectId, staged: Staged) -> Result<(), StoreError>;
}
