//! Every change of a job's state.

mod row;

use chrono::{DateTime, Utc};
use entity_core::enums::{EndReason, ExecutionState, JobState};
use entity_core::jobs;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use super::rule::{self, Event, Refused, Seen};
use super::{Claim, Ending, JobsError, dependencies, execution, lanes, on_failure};
use crate::inline::Kept;
use crate::{CoreTransaction, ExecutionId, JobId, StoreError, WorkerId};

/// A change of a job's state, with what it must find and what it leaves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Transition<'a> {
    /// `worker` begins an attempt.
    Claim {
        execution: &'a ExecutionId,
        worker: &'a WorkerId,
    },
    /// The attempt of `claim` ends.
    Finish {
        claim: &'a Claim,
        ending: &'a Ending,
    },
    /// A job that nobody has begun is not wanted any more, for a reason that somebody gave, or cannot be done: code and
    /// message.
    Withdraw {
        because: Option<(&'a str, &'a str)>,
        reason: Option<&'a str>,
    },
    /// The process of the attempt with this token died.
    Crash { lease_token: i64, message: &'a str },
    /// The attempt with this token is not waited for any more, though its process lives.
    Release { lease_token: i64 },
    /// There is nothing left to wait for.
    Unblock,
    /// A job that ended without success begins anew; so many others must be completed first.
    Reopen { pending_dependencies: i64 },
}

impl Transition<'_> {
    fn event(&self) -> Event {
        match self {
            Self::Claim { .. } => Event::Claim,
            Self::Finish { ending, .. } => ending.event(),
            Self::Withdraw { .. } => Event::Withdraw,
            Self::Crash { .. } => Event::Crash,
            Self::Release { .. } => Event::Release,
            Self::Unblock => Event::Unblock,
            Self::Reopen {
                pending_dependencies,
            } => Event::Reopen {
                blocked: *pending_dependencies > 0,
            },
        }
    }

    /// The attempt that must own the job; any, for what is not about an attempt.
    fn lease_token(&self, found: &jobs::Model) -> i64 {
        match self {
            Self::Finish { claim, .. } => claim.lease_token,
            Self::Crash { lease_token, .. } | Self::Release { lease_token } => *lease_token,
            Self::Claim { .. } | Self::Withdraw { .. } | Self::Unblock | Self::Reopen { .. } => {
                found.lease_token
            }
        }
    }

    /// What happens to the attempt's own record.
    async fn record(
        &self,
        transaction: &CoreTransaction,
        found: &jobs::Model,
        job: &jobs::Model,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (state, reason) = match self {
            Self::Claim { execution, worker } => {
                return execution::begin(transaction, job, execution, worker, now).await;
            }
            Self::Finish { ending, .. } => (ending.execution_state(), ending.end_reason()),
            Self::Crash { .. } => (ExecutionState::Crashed, EndReason::Crashed),
            Self::Release { .. } => (ExecutionState::Failed, EndReason::LeaseLost),
            Self::Withdraw { .. } | Self::Unblock | Self::Reopen { .. } => return Ok(()),
        };
        let error = (job.error_code.clone(), job.error_message.clone());
        let error = match reason {
            EndReason::Error | EndReason::Panic | EndReason::Timeout | EndReason::Crashed => error,
            _ => (None, None),
        };
        execution::end(transaction, found, (state, reason), error, now).await
    }

    fn refused(&self, found: &jobs::Model, why: Refused) -> JobsError {
        let job = match id(found) {
            Ok(job) => job,
            Err(error) => return error.into(),
        };
        let wanted = match self {
            Self::Finish { claim, .. } => {
                return JobsError::LeaseLost {
                    job,
                    attempt: claim.attempt,
                    found: found.state,
                };
            }
            Self::Claim { .. } => "claimed",
            Self::Withdraw { .. } => "cancelled",
            Self::Crash { .. } => "rescued",
            Self::Release { .. } if why == Refused::Lease => "released, since it was begun anew",
            Self::Release { .. } => "released",
            Self::Unblock => "unblocked",
            Self::Reopen { .. } => "retried",
        };
        JobsError::Conflict {
            job,
            wanted,
            found: found.state,
        }
    }
}

/// Changes a job's state, if it is where `transition` expects it, with all that follows from it: the record of the
/// attempt, the turn of its lane, the jobs that wait for it, what its schedule wants when it fails. Returns the job as it is then.
///
/// # Errors
/// [`JobsError::LeaseLost`] for an attempt that does not own the job any more, else
/// [`JobsError::Conflict`]; [`StoreError::NotFound`]; others by meaning.
pub(super) async fn apply(
    transaction: &CoreTransaction,
    job: &JobId,
    transition: Transition<'_>,
    now: DateTime<Utc>,
) -> Result<jobs::Model, JobsError> {
    let found = find(transaction, job).await?;
    apply_to(transaction, &found, transition, now).await
}

