//! What backups left whose process died.

use std::path::Path;
use std::sync::Arc;

use manifold_store::{BackupId, Backups, ProjectId, SqliteManager, StoreError};

use super::folder::{partial_of, remove_partial};
use super::{BackupError, Manifest};

/// Completes the backups of a project that are complete on the disk and not in the hub, and removes the
/// hidden folders of the others.
pub(crate) async fn clear(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
) -> Result<(), BackupError> {
    let backups = Backups::new(manager);
    for row in backups.abandoned(project).await? {
        let id: BackupId = row
            .id
            .parse()
            .map_err(|error| StoreError::Decode(format!("{error}")))?;
        let target = Path::new(&row.location);
        match Manifest::read(target) {
            Ok(manifest) if manifest.id == row.id => {
                backups.complete(&id, manifest.totals()).await?;
                tracing::info!(backup.id = %id, "backup {id} was complete although the process that made it died");
            }
            _ => {
                // It is hidden; it must not keep new backups from being made.
                if let Err(error) = remove_partial(&partial_of(target, &row.id)) {
                    tracing::warn!(backup.id = %id, %error, "an incomplete backup stays");
                }
                backups
                    .fail(&id, "the process that made it died".to_owned())
                    .await?;
            }
        }
    }
    Ok(())
}
