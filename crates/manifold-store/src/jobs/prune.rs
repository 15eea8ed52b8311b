//! Jobs that ended long ago are removed.

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use entity_core::enums::JobState;
use entity_core::{job_logs, jobs};
use sea_orm::sea_query::{Condition, Expr};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use super::Jobs;
use crate::{DatabaseManager as _, Durability, StoreError};

/// Jobs that one transaction removes, or whose logs it removes.
const JOBS_AT_ONCE: u64 = 200;

/// Lines of logs after which a transaction ends; one attempt has 10,000 at most.
const LINES_AT_ONCE: u64 = 5_000;

/// Nothing that can be restored, or verified, is left without the job that made it.
const NO_BACKUP: &str = r#"NOT EXISTS (SELECT 1 FROM "backups" WHERE "backups"."job_id" = "jobs"."id" AND "backups"."state" <> 'failed')"#;

/// A job that others still wait for stays.
const NOT_WAITED_FOR: &str = r#"NOT EXISTS (SELECT 1 FROM "job_dependencies" INNER JOIN "jobs" AS "waiting" ON "waiting"."id" = "job_dependencies"."job_id" WHERE "job_dependencies"."dependency_id" = "jobs"."id" AND "waiting"."state" IN ('blocked', 'pending', 'running'))"#;

const HAS_LOG: &str =
    r#"EXISTS (SELECT 1 FROM "job_logs" WHERE "job_logs"."job_id" = "jobs"."id")"#;

/// For how many days jobs that have ended are kept, and what they said; see [`crate::Settings::job_retention`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobRetention {
    /// Completed jobs; `jobs.keep_completed_days`.
    pub completed_days: u32,
    /// Failed jobs; `jobs.keep_failed_days`.
    pub failed_days: u32,
    /// Cancelled jobs; `jobs.keep_cancelled_days`.
    pub cancelled_days: u32,
    /// The logs of jobs, at most as long as the jobs; `jobs.keep_logs_days`.
    pub logs_days: u32,
}

/// What was removed, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrunedJobs {
    /// Completed jobs, with their attempts and steps.
    pub completed: u64,
    /// Failed jobs.
    pub failed: u64,
    /// Cancelled jobs.
    pub cancelled: u64,
    /// Lines of logs.
    pub log_lines: u64,
    /// Transactions that it took.
    pub batches: u64,
}

impl JobRetention {
    /// The final states, with the time before which jobs, and logs, are old.
    fn cutoffs(&self, now: DateTime<Utc>) -> [(JobState, DateTime<Utc>, DateTime<Utc>); 3] {
        let before = |days: u32| now - TimeDelta::days(i64::from(days));
        [
            (JobState::Completed, self.completed_days),
            (JobState::Failed, self.failed_days),
            (JobState::Cancelled, self.cancelled_days),
        ]
        .map(|(state, days)| (state, before(days), before(days.min(self.logs_days))))
    }
}

impl PrunedJobs {
    fn count(&mut self, state: JobState, jobs: u64) {
        match state {
            JobState::Completed => self.completed += jobs,
            JobState::Failed => self.failed += jobs,
            _ => self.cancelled += jobs,
        }
    }

    /// Jobs of all states.
    #[must_use]
    pub fn jobs(&self) -> u64 {
        self.completed + self.failed + self.cancelled
    }
}

impl Jobs {
    /// Removes the logs and the jobs that ended longer ago than they are kept. A job stays while a backup that it made
    /// exists, and while another that has not ended waits for it. What the import history says stays.
    ///
    /// It is done in small transactions with pauses between, so that others get to write; a crash leaves what was not
    /// removed yet, and several processes may do it at once.
    ///
    /// # Errors
    /// [`StoreError`] by meaning; what was removed until then is.
    pub async fn prune(&self, retention: JobRetention) -> Result<PrunedJobs, StoreError> {
        let mut pruned = PrunedJobs::default();
        for (state, jobs_before, logs_before) in retention.cutoffs(self.clock.now()) {
            let mut after = None;
            loop {
                let old = old(state, logs_before).filter(Expr::cust(HAS_LOG));
                let batch = self.batch(old, &mut after).await?;
                if batch.is_empty() {
                    break;
                }
                self.prune_logs(&batch, &mut pruned).await?;
            }
            let mut after = None;
            loop {
                let batch = self
                    .batch(removable(state, jobs_before), &mut after)
                    .await?;
                if batch.is_empty() {
                    break;
                }
                let began = Instant::now();
                // Asked again: a job may have been retried meanwhile.
                let remove = jobs::Entity::delete_many()
                    .filter(jobs::Column::Id.is_in(batch))
                    .filter(is_old(state, jobs_before))
                    .filter(may_go());
                let removed = self
                    .manager
                    .core()
                    .write_with(Durability::Relaxed, async |transaction| {
                        transaction.exec(remove).await
                    })
                    .await?;
                pruned.count(state, removed.rows_affected);
                pruned.batches += 1;
                tokio::time::sleep(began.elapsed()).await;
            }
        }
        Ok(pruned)
    }

