//! The two kinds of database, and which entity is stored in which.

use sea_orm::{EntityTrait, TryIntoModel};
use sea_orm_migration::MigratorTrait;

pub(crate) mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Core {}
    impl Sealed for super::Project {}
}

/// A kind of database: the hub ([`Core`]) or a spoke ([`Project`]). Sealed.
pub trait Kind: sealed::Sealed + Send + Sync + 'static {
    /// The word for it in messages.
    const NAME: &'static str;
    /// `user_version` of a database whose schema is up to date: how many migrations there are.
    const VERSION: u32;
    /// Its migrations, so that a hub migration cannot be run on a spoke.
    type Migrator: MigratorTrait;
}

/// The hub, `core.db`.
#[derive(Debug, Clone, Copy)]
pub enum Core {}

/// A spoke, `projects/{file}.db`.
#[derive(Debug, Clone, Copy)]
pub enum Project {}

impl Kind for Core {
    const NAME: &'static str = "hub";
    const VERSION: u32 = migration_core::VERSION;
    type Migrator = migration_core::Migrator;
}

impl Kind for Project {
    const NAME: &'static str = "project";
    const VERSION: u32 = migration_project::VERSION;
    type Migrator = migration_project::Migrator;
}

/// An entity whose table is in databases of kind `K`.
///
/// Implemented for every entity that `cargo xtask generate-entities` emits: hub entities implement
/// [`entity_core::CoreEntity`], spoke entities [`entity_project::ProjectEntity`].
pub trait StoredIn<K: Kind>:
    EntityTrait<ActiveModel: TryIntoModel<<Self as EntityTrait>::Model>>
{
}

impl<E> StoredIn<Core> for E
where
    E: entity_core::CoreEntity,
    E::ActiveModel: TryIntoModel<E::Model>,
{
}
impl<E> StoredIn<Project> for E
where
    E: entity_project::ProjectEntity,
    E::ActiveModel: TryIntoModel<E::Model>,
{
}
