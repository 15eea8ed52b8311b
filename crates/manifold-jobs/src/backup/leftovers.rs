//! What backups left whose process died.

use std::path::Path;
use std::sync::Arc;

use manifold_store::{Backups, ProjectId, SqliteManager};

use super::folder::remove_partials;
use super::{BackupError, Manifest};

/// Completes the backups of a project that are complete on the disk and not in the hub, and removes the
/// hidden folders of the others.
pub(crate) async fn clear(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
) -> Result<(), BackupError> {
    let backups = Backups::new(manager);
    for abandoned in backups.abandoned(project).await? {
        let backup = &abandoned.backup;
        let target = Path::new(&backup.location);
        let complete = Manifest::read(target).ok();
        let complete = complete.filter(|manifest| manifest.id == backup.id);
        if complete.is_some() {
            tracing::info!(backup.id = %backup.id, "backup {} was complete although the process that made it died", backup.id);
        } else if let Err(error) = remove_partials(target, &backup.id, abandoned.lease_token) {
            // It is hidden; it must not keep new backups from being made.
            tracing::warn!(backup.id = %backup.id, %error, "an incomplete backup stays");
        }
        let totals = complete.map(|manifest| manifest.totals());
        backups.close_abandoned(&abandoned, totals).await?;
    }
    Ok(())
}
