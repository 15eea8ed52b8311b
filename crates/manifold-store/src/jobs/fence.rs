//! Keeps an attempt that lost its job from writing to a project.

use entity_project::{job_cursors, project};
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::Claim;
use crate::{JobId, ProjectTransaction, StoreError, Timestamp};

/// What an attempt must find in every transaction in which it writes to a project: that no later attempt
/// has begun to write there, and that the project has not been replaced since.
///
/// The hub cannot be asked: no transaction spans two files. So the project's file keeps the greatest lease
/// token that has written for each step of a job, and its own epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fence {
    job_id: JobId,
    step: String,
    lease_token: i64,
    epoch: i64,
}

/// Why an attempt may not write to a project. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FenceError {
    /// A later attempt at the step writes now, or the step's record is gone.
    #[error(
        "this attempt at step `{step}` of job {job} was overtaken by a later one; look at the job's latest attempt"
    )]
    Overtaken {
        /// The job.
        job: JobId,
        /// The step.
        step: String,
    },
    /// The project was replaced: restored, or another file put in its place.
    #[error(
        "the project was replaced while job {job} worked on it (epoch {found}, not {expected}); start the job again"
    )]
    Replaced {
        /// The job.
        job: JobId,
        /// The epoch when the attempt began.
        expected: i64,
        /// The epoch now.
        found: i64,
    },
    /// The project's file could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FenceError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Overtaken { .. } => "lease_lost",
            Self::Replaced { .. } => "project_replaced",
            Self::Store(error) => error.code(),
        }
    }
}

impl Fence {
    /// Puts up the fence for a step, in the first transaction in which the attempt writes to the project:
    /// from its commit on earlier attempts are kept out.
    ///
    /// # Errors
    /// [`FenceError::Overtaken`] when a later attempt has put up its own; others by meaning.
    pub async fn raise(
        transaction: &ProjectTransaction,
        claim: &Claim,
        step: &str,
    ) -> Result<Self, FenceError> {
        let fence = Self {
            job_id: claim.job_id.clone(),
            step: step.to_owned(),
            lease_token: claim.lease_token,
            epoch: epoch(transaction).await?,
        };
        let key = (claim.job_id.to_string(), step.to_owned());
        // The transaction holds the write lock, so nobody gets between reading and writing.
        match transaction
            .one(job_cursors::Entity::find_by_id(key))
            .await?
        {
            Some(_) => fence.hold(transaction).await?,
            None => {
                transaction
                    .exec(job_cursors::Entity::insert(job_cursors::ActiveModel {
                        job_id: Set((&fence.job_id).into()),
                        step: Set(fence.step.clone()),
                        lease_token: Set(fence.lease_token),
                        cursor: Set(None),
                        updated_at: Set(Timestamp::now()),
                    }))
                    .await
                    .map_err(FenceError::Store)?;
            }
        }
        Ok(fence)
    }

    /// The job.
    pub(super) fn job_id(&self) -> &JobId {
        &self.job_id
    }

    /// Checks the fence in a later transaction, before anything is written in it.
    ///
    /// # Errors
    /// [`FenceError::Overtaken`], [`FenceError::Replaced`]; the transaction must then be rolled back.
    pub async fn hold(&self, transaction: &ProjectTransaction) -> Result<(), FenceError> {
        self.check_epoch(epoch(transaction).await?)?;
        let updated = transaction
            .exec(
                job_cursors::Entity::update_many()
                    .set(job_cursors::ActiveModel {
                        lease_token: Set(self.lease_token),
                        ..Default::default()
                    })
                    .filter(job_cursors::Column::JobId.eq(&self.job_id))
                    .filter(job_cursors::Column::Step.eq(&self.step))
                    .filter(job_cursors::Column::LeaseToken.lte(self.lease_token)),
            )
            .await?;
        self.check_updated(updated.rows_affected)
    }

    /// As [`Fence::hold`], for a write transaction on a borrowed connection: the first thing to call in it.
    ///
    /// # Errors
    /// As [`Fence::hold`].
    pub fn guard(&self, connection: &rusqlite::Connection) -> Result<(), FenceError> {
        let epoch = connection
            .prepare_cached("SELECT epoch FROM project")
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
            .map_err(StoreError::from)?;
        self.check_epoch(epoch)?;
        let updated = connection
            .prepare_cached(
                "UPDATE job_cursors SET lease_token = ?3 WHERE job_id = ?1 AND step = ?2 AND lease_token <= ?3",
            )
            .and_then(|mut statement| statement.execute((self.job_id.as_str(), &self.step, self.lease_token)))
            .map_err(StoreError::from)?;
        self.check_updated(updated as u64)
    }

    fn check_epoch(&self, found: i64) -> Result<(), FenceError> {
        if found == self.epoch {
            return Ok(());
        }
        Err(FenceError::Replaced {
            job: self.job_id.clone(),
            expected: self.epoch,
            found,
        })
    }

    fn check_updated(&self, rows: u64) -> Result<(), FenceError> {
        if rows == 1 {
            return Ok(());
        }
        Err(FenceError::Overtaken {
            job: self.job_id.clone(),
            step: self.step.clone(),
        })
    }
}

async fn epoch(transaction: &ProjectTransaction) -> Result<i64, StoreError> {
    let project = transaction.one(project::Entity::find()).await?;
    let project =
        project.ok_or_else(|| StoreError::Decode("the project names itself nowhere".to_owned()))?;
    Ok(project.epoch)
}
