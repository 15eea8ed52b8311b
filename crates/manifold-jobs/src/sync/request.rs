//! What is to be synced, and how.

use entity_project::data_sources;
use manifold_store::{ProjectId, SourceId};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::{Deletes, MaxDeletes, OnConflict, SyncMode};
use crate::origin::Origin;

/// What is to be synced, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncRequest {
    /// The project.
    pub project_id: ProjectId,
    /// The source that is pulled.
    pub source_id: SourceId,
    /// What becomes of rows that come. `None`: all that there are replace the snapshot; of those that are new or have changed
    /// each replaces the row with its key, and without a key they are added.
    #[serde(default)]
    pub mode: Option<SyncMode>,
    /// What becomes of merged rows that do not come any more.
    #[serde(default)]
    pub deletes: Deletes,
    /// How many rows of the latest snapshot may be deleted.
    #[serde(default)]
    pub max_deletes: MaxDeletes,
    /// What becomes of merged rows that were changed here too.
    #[serde(default)]
    pub on_conflict: OnConflict,
    /// All rows are pulled, wherever the last pull ended.
    #[serde(default)]
    pub whole: bool,
}

impl SyncRequest {
    /// The mode, if it is said: what becomes of rows that do not come any more, or were changed here, is asked of merged ones
    /// only.
    pub(super) fn asked_mode(&self) -> Option<SyncMode> {
        let is_of_merge =
            self.deletes != Deletes::default() || self.on_conflict != OnConflict::default();
        self.mode.or(is_of_merge.then_some(SyncMode::Merge))
    }

    /// As the source says it, with the usual bound.
    #[must_use]
    pub fn new(project_id: ProjectId, source_id: SourceId) -> Self {
        Self {
            project_id,
            source_id,
            mode: None,
            deletes: Deletes::default(),
            max_deletes: MaxDeletes::default(),
            on_conflict: OnConflict::default(),
            whole: false,
        }
    }
}

/// Whether the config of a source of `project` says where its rows come from.
#[must_use]
pub fn can_sync(project: &ProjectId, source: &data_sources::Model) -> bool {
    matches!(Origin::of(project, source), Ok(Some(_)))
}

/// What tells where the rows of a source come from, as its type and its config say it: the cursor of one origin is nothing to
/// another one.
pub(super) fn origin_hash(source: &data_sources::Model) -> String {
    let mut config = source.config.clone();
    if let Json::Object(members) = &mut config {
        members.shift_remove("fetched");
        members.sort_keys();
    }
    let told = format!("{}\n{config}", source.r#type);
    format!("blake3:{}", blake3::hash(told.as_bytes()).to_hex())
}
