//! Looks for what is wrong with a store, which only reads, and repairs it, which loses nothing.

mod adopt;
mod backups;
mod cure;
pub(crate) mod database_file;
mod databases;
mod files;
mod finding;
mod hub;
mod hub_rebuild;
mod logs;
mod long_reads;
mod missing;
mod operations;
mod orphan;
mod projection;
mod projects;
mod repair;
mod schedules;
mod secrets;
pub(crate) mod spoke_file;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

pub use databases::DatabaseState;
pub use finding::{Finding, FindingClass, Severity};

use crate::{Access, Layout, SqliteManager, StoreError};

/// A repair may bring to light what it can repair then, such as the place of a file that was set aside.
const ROUNDS: usize = 4;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Examination {
    /// Whether nothing of severity [`Severity::Error`] was found, but for what was repaired.
    pub ok: bool,
    /// What is wrong: errors first, then by class, project and path.
    pub findings: Vec<Finding>,
}

/// Looks for what is wrong with a store.
#[derive(Debug, Clone)]
pub struct Doctor {
    manager: Arc<SqliteManager>,
    long_read: Duration,
}

impl Doctor {
    /// For the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
            long_read: long_reads::LONG,
        }
    }

    /// Calls a read long that goes on for so long, instead of a minute. One of less than a second may go unseen.
    #[must_use]
    pub fn long_after(self, long_read: Duration) -> Self {
        Self { long_read, ..self }
    }

    /// The files of the hub and of every project in use, and who has them open: the hub first, then by name.
    ///
    /// # Errors
    /// [`StoreError`] when the hub cannot be read.
    pub async fn databases(&self) -> Result<Vec<DatabaseState>, StoreError> {
        databases::list(&self.manager).await
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

    /// Rebuilds a hub that is missing or damaged: from the newest copy of it that is sound, or else an empty one. A
    /// damaged one goes into the quarantine. [`Doctor::repair`] then shows what the projects' files hold.
    ///
    /// # Errors
    /// [`StoreError::Busy`] when another process uses the folder; others by meaning. The hub is then as it was, or
    /// missing; this can be repeated.
    pub async fn repair_hub(layout: &Layout) -> Result<Examination, StoreError> {
        let Some(found) = hub::examine(layout, Access::ReadWrite).await? else {
            return Ok(Examination::of(Vec::new()));
        };
        if !found.is_curable() {
            return Ok(Examination::of(vec![found]));
        }
        hub_rebuild::rebuild(layout).await?;
        Ok(Examination::of(vec![Finding {
            repaired: true,
            ..found
        }]))
    }

    /// Examines the store and does what can be done about each finding without losing anything. What was repaired
    /// and what is left is told; one whose repair failed says why.
    ///
    /// A crash leaves some of it done; this can be repeated.
    ///
    /// # Errors
    /// As [`Doctor::examine`].
    pub async fn repair(&self) -> Result<Examination, StoreError> {
        let mut tried: Vec<Finding> = Vec::new();
        let mut failed: Vec<(Finding, StoreError)> = Vec::new();
        for _ in 0..ROUNDS {
            let found = self.examine().await?.findings;
            let known = tried.len();
            failed.clear();
            for finding in found {
                let Some(cure) = &finding.cure else { continue };
                if tried.contains(&finding) {
                    continue; // it did not help
                }
                match repair::cure(&self.manager, cure).await {
                    Ok(()) => tried.push(finding),
                    Err(error) => failed.push((finding, error)),
                }
            }
            if tried.len() == known {
                break;
            }
        }
        let mut findings = self.examine().await?.findings;
        for finding in &mut findings {
            if let Some((_, error)) = failed.iter().find(|(known, _)| known.is_about(finding)) {
                finding.repair = format!("{}; it was not done: {error}", finding.repair);
            }
        }
        tried.retain(|finding| !findings.iter().any(|left| left.is_about(finding)));
        findings.extend(tried.into_iter().map(|finding| Finding {
            repaired: true,
            ..finding
        }));
        Ok(Examination::of(findings))
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
        findings.extend(schedules::examine(manager, &rows).await?);
        findings.extend(secrets::examine(manager.layout()));
        let databases = self.databases().await?;
        findings.extend(long_reads::examine(&databases, self.long_read));
        findings.extend(logs::examine(&databases));
        Ok(Examination::of(findings))
    }
}

impl Examination {
    fn of(mut findings: Vec<Finding>) -> Self {
        findings.sort_unstable();
        findings.dedup();
        let ok = findings
            .iter()
            .all(|finding| finding.repaired || finding.severity != Severity::Error);
        Self { ok, findings }
    }
}
