//! What was done to a project lately and can be undone.
//!
//! Nothing is written down for it: the list is what the snapshots, the trash and the safety copies tell.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity_project::{data_sources, import_history, published, snapshots, trashed_sources};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use crate::reference::{self, Candidate};
use crate::{
    CopyReason, DatabaseManager as _, ProjectId, Restores, SafetyCopy, SqliteManager, StoreError,
};

/// The state of a project before something was done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestorePoint {
    /// Its id: that of the job that imported, or of the snapshot; that of the source that was deleted; the time of a
    /// safety copy.
    pub id: String,
    /// When it was done.
    pub at: DateTime<Utc>,
    /// What was done.
    pub action: UserAction,
}

/// What was done to a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserAction {
    /// A file was imported. Undone by deleting its snapshots.
    Import {
        /// The file, where the import history still has it.
        file_name: Option<String>,
        /// A snapshot for each of its tables, in the order of their sources' names.
        snapshots: Vec<ImportedSnapshot>,
    },
    /// A source was moved into the trash. Undone by taking it out.
    SourceDeleted {
        /// Its name.
        name: String,
        /// How many snapshots it has.
        snapshot_count: i64,
    },
    /// The project was restored in place. Undone by putting the safety copy in its place again.
    Restored(SafetyCopy),
    /// A restore in place was undone. What the project was until then is in the safety copy.
    Undone(SafetyCopy),
}

/// A snapshot that an import made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedSnapshot {
    /// Its id.
    pub id: String,
    /// Its source.
    pub source_id: String,
    /// The name of its source.
    pub source_name: String,
    /// Its public number.
    pub number: i64,
    /// Its rows.
    pub row_count: i64,
    /// Whether it is the latest of its source. Only then can its import be undone.
    pub is_latest: bool,
}

/// The restore points of projects.
#[derive(Debug, Clone)]
pub struct RestorePoints {
    manager: Arc<SqliteManager>,
}

impl RestorePoints {
    /// Those of the projects of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// What can be undone, newest first. What was done before a restore in place is not among it: it is undone with that,
    /// and what the project held then can be undone afterwards.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(&self, project: &ProjectId) -> Result<Vec<RestorePoint>, StoreError> {
        let copies = Restores::new(&self.manager).safety_copies(project).await?;
        let replaced = copies
            .iter()
            .filter(|copy| copy.reason == CopyReason::Restore)
            .map(|copy| copy.taken_at)
            .max();
        let (found, trashed) = self.read(project).await?;
        let mut points = imports(found);
        points.extend(trashed.into_iter().map(|source| RestorePoint {
            id: source.id,
            at: source.trashed_at,
            action: UserAction::SourceDeleted {
                name: source.name,
                snapshot_count: source.snapshot_count,
            },
        }));
        points.retain(|point| replaced.is_none_or(|replaced| replaced < point.at));
        points.extend(copies.into_iter().map(|copy| RestorePoint {
            id: copy.id(),
            at: copy.taken_at,
            action: match copy.reason {
                CopyReason::Restore => UserAction::Restored(copy),
                CopyReason::Undo => UserAction::Undone(copy),
            },
        }));
        points.sort_by(|one, other| (other.at, &other.id).cmp(&(one.at, &one.id)));
        Ok(points)
    }

    /// What is undone, one after the other, to come back to the restore point with this id or unique id prefix, or to
    /// the newest that is not itself an undo: that point last. Nothing when there is none.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Ambiguous`]; others by meaning.
    pub async fn way_to(
        &self,
        project: &ProjectId,
        to: Option<&str>,
    ) -> Result<Vec<RestorePoint>, StoreError> {
        let points = self.list(project).await?;
        let target = match to {
            Some(reference) => match points.iter().find(|point| point.id == reference) {
                Some(exact) => exact.clone(),
                None => reference::by_prefix("restore point", reference, points.clone())?,
            },
            None => match points.iter().find(|point| !point.is_undo()) {
                Some(newest) => newest.clone(),
                None => return Ok(Vec::new()),
            },
        };
        // A safety copy is a whole state: whatever came after it is gone with what replaces it.
        if target.safety_copy().is_some() {
            return Ok(vec![target]);
        }
        let up_to = points.iter().position(|point| point.id == target.id);
        Ok(points
            .into_iter()
            .take(up_to.map_or(0, |at| at + 1))
            .filter(|point| !point.is_undo())
            .collect())
    }

    async fn read(
        &self,
        project: &ProjectId,
    ) -> Result<(Vec<Found>, Vec<trashed_sources::Model>), StoreError> {
        let spoke = self.manager.project(project).await?;
        spoke
            .read(async |transaction| {
                let newest = snapshots::Entity::find()
                    .find_also_related(data_sources::Entity)
                    .order_by_desc(snapshots::Column::TakenAt)
                    .order_by_desc(snapshots::Column::Seq);
                let latest: Vec<String> = transaction
                    .all(published::Entity::find())
                    .await?
                    .into_iter()
                    .map(|published| published.snapshot_id)
                    .collect();
                let lines = import_history::Entity::find()
                    .filter(import_history::Column::SnapshotId.is_not_null());
                let mut files: HashMap<String, String> = HashMap::new();
                for line in transaction.all(lines).await? {
                    files.extend(line.snapshot_id.map(|id| (id, line.file_name)));
                }
                let mut found = Vec::new();
                for (snapshot, source) in transaction.all(newest).await? {
                    let Some(source) = source else { continue };
                    found.push(Found {
                        file_name: files.remove(&snapshot.id),
                        job_id: snapshot.job_id,
                        taken_at: snapshot.taken_at,
                        snapshot: ImportedSnapshot {
                            is_latest: latest.contains(&snapshot.id),
                            id: snapshot.id,
                            source_id: source.id,
                            source_name: source.name,
                            number: snapshot.number,
                            row_count: snapshot.row_count,
                        },
                    });
                }
                let last_deleted = trashed_sources::Entity::find()
                    .order_by_desc(trashed_sources::Column::TrashedAt)
                    .order_by_desc(trashed_sources::Column::Id);
                let trashed = transaction.all(last_deleted).await?;
                Ok::<_, StoreError>((found, trashed))
            })
            .await
    }
}

