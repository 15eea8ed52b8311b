//! A job is written down.

use chrono::{DateTime, Utc};
use entity_core::enums::JobState;
use entity_core::jobs;
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use serde_json::Value as Json;

use super::{Jobs, JobsError, PlannedFor, dependencies, lanes};
use crate::{CoreTransaction, DatabaseManager as _, JobId, ProjectId, ScheduleId, StoreError};

/// The queue of jobs that name no other.
pub const DEFAULT_QUEUE: &str = "default";

/// A job to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its id.
    pub id: JobId,
    /// What is to be done, such as `import_file`.
    pub kind: String,
    /// The project it works on. Projects take turns, and may have a limit of jobs that run at once.
    pub project_id: Option<ProjectId>,
    /// What it needs to know, enough to do it in another process.
    pub payload: Json,
    /// How often it may be begun, at least 1. Attempts that a shutdown ended do not count.
    pub max_attempts: i64,
    /// How often processes may die under it, at least 1.
    pub max_crashes: i64,
    /// Which workers do it: those that serve this queue.
    pub queue: String,
    /// Jobs of a smaller number are begun before those of a greater one, whatever their time; usually 0.
    pub priority: i64,
    /// Not before this time; `None` is now.
    pub run_at: Option<DateTime<Utc>>,
    /// Of the jobs that have not ended at most one has this key.
    pub unique_key: Option<String>,
    /// The state of its project for which it was planned: in another one it fails before it writes.
    pub planned_for: Option<PlannedFor>,
    /// The jobs that must be completed first. When one of them ends without success this one is cancelled.
    pub depends_on: Vec<JobId>,
    /// The slot of a schedule that it is for; each slot has at most one job.
    pub slot: Option<Slot>,
}

/// A time at which a schedule wants its job done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The schedule.
    pub schedule_id: ScheduleId,
    /// The time.
    pub scheduled_for: DateTime<Utc>,
}

impl NewJob {
    /// A job with a new id that is done as soon as possible, at most once, and waits for nothing.
    #[must_use]
    pub fn new(kind: impl Into<String>, payload: Json) -> Self {
        Self {
            id: JobId::new(),
            kind: kind.into(),
            project_id: None,
            payload,
            max_attempts: 1,
            max_crashes: 1,
            queue: DEFAULT_QUEUE.to_owned(),
            priority: 0,
            run_at: None,
            unique_key: None,
            planned_for: None,
            depends_on: Vec::new(),
            slot: None,
        }
    }
}

/// What became of a request to do a job.
#[derive(Debug, Clone, PartialEq)]
pub struct Enqueued {
    /// The job: the new one, or the one that has its unique key.
    pub job: jobs::Model,
    /// Whether it is the new one.
    pub is_new: bool,
}

impl Jobs {
    /// Writes a job down in the caller's transaction: it exists if and only if that commits. It is `pending`, or
    /// `blocked` while others must be completed first. When a job that has not ended has its unique key, nothing is
    /// written and that job is returned.
    ///
    /// Workers of this process notice it at once when [`Jobs::wake`] is called after the commit, others within a
    /// second.
    ///
    /// # Errors
    /// [`JobsError::DependencyFailed`] when one of the jobs it waits for has already ended without success;
    /// [`StoreError::NotFound`] when there is no such job, [`StoreError::ForeignKey`] when there is no such project;
    /// others by meaning.
    pub async fn enqueue(
        &self,
        transaction: &CoreTransaction,
        new: NewJob,
    ) -> Result<Enqueued, JobsError> {
        enqueue(transaction, new, self.clock.now()).await
    }

    /// Writes a job down in a transaction of its own and tells the workers of this process. It is on the disk when
    /// this returns.
    ///
    /// # Errors
    /// As [`Jobs::enqueue`].
    pub async fn submit(&self, new: NewJob) -> Result<Enqueued, JobsError> {
        let enqueued = self
            .manager
            .core()
            .write(async |transaction| self.enqueue(transaction, new).await)
            .await?;
        self.wake();
        Ok(enqueued)
    }
}

/// As [`Jobs::enqueue`], at this time.
pub(crate) async fn enqueue(
    transaction: &CoreTransaction,
    new: NewJob,
    now: DateTime<Utc>,
) -> Result<Enqueued, JobsError> {
    if let Some(key) = &new.unique_key
        && let Some(job) = live(transaction, key).await?
    {
        return Ok(Enqueued { job, is_new: false });
    }
    let mut depends_on = new.depends_on;
    depends_on.sort_unstable();
    depends_on.dedup();
    let (schedule_id, scheduled_for) = match new.slot {
        Some(slot) => (Some(slot.schedule_id.to_string()), Some(slot.scheduled_for)),
        None => (None, None),
    };
    let pending =
        dependencies::unfinished(transaction, &depends_on, schedule_id.as_deref()).await?;
    let concurrency_key = new.project_id.as_ref().map(ToString::to_string);
    let planned_for = new.planned_for.map(serde_json::to_value).transpose();
    let planned_for = planned_for
        .map_err(|error| StoreError::Decode(format!("what a job was planned for: {error}")))?;
    let job = transaction
        .insert(jobs::ActiveModel {
            id: Set((&new.id).into()),
            project_id: Set(new.project_id.map(Into::into)),
            kind: Set(new.kind),
            state: Set(if pending > 0 {
                JobState::Blocked
            } else {
                JobState::Pending
            }),
            payload: Set(new.payload),
            result: Set(None),
            error_code: Set(None),
            error_message: Set(None),
            attempt: Set(0),
            max_attempts: Set(new.max_attempts.max(1)),
            crash_count: Set(0),
            lease_token: Set(0),
            worker_id: Set(None),
            cancel_requested_at: Set(None),
            progress: Set(None),
            step: Set(None),
            items_done: Set(None),
            items_total: Set(None),
            unit: Set(None),
            rate: Set(None),
            eta_at: Set(None),
            cancel_reason: Set(None),
            planned_for: Set(planned_for),
            created_at: Set(now),
            started_at: Set(None),
            finished_at: Set(None),
            queue: Set(new.queue),
            priority: Set(new.priority),
            concurrency_key: Set(concurrency_key.unwrap_or_default()),
            run_at: Set(new.run_at.unwrap_or(now)),
            unique_key: Set(new.unique_key),
            pending_dependencies: Set(pending),
            max_crashes: Set(new.max_crashes.max(1)),
            schedule_id: Set(schedule_id),
            scheduled_for: Set(scheduled_for),
        })
        .await?;
    dependencies::record(transaction, &new.id, &depends_on).await?;
    if job.state == JobState::Pending {
        lanes::refresh(transaction, &job, false, now).await?;
    }
    Ok(Enqueued { job, is_new: true })
}

/// Jobs that have not ended: the predicate of the indexes, as it stands there.
pub(crate) const LIVE: &str = r#""jobs"."state" IN ('blocked', 'pending', 'running')"#;

/// The job with this unique key that has not ended.
pub(super) async fn live(
    transaction: &CoreTransaction,
    unique_key: &str,
) -> Result<Option<jobs::Model>, StoreError> {
    let live = jobs::Entity::find()
        .filter(jobs::Column::UniqueKey.eq(unique_key))
        .filter(Expr::cust(LIVE));
    transaction.one(live).await
}