/// As [`apply`], for a job that this transaction has read.
pub(super) async fn apply_to(
    transaction: &CoreTransaction,
    found: &jobs::Model,
    transition: Transition<'_>,
    now: DateTime<Utc>,
) -> Result<jobs::Model, JobsError> {
    let job = change(transaction, found, transition, now).await?;
    follow(transaction, &job, now).await?;
    Ok(job)
}

/// As [`apply`], for the job of an attempt as it was when the attempt began. The job is read only when what the rule
/// asks about has changed since.
pub(super) async fn apply_to_claimed(
    transaction: &CoreTransaction,
    claim: &Claim,
    transition: Transition<'_>,
    now: DateTime<Utc>,
) -> Result<jobs::Model, JobsError> {
    match try_change(transaction, &claim.job, transition, now).await? {
        Ok(job) => {
            follow(transaction, &job, now).await?;
            Ok(job)
        }
        Err(_) => apply(transaction, &claim.job_id, transition, now).await,
    }
}

/// What follows for others from the state that a job has now.
async fn follow(
    transaction: &CoreTransaction,
    job: &jobs::Model,
    now: DateTime<Utc>,
) -> Result<(), JobsError> {
    if rule::is_final(job.state) {
        dependencies::settle(transaction, job, now).await?;
    }
    if job.state == JobState::Failed {
        on_failure::follow(transaction, job, now).await?;
    }
    Ok(())
}

/// As [`apply_to`], without the jobs that wait for this one.
pub(super) async fn change(
    transaction: &CoreTransaction,
    found: &jobs::Model,
    transition: Transition<'_>,
    now: DateTime<Utc>,
) -> Result<jobs::Model, JobsError> {
    let changed = try_change(transaction, found, transition, now).await?;
    changed.map_err(|why| transition.refused(found, why))
}

/// As [`change`]; nothing is done when the rule refuses it or the job is not as it was found.
async fn try_change(
    transaction: &CoreTransaction,
    found: &jobs::Model,
    transition: Transition<'_>,
    now: DateTime<Utc>,
) -> Result<Result<jobs::Model, Refused>, StoreError> {
    let token = transition.lease_token(found);
    let to = match rule::next(transition.event(), token, &Seen::from(found)) {
        Ok(to) => to,
        Err(why) => return Ok(Err(why)),
    };
    // What the rule has seen and others may change while the job has this token.
    let guarded = || {
        let cancel = jobs::Column::CancelRequestedAt;
        transition
            .changes(found, to, now)
            .filter(jobs::Column::Id.eq(&found.id))
            .filter(jobs::Column::State.eq(found.state))
            .filter(jobs::Column::LeaseToken.eq(token))
            .filter(match found.cancel_requested_at {
                Some(_) => cancel.is_not_null(),
                None => cancel.is_null(),
            })
    };
    let updated = match transition.kept(found, to, token, now) {
        Some((name, values)) => {
            let guarded = Kept::update(name, values, guarded);
            match transaction.change(guarded).await? {
                0 => None,
                _ => Some(by_id(transaction, &found.id).await?),
            }
        }
        None => transaction.update_one(guarded()).await?,
    };
    let Some(job) = updated else {
        return Ok(Err(Refused::State));
    };
    transition.record(transaction, found, &job, now).await?;
    if found.state == JobState::Pending || job.state == JobState::Pending {
        let served = matches!(transition, Transition::Claim { .. });
        lanes::refresh(transaction, &job, served, now).await?;
    }
    Ok(Ok(job))
}

/// The job with this id.
pub(super) async fn find(
    transaction: &CoreTransaction,
    job: &JobId,
) -> Result<jobs::Model, StoreError> {
    by_id(transaction, job.as_str()).await
}

async fn by_id(transaction: &CoreTransaction, id: &str) -> Result<jobs::Model, StoreError> {
    let by_id = Kept::select("a job", vec![id.into(), 1_u64.into()], || {
        jobs::Entity::find_by_id(id).limit(1)
    });
    let found = transaction.one(by_id).await?;
    found.ok_or_else(|| StoreError::NotFound {
        what: "job",
        name: id.to_owned(),
    })
}

/// The id of a job as it is stored.
pub(super) fn id(job: &jobs::Model) -> Result<JobId, StoreError> {
    job.id
        .parse()
        .map_err(|error: crate::IdError| StoreError::Decode(error.to_string()))
}