/// A snapshot as it was read.
struct Found {
    file_name: Option<String>,
    job_id: Option<String>,
    taken_at: DateTime<Utc>,
    snapshot: ImportedSnapshot,
}

/// One for each import: the tables of a file are imported by one job.
fn imports(found: Vec<Found>) -> Vec<RestorePoint> {
    let mut points: Vec<RestorePoint> = Vec::new();
    let mut of_jobs: HashMap<String, usize> = HashMap::new();
    for one in found {
        let known = one.job_id.as_ref().and_then(|job| of_jobs.get(job));
        if let Some(&known) = known
            && let Some(point) = points.get_mut(known)
            && let UserAction::Import { snapshots, .. } = &mut point.action
        {
            point.at = point.at.max(one.taken_at);
            snapshots.push(one.snapshot);
            continue;
        }
        if let Some(job) = &one.job_id {
            of_jobs.insert(job.clone(), points.len());
        }
        points.push(RestorePoint {
            id: one.job_id.unwrap_or_else(|| one.snapshot.id.clone()),
            at: one.taken_at,
            action: UserAction::Import {
                file_name: one.file_name,
                snapshots: vec![one.snapshot],
            },
        });
    }
    for point in &mut points {
        if let UserAction::Import { snapshots, .. } = &mut point.action {
            snapshots.sort_by(|one, other| one.source_name.cmp(&other.source_name));
        }
    }
    points
}

impl RestorePoint {
    /// Whether what was done is an undo. To come back behind it does it again.
    #[must_use]
    pub fn is_undo(&self) -> bool {
        matches!(self.action, UserAction::Undone(_))
    }

    /// The file that is the whole state, where there is one.
    #[must_use]
    pub fn safety_copy(&self) -> Option<&SafetyCopy> {
        match &self.action {
            UserAction::Restored(copy) | UserAction::Undone(copy) => Some(copy),
            UserAction::Import { .. } | UserAction::SourceDeleted { .. } => None,
        }
    }
}

impl Candidate for RestorePoint {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        match &self.action {
            UserAction::Import { file_name, .. } => file_name.as_deref().unwrap_or("import"),
            UserAction::SourceDeleted { name, .. } => name,
            UserAction::Restored(_) => "restore in place",
            UserAction::Undone(_) => "undo",
        }
    }
}
