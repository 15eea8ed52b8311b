//! Looks for what is wrong with a store. It reads only: nothing is made, migrated or repaired.

mod backups;
mod database_file;
mod files;
mod finding;
mod hub;
mod operations;
mod projection;
mod projects;
mod secrets;
mod spoke_file;

use std::sync::Arc;

use serde::Serialize;

pub use finding::{Finding, FindingClass, Severity};

use crate::{Access, Layout, SqliteManager, StoreError};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// Whether nothing of severity [`Severity::Error`] was found.
    pub ok: bool,
    /// What is wrong: errors first, then by class, project and path.
    pub findings: Vec<Finding>,
}

/// Looks for what is wrong with a store.
#[derive(Debug, Clone)]
pub struct Doctor {
    manager: Arc<SqliteManager>,
}

impl Doctor {
    /// For the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// Looks into the hub's file alone, before anything opens it: without a sound hub no store can be opened, and
    /// nothing else be looked at. Where there is no store yet nothing is found, and none is made.
    ///
    /// # Errors
    /// [`StoreError`] when no thread is left to look; what is wrong with the hub is a finding.
    pub async fn examine_hub(layout: &Layout, access: Access) -> Result<Examination, StoreError> {
        Ok(Examination::of(
            hub::examine(layout, access).await?.into_iter().collect(),
        ))
    }

    /// Compares the hub with the files and looks into every project's file. Other processes may use the store
    /// meanwhile. Files above 256 MB are not read through (a warning says so).
    ///
    /// Dropping the future ends it after the file it is at.
    ///
    /// # Errors
    /// [`StoreError`] when the hub or a folder cannot be read; what is wrong with a project is a finding.
    pub async fn examine(&self) -> Result<Examination, StoreError> {
        let manager = &self.manager;
        // The folders before the rows: a project's row exists before its file does.
        let folders = files::Folders::list(manager.layout())?;
        let rows = projects::rows(manager).await?;
        let mut findings = folders.examine(manager, &rows).await?;
        findings.extend(projects::examine(manager, &rows).await?);
        findings.extend(operations::examine(manager, &rows).await?);
        findings.extend(backups::examine(manager).await?);
        findings.extend(secrets::examine(manager.layout()));
        Ok(Examination::of(findings))
    }
}

impl Examination {
    fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort_unstable();
        findings.dedup();
        let ok = findings
            .iter()
            .all(|finding| finding.severity != Severity::Error);
        Self { ok, findings }
    }
}