    /// What [`Jobs::prune`] would remove. Reads only.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn prunable(&self, retention: JobRetention) -> Result<PrunedJobs, StoreError> {
        let core = self.manager.core();
        let mut prunable = PrunedJobs::default();
        for (state, jobs_before, logs_before) in retention.cutoffs(self.clock.now()) {
            prunable.count(state, core.count(removable(state, jobs_before)).await?);
            let of_old = jobs::Entity::find()
                .select_only()
                .column(jobs::Column::Id)
                .filter(is_old(state, logs_before));
            let lines = job_logs::Entity::find().filter(
                job_logs::Column::JobId.in_subquery(sea_orm::QueryTrait::into_query(of_old)),
            );
            prunable.log_lines += core.count(lines).await?;
        }
        Ok(prunable)
    }

    /// The next few of these jobs, behind `after`.
    async fn batch(
        &self,
        among: sea_orm::Select<jobs::Entity>,
        after: &mut Option<(DateTime<Utc>, String)>,
    ) -> Result<Vec<String>, StoreError> {
        const BEHIND: &str = r#"("jobs"."finished_at", "jobs"."id") > (?, ?)"#;
        let mut next = among
            .order_by_asc(jobs::Column::FinishedAt)
            .order_by_asc(jobs::Column::Id)
            .limit(JOBS_AT_ONCE);
        if let Some((finished_at, id)) = after.take() {
            let values: [sea_orm::Value; 2] = [finished_at.into(), id.into()];
            next = next.filter(Expr::cust_with_values(BEHIND, values));
        }
        let batch = self.manager.core().all(next).await?;
        *after = batch
            .last()
            .and_then(|job| Some((job.finished_at?, job.id.clone())));
        Ok(batch.into_iter().map(|job| job.id).collect())
    }

    async fn prune_logs(
        &self,
        batch: &[String],
        pruned: &mut PrunedJobs,
    ) -> Result<(), StoreError> {
        let mut left = batch.iter();
        while left.len() > 0 {
            let began = Instant::now();
            let removed = self
                .manager
                .core()
                .write_with::<_, StoreError>(Durability::Relaxed, async |transaction| {
                    let mut removed = 0;
                    while removed < LINES_AT_ONCE
                        && let Some(job) = left.next()
                    {
                        let lines =
                            job_logs::Entity::delete_many().filter(job_logs::Column::JobId.eq(job));
                        removed += transaction.exec(lines).await?.rows_affected;
                    }
                    Ok(removed)
                })
                .await?;
            pruned.log_lines += removed;
            pruned.batches += 1;
            tokio::time::sleep(began.elapsed()).await;
        }
        Ok(())
    }
}

fn is_old(state: JobState, before: DateTime<Utc>) -> Condition {
    Condition::all()
        .add(jobs::Column::State.eq(state))
        .add(jobs::Column::FinishedAt.lt(before))
}

fn may_go() -> Condition {
    Condition::all()
        .add(Expr::cust(NO_BACKUP))
        .add(Expr::cust(NOT_WAITED_FOR))
}

fn old(state: JobState, before: DateTime<Utc>) -> sea_orm::Select<jobs::Entity> {
    jobs::Entity::find().filter(is_old(state, before))
}

fn removable(state: JobState, before: DateTime<Utc>) -> sea_orm::Select<jobs::Entity> {
    old(state, before).filter(may_go())
}
