//! Where an import goes.

use std::sync::Arc;

use manifold_format::Remembered;
use manifold_store::rows::{ImportOptions, Snapshot, latest};
use manifold_store::{
    DataSources, IdError, ImportSource, ProjectId, RowLog, SnapshotId, SourceId, SqliteManager,
    StoreError, Timestamp, refusal_if_disabled,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::JobError;

/// Where an import goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportTarget {
    /// The project.
    pub project_id: ProjectId,
    /// The source.
    #[serde(flatten)]
    pub source: ImportSource,
    /// The columns that together identify a row; a source that is made keeps them. Empty: those of the source,
    /// if it has any, else rows are identified by their content.
    #[serde(default)]
    pub key_columns: Vec<String>,
    /// Make a snapshot even if the file is the one of the latest snapshot.
    #[serde(default)]
    pub always: bool,
}

/// A target as it was found.
pub(crate) struct FoundTarget {
    pub(crate) options: ImportOptions,
    pub(crate) latest: Option<Snapshot>,
}

impl FoundTarget {
    /// How the latest file was read.
    pub(crate) fn remembered(&self) -> Option<Remembered> {
        super::remembered(&self.latest.as_ref()?.dialect)
    }
}

impl ImportTarget {
    /// The source, if it exists.
    pub(crate) async fn source_id(
        &self,
        manager: &Arc<SqliteManager>,
    ) -> Result<Option<SourceId>, JobError> {
        let name = match &self.source {
            ImportSource::Id(id) => return Ok(Some(id.clone())),
            ImportSource::Named(name) => name,
        };
        let sources = DataSources::new(manager.clone());
        let found = sources.named(&self.project_id, name).await?;
        let id = found.map(|found| found.id.parse()).transpose();
        id.map_err(|error: IdError| StoreError::Decode(error.to_string()).into())
    }

    /// Looks at `source`, into which a file goes; `made` says of a recorded dialect whether a file is read so.
    pub(crate) async fn find(
        &self,
        manager: &Arc<SqliteManager>,
        source: &SourceId,
        made: impl Fn(&Json) -> bool,
    ) -> Result<FoundTarget, JobError> {
        let sources = DataSources::new(manager.clone());
        let source = sources.find(&self.project_id, source.as_str()).await?;
        if let Some(refusal) = refusal_if_disabled(&source) {
            return Err(refusal.into());
        }
        let id = source.id.clone();
        let latest = RowLog::new(manager)
            .read(&self.project_id, move |connection| latest(connection, &id))
            .await?;
        let mut options = ImportOptions::new(SnapshotId::new(), Timestamp::now());
        options.key_columns = if self.key_columns.is_empty() {
            source.key_columns.0
        } else {
            self.key_columns.clone()
        };
        // The same bytes read in another way are other rows.
        options.always =
            self.always || latest.as_ref().is_some_and(|latest| !made(&latest.dialect));
        Ok(FoundTarget { options, latest })
    }
}
