//! Every change of a job's state.

use chrono::{DateTime, Utc};
use entity_core::enums::{EndReason, ExecutionState, JobState};
use entity_core::jobs;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _,
    UpdateMany, Value,
};

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

    fn changes(
        &self,
        found: &jobs::Model,
        to: JobState,
        now: DateTime<Utc>,
    ) -> UpdateMany<jobs::Entity> {
        let plus = |column, by: i64| Expr::col(column).add(by);
        let changed = jobs::ActiveModel {
            state: Set(to),
            finished_at: Set(rule::is_final(to).then_some(now)),
            ..Default::default()
        };
        let update = jobs::Entity::update_many();
        match self {
            Self::Claim { worker, .. } => update
                .set(jobs::ActiveModel {
                    worker_id: Set(Some((*worker).into())),
                    started_at: Set(Some(now)),
                    rate: Set(None),
                    eta_at: Set(None),
                    ..changed
                })
                .col_expr(jobs::Column::Attempt, plus(jobs::Column::Attempt, 1))
                .col_expr(jobs::Column::LeaseToken, plus(jobs::Column::LeaseToken, 1)),
            Self::Finish { ending, .. } => {
                let update = update.set(ending.changes(changed, now));
                if ending.uses_attempt() {
                    update
                } else {
                    update.col_expr(jobs::Column::Attempt, plus(jobs::Column::Attempt, -1))
                }
            }
            Self::Withdraw { because, reason } => update.set(jobs::ActiveModel {
                cancel_requested_at: Set(Some(now)),
                error_code: Set(because.map(|(code, _)| code.to_owned())),
                error_message: Set(because.map(|(_, message)| message.to_owned())),
                cancel_reason: Set(reason.map(str::to_owned)),
                ..changed
            }),
            Self::Crash { message, .. } => {
                let code = if to == JobState::Failed && rule::is_crash_loop(&Seen::from(found)) {
                    execution::CRASH_LOOP
                } else {
                    execution::CRASHED
                };
                update
                    .set(jobs::ActiveModel {
                        error_code: Set(Some(code.to_owned())),
                        error_message: Set(Some(execution::crash_message(message, code, to))),
                        run_at: Set(now),
                        ..changed
                    })
                    .col_expr(jobs::Column::CrashCount, plus(jobs::Column::CrashCount, 1))
            }
            // The greater token keeps the silent attempt out of whatever it still tries.
            Self::Release { .. } => update
                .set(jobs::ActiveModel {
                    run_at: Set(now),
                    ..changed
                })
                .col_expr(jobs::Column::Attempt, plus(jobs::Column::Attempt, -1))
                .col_expr(jobs::Column::LeaseToken, plus(jobs::Column::LeaseToken, 1)),
            Self::Unblock => update.set(changed),
            Self::Reopen {
                pending_dependencies,
            } => update.set(jobs::ActiveModel {
                attempt: Set(0),
                crash_count: Set(0),
                run_at: Set(now),
                pending_dependencies: Set(*pending_dependencies),
                cancel_requested_at: Set(None),
                error_code: Set(None),
                error_message: Set(None),
                progress: Set(None),
                step: Set(None),
                items_done: Set(None),
                items_total: Set(None),
                unit: Set(None),
                cancel_reason: Set(None),
                ..changed
            }),
        }
    }

    /// The name of the statement that makes this change, and the values it takes, where it runs for every job.
    fn kept(
        &self,
        found: &jobs::Model,
        to: JobState,
        token: i64,
        now: DateTime<Utc>,
    ) -> Option<(&'static str, Vec<Value>)> {
        if found.cancel_requested_at.is_some() {
            return None;
        }
        let (name, mut values): (_, Vec<Value>) = match self {
            Self::Claim { worker, .. } => (
                "a job is claimed",
                vec![
                    to.into(),
                    Some(String::from(*worker)).into(),
                    Some(now).into(),
                    None::<DateTime<Utc>>.into(),
                    None::<f64>.into(),
                    None::<DateTime<Utc>>.into(),
                    1_i64.into(),
                    1_i64.into(),
                ],
            ),
            Self::Finish {
                ending: Ending::Completed { result },
                ..
            } => (
                "a job is completed",
                vec![
                    to.into(),
                    Some(result.clone()).into(),
                    None::<String>.into(),
                    None::<String>.into(),
                    Some(1.0).into(),
                    Some(now).into(),
                ],
            ),
            _ => return None,
        };
        values.extend([found.id.as_str().into(), found.state.into(), token.into()]);
        Some((name, values))
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
            transaction.update_kept(guarded).await?
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
    let by_id = Kept::select("a job", vec![job.into(), 1_u64.into()], || {
        jobs::Entity::find_by_id(job.as_str()).limit(1)
    });
    let found = transaction.one(by_id).await?;
    found.ok_or_else(|| StoreError::NotFound {
        what: "job",
        name: job.to_string(),
    })
}

/// The id of a job as it is stored.
pub(super) fn id(job: &jobs::Model) -> Result<JobId, StoreError> {
    job.id
        .parse()
        .map_err(|error: crate::IdError| StoreError::Decode(error.to_string()))
}
