//! What is needed to reach the places of backups, and to open those that are encrypted.

use std::sync::Arc;

use manifold_store::{Layout, Secrets};
use serde_json::json;

use super::key_ring::KeyRing;
use super::repository::{Folder, Remote, Repository};
use super::{BackupError, Location};
use crate::{Environment, JobContext};

/// Reaches places of backups with the credentials that this process has, and opens encrypted backups with the keys of a data
/// folder.
///
/// A credential is a variable of the process, such as `AWS_SECRET_ACCESS_KEY`, or a secret of the data folder with that
/// name. It is asked for when it is needed and kept nowhere.
#[derive(Debug, Clone)]
pub struct Places {
    layout: Layout,
    environment: Environment,
}

impl Places {
    /// What a data folder and a process reach.
    #[must_use]
    pub fn new(layout: &Layout, environment: Environment) -> Self {
        Self {
            layout: layout.clone(),
            environment,
        }
    }

    /// What a job reaches.
    #[must_use]
    pub fn of(context: &JobContext) -> Self {
        Self::new(context.manager().layout(), context.environment())
    }

    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The keys of the data folder.
    pub(super) fn keys(&self) -> KeyRing {
        KeyRing::new(self.layout.keys())
    }

    /// The files of a place. Nothing is asked of it yet. Blocks, within a runtime.
    pub(super) fn repository(&self, place: &Location) -> Result<Arc<dyn Repository>, BackupError> {
        Ok(match place {
            Location::Folder(folder) => Arc::new(Folder::new(folder.clone())),
            Location::Remote(address) => Arc::new(self.remote(address)?),
        })
    }

    /// As [`Self::repository`], for an address.
    pub(crate) fn remote(&self, address: &str) -> Result<Remote, BackupError> {
        let secrets = Secrets::new(&self.layout);
        let failed = |error: manifold_store::SecretsError| BackupError::Credentials {
            place: address.to_owned(),
            code: error.code(),
            reason: error.to_string(),
        };
        let whole = secrets
            .resolve(&json!({ "to": address }), |name| {
                self.environment.value(name)
            })
            .map_err(failed)?;
        let whole = whole.expose()["to"].as_str().unwrap_or_default();
        let kept = secrets.names().map_err(failed)?;
        Remote::open(address, whole, |name| {
            if let Some(value) = self.environment.value(name) {
                return Ok(Some(value));
            }
            if !kept.iter().any(|kept| kept == name) {
                return Ok(None);
            }
            let reference = json!({ (name): format!("${{secret:{name}}}") });
            let resolved = secrets.resolve(&reference, |_| None).map_err(failed)?;
            Ok(resolved.expose()[name].as_str().map(str::to_owned))
        })
    }

    /// The place that a backup is in, and the name of the backup there.
    pub(super) fn around(
        &self,
        backup: &Location,
    ) -> Result<(Arc<dyn Repository>, String), BackupError> {
        match backup.split() {
            Some((place, name)) => Ok((self.repository(&place)?, name)),
            None => Err(BackupError::NotABackup {
                path: backup.to_path(),
            }),
        }
    }
}
