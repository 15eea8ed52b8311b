//! What would a restore in place change? The backup is read back and compared with the project, row by row.

use std::ops::ControlFlow;
use std::sync::Arc;

use manifold_store::{
    Comparison, DatabaseId, DatabaseManager as _, IdError, ProjectDifference, ProjectId,
    SqliteManager, StoreError,
};

use super::{BackupError, BackupPlace, Places, Watch, open, stage};
use crate::Observer;

/// A backup that was read back, and what it differs in from its project.
#[derive(Debug)]
pub struct Compared {
    /// The project.
    pub project_id: ProjectId,
    /// What of the backup was compared with its manifest; all of it was equal.
    pub tables: Vec<Comparison>,
    /// From the project as it is now to the backup.
    pub difference: ProjectDifference,
}

/// Reads a backup back among the temporary files and compares it with the present state of its project: at most `limit`
/// rows of each source are listed, all are counted. Nothing is changed, and others may write to the project meanwhile.
///
/// # Errors
/// [`BackupError`]; [`StoreError::NotFound`] when the project is gone.
pub async fn compare(
    manager: &Arc<SqliteManager>,
    place: &BackupPlace,
    limit: u64,
    observer: Observer,
) -> Result<Compared, BackupError> {
    let found = place.find(manager).await?;
    let places = Places::new(manager.layout(), observer.environment);
    let source = open(&places, &found.folder, found.id.as_deref()).await?;
    let id = &source.manifest().project.id;
    let project_id: ProjectId = id
        .parse()
        .map_err(|error: IdError| StoreError::Decode(error.to_string()))?;
    let which = DatabaseId::Project(project_id.clone());
    // What cannot work is said before gigabytes are read.
    manager.project(&project_id).await.map(drop)?;
    let progress = observer.progress.clone();
    let watch = Watch::new(observer.cancel.clone(), move |latest| {
        progress.send_replace(latest);
    });
    let (staged, mut watch) = stage(manager, source, watch).await?;
    watch.step("comparing rows")?;
    let (present, manager) = (manager.freeze(which).await?, manager.clone());
    super::blocking(move || {
        let other = staged.freeze(&manager)?;
        let mut look = || match watch.look() {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        let difference = ProjectDifference::between(&present, &other, limit, &mut look)?;
        drop(other);
        Ok(Compared {
            project_id,
            tables: staged.compared().to_vec(),
            difference: difference.ok_or(BackupError::Cancelled)?,
        })
    })
    .await
}
