//! The rows that the arguments of an export mean.

use std::sync::Arc;

use manifold_jobs::export::ExportedRows;
use manifold_store::{DataSources, ProjectId, Projects, SnapshotDetails, Snapshots, SqliteManager};

use super::ExportArgs;
use crate::command_error::CommandError;
use crate::shapes::snapshot::SnapshotShape;
use crate::table::printable;

/// The rows that the arguments of an export mean.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) project_id: ProjectId,
    pub(super) rows: ExportedRows,
    /// For people: `planes@2`.
    pub(super) what: String,
}

impl Chosen {
    /// Finds them.
    ///
    /// # Errors
    /// [`CommandError::Usage`] when a snapshot is one of another source, or when changes would be counted from a newer one;
    /// others by meaning.
    pub(super) async fn of(
        store: &Arc<SqliteManager>,
        arguments: &ExportArgs,
    ) -> anyhow::Result<Self> {
        let project_id = Projects::id(&Projects::new(store).find(&arguments.project).await?)?;
        let Some(source) = &arguments.source else {
            let sql = arguments.sql.clone().unwrap_or_default();
            return Ok(Self {
                project_id,
                rows: ExportedRows::Query { sql },
                what: "the query".to_owned(),
            });
        };
        let wanted = arguments.snapshot.as_deref();
        let found = find(store, &project_id, source, wanted).await?;
        let snapshot_id = found.snapshot.id.parse()?;
        let number = found.snapshot.number;
        let mut what = printable(&SnapshotShape::from(found).reference());
        let rows = match &arguments.since {
            Some(since) => {
                let since = find(store, &project_id, source, Some(since)).await?;
                let since_id = since.snapshot.id.parse()?;
                let is_newer = since.snapshot.number > number;
                let since = printable(&SnapshotShape::from(since).reference());
                if is_newer {
                    let message =
                        format!("{since} is newer than {what}; --since takes an older snapshot");
                    return Err(CommandError::Usage { message }.into());
                }
                what = format!("what changed from {since} to {what}");
                ExportedRows::Changes {
                    since_id,
                    snapshot_id,
                }
            }
            None if arguments.original => ExportedRows::Original { snapshot_id },
            None => ExportedRows::Snapshot { snapshot_id },
        };
        Ok(Self {
            project_id,
            rows,
            what,
        })
    }
}

/// The snapshot that was named, or the latest of the source.
async fn find(
    store: &Arc<SqliteManager>,
    project: &ProjectId,
    source: &str,
    snapshot: Option<&str>,
) -> anyhow::Result<SnapshotDetails> {
    let source = DataSources::new(store.clone())
        .find(project, source)
        .await?;
    let latest = format!("{}@latest", source.id);
    let found = Snapshots::new(store.clone())
        .find(project, snapshot.unwrap_or(&latest))
        .await?;
    if found.source.id == source.id {
        return Ok(found);
    }
    let message = format!(
        "{} is no snapshot of the source {}",
        SnapshotShape::from(found).reference(),
        source.name
    );
    Err(CommandError::Usage { message }.into())
}
