//! Jobs that wait for others.

use chrono::{DateTime, Utc};
use entity_core::enums::JobState;
use entity_core::{job_dependencies, jobs};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveEnum as _, ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _,
};

use super::transition::{self, Transition};
use super::{JobsError, rule};
use crate::inline::Kept;
use crate::{CoreTransaction, JobId, StoreError};

/// The error code of a job that was cancelled because one it waited for did not complete.
pub(super) const DEPENDENCY_FAILED: &str = "dependency_failed";

/// How many of `dependencies` are still to be completed, for a job of `schedule`, if it has one. Jobs of one schedule
/// wait for each other's end, whatever it is.
///
/// # Errors
/// [`StoreError::NotFound`]; [`JobsError::DependencyFailed`] for one that ended without success.
pub(super) async fn unfinished(
    transaction: &CoreTransaction,
    dependencies: &[JobId],
    schedule: Option<&str>,
) -> Result<i64, JobsError> {
    let mut unfinished = 0;
    for dependency in dependencies {
        let found = transition::find(transaction, dependency).await?;
        let is_sibling = schedule.is_some() && found.schedule_id.as_deref() == schedule;
        match found.state {
            JobState::Completed => {}
            JobState::Failed | JobState::Cancelled if is_sibling => {}
            found @ (JobState::Failed | JobState::Cancelled) => {
                return Err(JobsError::DependencyFailed {
                    dependency: dependency.clone(),
                    found,
                });
            }
            JobState::Pending | JobState::Blocked | JobState::Running => unfinished += 1,
        }
    }
    Ok(unfinished)
}

/// Writes down what a new job waits for.
pub(super) async fn record(
    transaction: &CoreTransaction,
    job: &JobId,
    dependencies: &[JobId],
) -> Result<(), StoreError> {
    for dependency in dependencies {
        transaction
            .insert(job_dependencies::ActiveModel {
                job_id: Set(job.into()),
                dependency_id: Set(dependency.into()),
            })
            .await?;
    }
    Ok(())
}

/// What a job waits or waited for.
pub(super) async fn of(
    transaction: &CoreTransaction,
    job: &JobId,
) -> Result<Vec<JobId>, StoreError> {
    let rows = job_dependencies::Entity::find().filter(job_dependencies::Column::JobId.eq(job));
    let rows = transaction.all(rows).await?;
    let ids = rows.into_iter().map(|row| row.dependency_id.parse());
    ids.collect::<Result<_, crate::IdError>>()
        .map_err(|error| StoreError::Decode(error.to_string()))
}

/// Tells the jobs that wait for `ended` that it has ended, and those that wait for them.
pub(super) async fn settle(
    transaction: &CoreTransaction,
    ended: &jobs::Model,
    now: DateTime<Utc>,
) -> Result<(), JobsError> {
    let mut ended = vec![ended.clone()];
    while let Some(job) = ended.pop() {
        let rows = Kept::select("who waits for a job", vec![job.id.as_str().into()], || {
            job_dependencies::Entity::find()
                .filter(job_dependencies::Column::DependencyId.eq(&job.id))
        });
        for row in transaction.all(rows).await? {
            let waiting = jobs::Entity::find_by_id(row.job_id.as_str());
            let Some(waiting) = transaction.one(waiting).await? else {
                continue;
            };
            if waiting.state != JobState::Blocked {
                continue;
            }
            let is_sibling = job.schedule_id.is_some() && job.schedule_id == waiting.schedule_id;
            if job.state == JobState::Completed || is_sibling {
                count_down(transaction, &waiting, now).await?;
                continue;
            }
            let message = format!(
                "job {} ({}), which this one waited for, is {}; retry that one first, then this one",
                job.id,
                job.kind,
                job.state.to_value()
            );
            let because = Some((DEPENDENCY_FAILED, message.as_str()));
            let withdraw = Transition::Withdraw {
                because,
                reason: None,
            };
            let cancelled = transition::change(transaction, &waiting, withdraw, now).await?;
            debug_assert!(rule::is_final(cancelled.state));
            ended.push(cancelled);
        }
    }
    Ok(())
}

async fn count_down(
    transaction: &CoreTransaction,
    waiting: &jobs::Model,
    now: DateTime<Utc>,
) -> Result<(), JobsError> {
    let less = jobs::Entity::update_many()
        .col_expr(
            jobs::Column::PendingDependencies,
            Expr::col(jobs::Column::PendingDependencies).sub(1),
        )
        .filter(jobs::Column::Id.eq(&waiting.id))
        .filter(jobs::Column::State.eq(JobState::Blocked))
        .filter(jobs::Column::PendingDependencies.gt(0));
    if let Some(waiting) = transaction.update_one(less).await?
        && waiting.pending_dependencies == 0
    {
        transition::change(transaction, &waiting, Transition::Unblock, now).await?;
    }
    Ok(())
}
