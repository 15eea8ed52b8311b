//! Where an import goes.

use std::sync::Arc;

use manifold_format::{Remembered, Typing};
use manifold_store::rows::{ImportOptions, Rename, Snapshot, latest};
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
    /// What is said about the columns; what is not said is as the source remembers it, or found.
    #[serde(default, skip_serializing_if = "Typing::is_empty")]
    pub typing: Typing,
    /// Stored columns that go on under other names. They are not remembered: the next snapshot has the new names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renames: Vec<Rename>,
}

/// A target as it was found.
pub(crate) struct FoundTarget {
    pub(crate) options: ImportOptions,
    pub(crate) latest: Option<Snapshot>,
    /// What is said about the columns, now or before.
    pub(crate) typing: Typing,
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
        options.renames.clone_from(&self.renames);
        options.key_columns = if self.key_columns.is_empty() {
            Rename::follow(&self.renames, &source.key_columns.0)
        } else {
            self.key_columns.clone()
        };
        let mut remembered = remembered_typing(source.typing)?;
        for rename in &self.renames {
            if let Some(to) = &rename.incoming {
                remembered.rename(&rename.stored, to);
            }
        }
        let typing = self.typing.or(&remembered);
        options.typing = (!typing.is_empty()).then(|| serde_json::json!(typing));
        // The same bytes read in another way are other rows, and what is said of them gives them other types.
        let made_so = |latest: &Snapshot| {
            made(&latest.dialect) && latest.dialect.get("typing") == options.typing.as_ref()
        };
        options.always = self.always || latest.as_ref().is_some_and(|latest| !made_so(latest));
        Ok(FoundTarget {
            options,
            latest,
            typing,
        })
    }
}

/// What a source remembers of its columns.
fn remembered_typing(typing: Option<Json>) -> Result<Typing, StoreError> {
    let Some(typing) = typing else {
        return Ok(Typing::default());
    };
    Typing::deserialize(typing).map_err(|error| {
        StoreError::Decode(format!(
            "what the source remembers of its columns is not understood: {error}; `manifold source update --no-typing` forgets it"
        ))
    })
}

/// Every token that a source of the project remembers to stand for NULL, and those in `asked`: of an input with several tables
/// it is known only when all of it was read which sources they go into.
pub(crate) async fn null_tokens(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    asked: &Typing,
) -> Result<Vec<String>, JobError> {
    let mut tokens = asked.tokens();
    for source in DataSources::new(manager.clone()).list(project).await? {
        tokens.extend(remembered_typing(source.typing)?.tokens());
    }
    tokens.sort_unstable();
    tokens.dedup();
    Ok(tokens)
}
