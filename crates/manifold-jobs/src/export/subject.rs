//! What the catalogue of a project says about what is exported.

use std::collections::HashMap;
use std::sync::Arc;

use entity_project::{data_sources, relationships, snapshots};
use manifold_store::{
    DataSources, IdError, Relationships, Snapshots, SourceId, SqliteManager, StoreError,
};

use super::{ExportError, ExportRequest, ExportedRows};

/// What the catalogue of a project says about what is exported.
#[derive(Debug, Default)]
pub(super) struct Subject {
    /// The snapshot and its source; none for a query.
    pub(super) snapshot: Option<(data_sources::Model, snapshots::Model)>,
    /// The snapshot from which changes are counted.
    pub(super) since: Option<snapshots::Model>,
    /// How the source refers to others, and to itself.
    pub(super) references: Vec<relationships::Model>,
    /// The names of the sources that it refers to, by id.
    pub(super) names: HashMap<String, String>,
}

impl Subject {
    /// Reads it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when a snapshot is not there any more; [`ExportError::DifferentSources`],
    /// [`ExportError::SinceNewer`]; others by meaning.
    pub(super) async fn of(
        manager: &Arc<SqliteManager>,
        request: &ExportRequest,
    ) -> Result<Self, ExportError> {
        let project = &request.project_id;
        let Some(snapshot) = request.rows.snapshot_id() else {
            return Ok(Self::default());
        };
        let snapshots = Snapshots::new(manager.clone());
        let found = snapshots.find(project, snapshot.as_str()).await?;
        let (source, snapshot) = (found.source, found.snapshot);
        let mut since = None;
        if let ExportedRows::Changes { since_id, .. } = &request.rows {
            let before = snapshots.find(project, since_id.as_str()).await?;
            let name = |number: i64| format!("{}@{number}", source.name);
            if before.source.id != source.id {
                return Err(ExportError::DifferentSources {
                    since: format!("{}@{}", before.source.name, before.snapshot.number),
                    snapshot: name(snapshot.number),
                });
            }
            if before.snapshot.number > snapshot.number {
                return Err(ExportError::SinceNewer {
                    since: name(before.snapshot.number),
                    snapshot: name(snapshot.number),
                });
            }
            since = Some(before.snapshot);
        }
        let id = source.id.parse::<SourceId>();
        let id = id.map_err(|error: IdError| StoreError::Decode(error.to_string()))?;
        let mut references = Relationships::new(manager.clone())
            .list(project, Some(&id))
            .await?;
        references.retain(|reference| reference.from_source_id == source.id);
        let mut names = HashMap::new();
        if !references.is_empty() {
            let sources = DataSources::new(manager.clone()).list(project).await?;
            names.extend(sources.into_iter().map(|source| (source.id, source.name)));
        }
        Ok(Self {
            snapshot: Some((source, snapshot)),
            since,
            references,
            names,
        })
    }

    /// What the table of a database is called.
    pub(super) fn table_name(&self) -> &str {
        match &self.snapshot {
            Some((source, _)) => &source.view_name,
            None => "query",
        }
    }
}
