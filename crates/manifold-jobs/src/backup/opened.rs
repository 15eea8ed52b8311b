//! A backup of either kind, as it is found.

use manifold_store::BackupTotals;

use super::{BackupError, BackupSource, Location, Places, StoreSource};

/// A complete backup of a project, or of a whole store.
#[derive(Debug)]
pub enum Opened {
    /// Of a project.
    Project(Box<BackupSource>),
    /// Of the whole store.
    Store(Box<StoreSource>),
}

impl Opened {
    /// Reads the manifest of a backup anywhere, whatever it is of. Blocks, within a runtime.
    ///
    /// # Errors
    /// As [`BackupSource::open_in`].
    pub fn open_in(places: &Places, backup: &Location) -> Result<Self, BackupError> {
        match BackupSource::open_in(places, backup) {
            Ok(source) => Ok(Self::Project(Box::new(source))),
            Err(BackupError::WholeStore { .. }) => {
                Ok(Self::Store(Box::new(StoreSource::open_in(places, backup)?)))
            }
            Err(error) => Err(error),
        }
    }

    /// The backup's id.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Project(source) => &source.manifest().id,
            Self::Store(source) => &source.manifest().id,
        }
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        match self {
            Self::Project(source) => source.location(),
            Self::Store(source) => source.location(),
        }
    }

    /// What the hub keeps of it.
    #[must_use]
    pub fn totals(&self) -> BackupTotals {
        match self {
            Self::Project(source) => source.manifest().totals(),
            Self::Store(source) => source.manifest().totals(),
        }
    }
}
