//! Why a job does not run, or who runs it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entity_core::enums::{ExecutionState, JobState};
use entity_core::{job_limits, job_queues, job_workers, jobs};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QuerySelect as _};

use super::crews::Crew;
use super::{Jobs, dependencies, transition};
use crate::{DatabaseManager as _, JobId, StoreError};

/// A running attempt says that it goes on every 15 s; one that was not heard of for so long is silent.
pub const SILENT_AFTER: Duration = Duration::from_secs(60);

/// Other jobs that are named at most.
const NAMED: u64 = 10;

/// Why a job does not run, or who runs it: everything that is so at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The job.
    pub job: jobs::Model,
    /// What there is to say, what decides first.
    pub reasons: Vec<Reason>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It has ended.
    Ended,
    /// An attempt runs.
    Runs {
        /// Its process, if it is known.
        process: Option<job_workers::Model>,
        /// Since when.
        since: DateTime<Utc>,
        /// When it was last heard of.
        heard_of: DateTime<Utc>,
        /// Whether it was not heard of for [`SILENT_AFTER`].
        silent: bool,
    },
    /// Somebody asked it to stop.
    StopRequested {
        /// When.
        at: DateTime<Utc>,
    },
    /// Others must be completed first; at most ten of them.
    WaitsFor(Vec<jobs::Model>),
    /// Its time has not come.
    NotYet {
        /// When it comes.
        run_at: DateTime<Utc>,
    },
    /// Its queue begins no job.
    QueuePaused {
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Its queue runs as many jobs as it may.
    QueueFull {
        /// How many.
        most: i64,
    },
    /// Its project runs as many jobs as it may.
    ProjectFull {
        /// How many.
        most: i64,
        /// Those that run, at most ten.
        running: Vec<jobs::Model>,
    },
    /// No worker runs.
    NoWorker,
    /// None of the workers that run begins jobs of its queue and kind.
    NotServed(Vec<Crew>),
    /// It waits for its turn at these workers.
    InTurn {
        /// Those that will begin it.
        crews: Vec<Crew>,
        /// Other jobs of its queue whose time has come.
        others: u64,
    },
}

impl Jobs {
    /// Says why a job does not run, or who runs it. Reads only.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; others by meaning.
    pub async fn explain(&self, job: &JobId) -> Result<Explanation, StoreError> {
        let core = self.manager.core();
        let found = core
            .read(async |transaction| transition::find(transaction, job).await)
            .await?;
        let mut reasons = Vec::new();
        match found.state {
            JobState::Completed | JobState::Failed | JobState::Cancelled => {
                reasons.push(Reason::Ended);
            }
            JobState::Running => reasons.extend(self.running(&found, job).await?),
            JobState::Blocked => reasons.push(self.waits_for(job).await?),
            JobState::Pending => {}
        }
        if let (Some(at), JobState::Running) = (found.cancel_requested_at, found.state) {
            reasons.push(Reason::StopRequested { at });
        }
        if found.state == JobState::Pending {
            self.waiting(&found, &mut reasons).await?;
        }
        Ok(Explanation {
            job: found,
            reasons,
        })
    }

    async fn running(
        &self,
        found: &jobs::Model,
        job: &JobId,
    ) -> Result<Option<Reason>, StoreError> {
        let attempts = self.executions(job).await?;
        let Some(attempt) = attempts
            .into_iter()
            .rfind(|attempt| attempt.state == ExecutionState::Running)
        else {
            return Ok(None);
        };
        let process = match &found.worker_id {
            Some(id) => self.worker(id).await?,
            None => None,
        };
        let heard_of = attempt.heartbeat_at.unwrap_or(attempt.started_at);
        let silence = (self.clock.now() - heard_of).to_std().unwrap_or_default();
        Ok(Some(Reason::Runs {
            process,
            since: attempt.started_at,
            heard_of,
            silent: silence >= SILENT_AFTER,
        }))
    }

    async fn waits_for(&self, job: &JobId) -> Result<Reason, StoreError> {
        let core = self.manager.core();
        let ids = core
            .read(async |transaction| dependencies::of(transaction, job).await)
            .await?;
        let open = jobs::Entity::find()
            .filter(jobs::Column::Id.is_in(ids))
            .filter(jobs::Column::State.ne(JobState::Completed))
            .limit(NAMED);
        Ok(Reason::WaitsFor(core.all(open).await?))
    }

    /// What keeps a pending job from being begun.
    async fn waiting(
        &self,
        found: &jobs::Model,
        reasons: &mut Vec<Reason>,
    ) -> Result<(), StoreError> {
        let (core, now) = (self.manager.core(), self.clock.now());
        if found.run_at > now {
            let run_at = found.run_at;
            reasons.push(Reason::NotYet { run_at });
        }
        let queue = job_queues::Entity::find_by_id(found.queue.as_str());
        if let Some(queue) = core.one(queue).await? {
            let running = self.running_of(jobs::Column::Queue, &found.queue).await?;
            match (queue.paused_at, queue.max_running) {
                (Some(since), _) => reasons.push(Reason::QueuePaused { since }),
                (None, Some(most)) if is_full(running.len(), most) => {
                    reasons.push(Reason::QueueFull { most });
                }
                _ => {}
            }
        }
        let key = found.concurrency_key.as_str();
        if let Some(limit) = core.one(job_limits::Entity::find_by_id(key)).await? {
            let most = limit.max_running;
            let mut running = self.running_of(jobs::Column::ConcurrencyKey, key).await?;
            if is_full(running.len(), most) {
                running.truncate(NAMED as usize);
                reasons.push(Reason::ProjectFull { most, running });
            }
        }
        let (serving, rest): (Vec<_>, Vec<_>) = self
            .crews()
            .await?
            .into_iter()
            .partition(|crew| crew.serves(&found.queue, &found.kind));
        if serving.is_empty() {
            reasons.push(if rest.is_empty() {
                Reason::NoWorker
            } else {
                Reason::NotServed(rest)
            });
        } else if reasons.is_empty() {
            let others = self.others_due(found, now).await?;
            let crews = serving;
            reasons.push(Reason::InTurn { crews, others });
        }
        Ok(())
    }

    async fn running_of(
        &self,
        column: jobs::Column,
        value: &str,
    ) -> Result<Vec<jobs::Model>, StoreError> {
        // The predicate of the index, as it stands there: a bound value would not match it.
        const RUNNING: &str = r#""jobs"."state" = 'running'"#;
        let running = jobs::Entity::find()
            .filter(Expr::cust(RUNNING))
            .filter(column.eq(value));
        self.manager.core().all(running).await
    }

    async fn others_due(&self, found: &jobs::Model, now: DateTime<Utc>) -> Result<u64, StoreError> {
        const PENDING: &str = r#""jobs"."state" = 'pending'"#;
        let others = jobs::Entity::find()
            .filter(Expr::cust(PENDING))
            .filter(jobs::Column::Queue.eq(&found.queue))
            .filter(jobs::Column::RunAt.lte(now))
            .filter(jobs::Column::Id.ne(&found.id));
        self.manager.core().count(others).await
    }
}

fn is_full(running: usize, most: i64) -> bool {
    i64::try_from(running).is_ok_and(|running| running >= most)
}
