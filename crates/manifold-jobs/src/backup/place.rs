//! Where a backup is found.

use std::sync::Arc;

use entity_core::enums::BackupState;
use manifold_store::{Backups, SqliteManager};
use serde::{Deserialize, Serialize};

use super::{BackupError, Location};

/// How a backup is pointed at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BackupPlace {
    /// By its exact id, or a unique prefix of it.
    Id(String),
    /// By its folder, wherever that came from: a path, or an address.
    Folder(Location),
}

/// A backup that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundBackup {
    pub(crate) folder: Location,
    /// Its id, when the hub lists it.
    pub(crate) id: Option<String>,
}

impl BackupPlace {
    /// Finds the folder.
    ///
    /// # Errors
    /// [`BackupError::Incomplete`] for one that was never completed; the store's when the id points at none
    /// or several.
    pub(crate) async fn find(
        &self,
        manager: &Arc<SqliteManager>,
    ) -> Result<FoundBackup, BackupError> {
        match self {
            Self::Folder(folder) => Ok(FoundBackup {
                folder: folder.clone(),
                id: None,
            }),
            Self::Id(reference) => {
                let row = Backups::new(manager).find(reference).await?;
                if row.state != BackupState::Completed {
                    let reason = row.error.unwrap_or_else(|| format!("it is {}", row.state));
                    return Err(BackupError::Incomplete { id: row.id, reason });
                }
                Ok(FoundBackup {
                    folder: row.location.into(),
                    id: Some(row.id),
                })
            }
        }
    }
}
