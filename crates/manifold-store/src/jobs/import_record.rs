//! The line of the import history that an import job writes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity_core::enums::JobState;
use entity_core::jobs;
use entity_project::enums::ImportState;
use entity_project::{data_sources, import_history};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::{Claim, Fence, FenceError};
use crate::projects::raise_revision;
use crate::{
    DatabaseManager as _, ImportId, ProjectId, ProjectTransaction, SourceId, SqliteManager,
    StoreError, Timestamp, fail_point, projection,
};

/// What the import history says of an abandoned import.
const ABANDONED: &str =
    "the process that ran the import died; nothing of it is visible, import again";

/// An import that begins.
#[derive(Debug, Clone)]
pub struct NewImport {
    /// The source it goes into.
    pub source_id: SourceId,
    /// The name of its file, as it is shown.
    pub file_name: String,
    /// The format of its file, such as `csv`.
    pub format: &'static str,
}

/// How an import ended that published nothing. (What publishes a snapshot completes the line itself, in
/// the same transaction.)
#[derive(Debug, Clone)]
pub enum ImportEnding {
    /// The file is the one of the latest snapshot.
    Unchanged {
        /// The latest snapshot.
        snapshot_id: String,
        /// Its rows.
        rows: i64,
        /// Its records that are no rows.
        rejected: i64,
    },
    /// It failed or was cancelled.
    Failed {
        /// The error in words.
        error: String,
    },
}

/// One line of a project's import history, which belongs to an attempt at a job. The hub shows it too.
#[derive(Debug, Clone)]
pub struct ImportRecord {
    manager: Arc<SqliteManager>,
    project: ProjectId,
    id: ImportId,
    fence: Fence,
}

impl ImportRecord {
    /// Writes down that an attempt begins to import, as `running`, and puts up the fence of its step in the
    /// same transaction. Lines that dead processes left behind become `failed`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the source does not exist; [`FenceError`].
    pub async fn begin(
        manager: &Arc<SqliteManager>,
        project: &ProjectId,
        claim: &Claim,
        step: &str,
        new: NewImport,
    ) -> Result<Self, FenceError> {
        let id = ImportId::new();
        let spoke = manager.project(project).await?;
        let transaction = spoke.begin().await?;
        let fence = Fence::raise(&transaction, claim, step).await?;
        let now = Timestamp::now();
        close_abandoned(manager, &transaction, Some(claim), now).await?;
        let source = transaction
            .one(data_sources::Entity::find_by_id(new.source_id.as_str()))
            .await?;
        let source = source.ok_or_else(|| StoreError::NotFound {
            what: "source",
            name: new.source_id.to_string(),
        })?;
        transaction
            .exec(import_history::Entity::insert(
                import_history::ActiveModel {
                    id: Set((&id).into()),
                    source_id: Set(Some(source.id)),
                    source_name: Set(source.name),
                    snapshot_id: Set(None),
                    job_id: Set(Some((&claim.job_id).into())),
                    file_name: Set(new.file_name),
                    format: Set(new.format.to_owned()),
                    rows: Set(0),
                    rejected: Set(0),
                    state: Set(ImportState::Running),
                    error: Set(None),
                    started_at: Set(now),
                    finished_at: Set(None),
                },
            ))
            .await?;
        raise_revision(&transaction).await?;
        transaction.commit().await?;
        fail_point!("import-begun");
        projection::publish(manager.core(), &spoke).await?;
        Ok(Self {
            manager: manager.clone(),
            project: project.clone(),
            id,
            fence,
        })
    }

    /// The line's id.
    #[must_use]
    pub fn id(&self) -> &ImportId {
        &self.id
    }

    /// What the attempt must find whenever it writes to the project.
    #[must_use]
    pub fn fence(&self) -> &Fence {
        &self.fence
    }

    /// Ends the line, if it is still `running`.
    ///
    /// # Errors
    /// [`FenceError`]; then nothing was written.
    pub async fn end(&self, ending: ImportEnding) -> Result<(), FenceError> {
        let spoke = self.manager.project(&self.project).await?;
        let transaction = spoke.begin().await?;
        self.fence.hold(&transaction).await?;
        let ended = import_history::ActiveModel {
            finished_at: Set(Some(Timestamp::now())),
            ..Default::default()
        };
        let ended = match ending {
            ImportEnding::Unchanged {
                snapshot_id,
                rows,
                rejected,
            } => import_history::ActiveModel {
                state: Set(ImportState::Unchanged),
                snapshot_id: Set(Some(snapshot_id)),
                rows: Set(rows),
                rejected: Set(rejected),
                ..ended
            },
            ImportEnding::Failed { error } => import_history::ActiveModel {
                state: Set(ImportState::Failed),
                error: Set(Some(error)),
                ..ended
            },
        };
        let updated = transaction
            .exec(
                import_history::Entity::update_many()
                    .set(ended)
                    .filter(import_history::Column::Id.eq(&self.id))
                    .filter(import_history::Column::State.eq(ImportState::Running)),
            )
            .await?;
        if updated.rows_affected == 0 {
            transaction.rollback().await?;
            return Ok(());
        }
        raise_revision(&transaction).await?;
        transaction.commit().await?;
        fail_point!("import-ended");
        projection::publish(self.manager.core(), &spoke).await?;
        Ok(())
    }

    /// Ends the lines of a project that dead processes left `running`.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn close_abandoned(
        manager: &Arc<SqliteManager>,
        project: &ProjectId,
    ) -> Result<(), StoreError> {
        let spoke = manager.project(project).await?;
        let transaction = spoke.begin().await?;
        if close_abandoned(manager, &transaction, None, Timestamp::now()).await? == 0 {
            return transaction.rollback().await;
        }
        raise_revision(&transaction).await?;
        transaction.commit().await?;
        projection::publish(manager.core(), &spoke).await
    }
}

/// Ends the lines whose job does not run any more, and those of earlier attempts at the job of `beginning`.
/// Returns how many. A job ends after its line, so a line that is still `running` then was abandoned.
async fn close_abandoned(
    manager: &SqliteManager,
    transaction: &ProjectTransaction,
    beginning: Option<&Claim>,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let running = import_history::Entity::find()
        .filter(import_history::Column::State.eq(ImportState::Running));
    let lines = transaction.all(running).await?;
    if lines.is_empty() {
        return Ok(0);
    }
    let jobs = jobs::Entity::find()
        .filter(jobs::Column::Id.is_in(lines.iter().filter_map(|line| line.job_id.as_deref())))
        .filter(jobs::Column::State.eq(JobState::Running));
    let mut alive: Vec<String> = manager
        .core()
        .all(jobs)
        .await?
        .into_iter()
        .map(|job| job.id)
        .collect();
    alive.retain(|id| beginning.is_none_or(|claim| claim.job_id.as_str() != id));
    let abandoned = lines
        .into_iter()
        .filter(|line| line.job_id.as_ref().is_none_or(|job| !alive.contains(job)))
        .map(|line| line.id);
    let closed = transaction
        .exec(
            import_history::Entity::update_many()
                .set(import_history::ActiveModel {
                    state: Set(ImportState::Failed),
                    error: Set(Some(ABANDONED.to_owned())),
                    finished_at: Set(Some(now)),
                    ..Default::default()
                })
                .filter(import_history::Column::Id.is_in(abandoned)),
        )
        .await?;
    Ok(closed.rows_affected)
}
