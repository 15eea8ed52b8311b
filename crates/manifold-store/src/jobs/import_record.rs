//! The line of the import history that an import job writes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity_core::enums::JobState;
use entity_core::jobs;
use entity_project::enums::{ImportState, SourceStatus};
use entity_project::{data_sources, import_history};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::made_source::{self, ImportSource};
use super::{Claim, Fence, FenceError};
use crate::{
    DatabaseManager as _, IdError, ImportId, ProjectId, ProjectTransaction, SourceId,
    SqliteManager, StoreError, Timestamp, revision, sync_states,
};

/// What the import history says of an abandoned import.
const ABANDONED: &str =
    "the process that ran the import died; nothing of it is visible, import again";

/// An import that begins.
#[derive(Debug, Clone)]
pub struct NewImport {
    /// The source it goes into.
    pub source: ImportSource,
    /// The columns that identify a row in a source that is made for it.
    pub key_columns: Vec<String>,
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
    /// Where its rows come from nothing has changed since they were pulled.
    UpToDate {
        /// The latest snapshot.
        snapshot_id: String,
        /// Its rows.
        rows: i64,
        /// Its records that are no rows.
        rejected: i64,
    },
    /// It failed: the source shows it.
    Failed {
        /// The error in words.
        error: String,
    },
    /// It was cancelled, which says nothing of the source.
    Cancelled {
        /// That it was, in words.
        error: String,
    },
}

/// One line of a project's import history, which belongs to an attempt at a job. The hub shows it too.
#[derive(Debug, Clone)]
pub struct ImportRecord {
    manager: Arc<SqliteManager>,
    project: ProjectId,
    id: ImportId,
    source_id: SourceId,
    fence: Fence,
}

impl ImportRecord {
    /// Writes down that an attempt begins to import, as `running`, and puts up the fence of its step in the
    /// same transaction. Lines that dead processes left behind become `failed`.
    ///
    /// A source that is to be made is made in the same transaction too. It is taken back when the line ends
    /// and nothing came into it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the source does not exist and is not to be made; [`StoreError::SourceDisabled`];
    /// [`FenceError`].
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
        let source = made_source::find_or_make(&transaction, claim, step, &new).await?;
        let source_id = source.id.parse().map_err(|error: IdError| {
            StoreError::Decode(format!("the id of source `{}`: {error}", source.name))
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
        revision::commit(manager.core(), &spoke, transaction).await?;
        Ok(Self {
            manager: manager.clone(),
            project: project.clone(),
            id,
            source_id,
            fence,
        })
    }

    /// The source that the import goes into.
    #[must_use]
    pub fn source_id(&self) -> &SourceId {
        &self.source_id
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

    /// Ends the line, if it is still `running`, and takes back the source that was made for it, if it is still
    /// empty. Otherwise the source shows how the import ended.
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
        let is_pull = matches!(ending, ImportEnding::UpToDate { .. });
        let status = match &ending {
            ImportEnding::Unchanged { .. } | ImportEnding::UpToDate { .. } => {
                Some(SourceStatus::Ok)
            }
            ImportEnding::Failed { .. } => Some(SourceStatus::Error),
            ImportEnding::Cancelled { .. } => None,
        };
        let ended = match ending {
            ImportEnding::Unchanged {
                snapshot_id,
                rows,
                rejected,
            }
            | ImportEnding::UpToDate {
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
            ImportEnding::Failed { error } | ImportEnding::Cancelled { error } => {
                import_history::ActiveModel {
                    state: Set(ImportState::Failed),
                    error: Set(Some(error)),
                    ..ended
                }
            }
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
        let (job, source) = (self.fence.job_id(), self.source_id.as_str());
        if is_pull {
            sync_states::note_up_to_date(&transaction, source, job).await?;
        }
        let taken_back = made_source::take_back(&transaction, job.as_str(), source).await?;
        if let Some(status) = status
            && !taken_back
        {
            show_status(&transaction, source, status).await?;
        }
        revision::commit(self.manager.core(), &spoke, transaction).await?;
        Ok(())
    }

    /// Ends the lines of a project that dead processes left `running`, unless their job is tried again, and takes back the
    /// sources that were made for them and are still empty.
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
        revision::commit(manager.core(), &spoke, transaction).await
    }
}

/// Ends the lines whose job has ended, and those of earlier attempts at the job of `beginning`, which goes on with what they
/// left. Returns how many. A job ends after its line, so a line that is still `running` then was abandoned; that of a job that
/// waits for another attempt stays, so that nobody takes away what that attempt goes on with.
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
        .filter(jobs::Column::State.is_in([JobState::Running, JobState::Pending]));
    let mut alive: Vec<String> = manager
        .core()
        .all(jobs)
        .await?
        .into_iter()
        .map(|job| job.id)
        .collect();
    alive.retain(|id| beginning.is_none_or(|claim| claim.job_id.as_str() != id));
    let abandoned: Vec<_> = lines
        .into_iter()
        .filter(|line| line.job_id.as_ref().is_none_or(|job| !alive.contains(job)))
        .collect();
    let closed = transaction
        .exec(
            import_history::Entity::update_many()
                .set(import_history::ActiveModel {
                    state: Set(ImportState::Failed),
                    error: Set(Some(ABANDONED.to_owned())),
                    finished_at: Set(Some(now)),
                    ..Default::default()
                })
                .filter(
                    import_history::Column::Id.is_in(abandoned.iter().map(|line| line.id.as_str())),
                ),
        )
        .await?;
    for line in abandoned {
        let Some(source) = line.source_id else {
            continue;
        };
        let taken_back = match &line.job_id {
            Some(job) if beginning.is_none_or(|claim| claim.job_id.as_str() != job) => {
                made_source::take_back(transaction, job, &source).await?
            }
            _ => false,
        };
        if !taken_back {
            show_failure_at(transaction, &source, line.started_at).await?;
        }
    }
    Ok(closed.rows_affected)
}

/// A disabled source stays disabled, however an import ends that had begun before.
async fn show_status(
    transaction: &ProjectTransaction,
    source: &str,
    status: SourceStatus,
) -> Result<(), StoreError> {
    let shown = data_sources::Entity::update_many()
        .set(data_sources::ActiveModel {
            status: Set(status),
            ..Default::default()
        })
        .filter(data_sources::Column::Id.eq(source))
        .filter(data_sources::Column::Enabled.eq(true));
    transaction.exec(shown).await?;
    Ok(())
}

/// Shows that an import failed which began then, unless a later one has succeeded.
async fn show_failure_at(
    transaction: &ProjectTransaction,
    source: &str,
    started_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let found = transaction
        .one(data_sources::Entity::find_by_id(source))
        .await?;
    match found {
        Some(found) if found.last_sync_at.is_none_or(|synced| synced < started_at) => {
            show_status(transaction, source, SourceStatus::Error).await
        }
        _ => Ok(()),
    }
}
