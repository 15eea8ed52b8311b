//! Keeps an attempt that lost its job from writing to a project.

use entity_project::{job_cursors, project};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, Value};

use super::planned_for::hold_plan;
use super::{Claim, PlannedFor, StepCursor};
use crate::{JobId, ProjectTransaction, StoreError, Timestamp};

/// The step of the row that keeps attempts out of a project altogether; no step of a job is named so.
pub(super) const BAR: &str = "";

/// That no later attempt at the job has written, at whatever step.
const NOT_OVERTAKEN: &str = r#"NOT EXISTS (SELECT 1 FROM "job_cursors" AS "later" WHERE "later"."job_id" = ? AND "later"."lease_token" > ?)"#;

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
    /// The project has changed since the job was planned.
    #[error(
        "the project has changed since job {job} was planned (state {planned} then, {found} now), so nothing was done; look at a new plan"
    )]
    PlanOutdated {
        /// The job.
        job: JobId,
        /// The state it was planned for.
        planned: PlannedFor,
        /// The state now.
        found: PlannedFor,
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
            Self::PlanOutdated { .. } => "plan_outdated",
            Self::Store(error) => error.code(),
        }
    }
}

impl Fence {
    /// Puts up the fence for a step, in the first transaction in which the attempt writes to the project:
    /// from its commit on earlier attempts are kept out.
    ///
    /// # Errors
    /// [`FenceError::Overtaken`] when a later attempt has put up its own; [`FenceError::PlanOutdated`] when this is the
    /// job's first write and it was planned for another state of the project; others by meaning.
    pub async fn raise(
        transaction: &ProjectTransaction,
        claim: &Claim,
        step: &str,
    ) -> Result<Self, FenceError> {
        hold_plan(transaction, claim).await?;
        let fence = Self {
            job_id: claim.job_id.clone(),
            step: step.to_owned(),
            lease_token: claim.lease_token,
            epoch: epoch(transaction).await?,
        };
        // The transaction holds the write lock, so nobody gets between reading and writing.
        match fence.row(transaction).await? {
            Some(_) => fence.hold(transaction).await?,
            None => {
                let later = job_cursors::Entity::find()
                    .filter(job_cursors::Column::JobId.eq(&fence.job_id))
                    .filter(job_cursors::Column::LeaseToken.gt(fence.lease_token));
                let later = transaction.one(later).await?;
                fence.check_updated(later.is_none().into())?;
                insert(transaction, &fence.job_id, step, fence.lease_token).await?;
            }
        }
        Ok(fence)
    }

    /// Keeps every attempt with a smaller token than `lease_token` out of a project, at whatever step it is.
    pub(super) async fn bar(
        transaction: &ProjectTransaction,
        job: &JobId,
        lease_token: i64,
    ) -> Result<(), StoreError> {
        let all = job_cursors::Entity::update_many()
            .set(job_cursors::ActiveModel {
                lease_token: Set(lease_token),
                ..Default::default()
            })
            .filter(job_cursors::Column::JobId.eq(job))
            .filter(job_cursors::Column::LeaseToken.lt(lease_token));
        transaction.exec(all).await?;
        let key = (job.to_string(), BAR.to_owned());
        let found = transaction
            .one(job_cursors::Entity::find_by_id(key))
            .await?;
        match found {
            Some(_) => Ok(()),
            None => insert(transaction, job, BAR, lease_token).await,
        }
    }

    /// How far the step has come, as [`Fence::advance`] wrote it down.
    ///
    /// # Errors
    /// [`FenceError::Store`] by meaning.
    pub async fn cursor(
        &self,
        transaction: &ProjectTransaction,
    ) -> Result<Option<StepCursor>, FenceError> {
        let row = self.row(transaction).await?;
        let stored = row.and_then(|row| row.cursor);
        Ok(stored.and_then(|stored| serde_json::from_value(stored).ok()))
    }

    /// Writes down how far the step has come, in the transaction that does it: both are kept or neither.
    ///
    /// # Errors
    /// As [`Fence::hold`]; the transaction must then be rolled back.
    pub async fn advance(
        &self,
        transaction: &ProjectTransaction,
        cursor: &StepCursor,
    ) -> Result<(), FenceError> {
        self.hold(transaction).await?;
        let stored = serde_json::to_value(cursor)
            .map_err(|error| StoreError::Decode(format!("a job's cursor: {error}")))?;
        let moved = job_cursors::Entity::update_many()
            .set(job_cursors::ActiveModel {
                cursor: Set(Some(stored)),
                updated_at: Set(Timestamp::now()),
                ..Default::default()
            })
            .filter(job_cursors::Column::JobId.eq(&self.job_id))
            .filter(job_cursors::Column::Step.eq(&self.step));
        transaction.exec(moved).await?;
        Ok(())
    }

    async fn row(
        &self,
        transaction: &ProjectTransaction,
    ) -> Result<Option<job_cursors::Model>, StoreError> {
        let key = (self.job_id.to_string(), self.step.clone());
        transaction.one(job_cursors::Entity::find_by_id(key)).await
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
                    .filter(Expr::cust_with_values(
                        NOT_OVERTAKEN,
                        [
                            self.job_id.to_string().into(),
                            Value::from(self.lease_token),
                        ],
                    )),
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
                "UPDATE job_cursors SET lease_token = ?3 WHERE job_id = ?1 AND step = ?2 AND NOT EXISTS
                     (SELECT 1 FROM job_cursors AS later WHERE later.job_id = ?1 AND later.lease_token > ?3)",
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

async fn insert(
    transaction: &ProjectTransaction,
    job: &JobId,
    step: &str,
    lease_token: i64,
) -> Result<(), StoreError> {
    transaction
        .insert(job_cursors::ActiveModel {
            job_id: Set(job.into()),
            step: Set(step.to_owned()),
            lease_token: Set(lease_token),
            cursor: Set(None),
            updated_at: Set(Timestamp::now()),
        })
        .await?;
    Ok(())
}

async fn epoch(transaction: &ProjectTransaction) -> Result<i64, StoreError> {
    let project = transaction.one(project::Entity::find()).await?;
    let project =
        project.ok_or_else(|| StoreError::Decode("the project names itself nowhere".to_owned()))?;
    Ok(project.epoch)
}
