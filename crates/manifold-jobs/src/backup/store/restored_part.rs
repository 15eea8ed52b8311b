//! What became of a project in the restore of a store.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::StorePart;
use crate::backup::BackupError;

/// What became of a project in the restore of a store, or would in a dry run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoredPart {
    /// The project's id.
    pub project_id: String,
    /// The name that it has now.
    pub name: String,
    /// The id of its own backup.
    pub backup_id: String,
    /// What became of it.
    pub fate: PartFate,
    /// Rows of all tables that were read back and compared.
    pub rows: i64,
    /// What was there before, as a database file. The last three of a project are kept.
    pub safety_copy: Option<PathBuf>,
    /// The stable name of why it was not restored.
    pub code: Option<String>,
    /// Why it was not restored. It is as it was before.
    pub reason: Option<String>,
}

/// What became of a project in the restore of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartFate {
    /// It was not there, and is now, with its id.
    Made,
    /// Its content was replaced.
    Replaced,
    /// It was as it had been saved already.
    Unchanged,
    /// It was not restored.
    Failed,
}

impl RestoredPart {
    pub(super) fn new(part: &StorePart, fate: PartFate, rows: i64) -> Self {
        Self {
            project_id: part.id.clone(),
            name: part.name.clone(),
            backup_id: part.backup_id.clone(),
            fate,
            rows,
            safety_copy: None,
            code: None,
            reason: None,
        }
    }

    pub(super) fn failed(part: &StorePart, error: &BackupError) -> Self {
        tracing::error!(project.id = %part.id, "project `{}` was not restored: {error}", part.name);
        Self {
            code: Some(error.code().to_owned()),
            reason: Some(error.to_string()),
            ..Self::new(part, PartFate::Failed, 0)
        }
    }
}
