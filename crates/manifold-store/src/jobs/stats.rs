//! How many jobs there are, and how they went.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use entity_core::enums::{ExecutionState, JobState};
use entity_core::{job_executions, jobs};
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, FromQueryResult, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};

use super::Jobs;
use crate::{DatabaseManager as _, StoreError};

/// Completed jobs of a kind whose durations are looked at, the newest.
const MEASURED: u64 = 1_000;

/// How the jobs of one kind went.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct KindStats {
    /// How many there are in each state.
    pub states: Vec<(JobState, i64)>,
    /// Attempts behind the first one of a job.
    pub retries: i64,
    /// Attempts whose process died.
    pub crashes: i64,
    /// How long the last attempts of the newest 1,000 completed jobs took, shortest first.
    pub durations: Vec<TimeDelta>,
}

impl KindStats {
    /// The duration below which this share of the jobs stayed, from 0 to 1.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<TimeDelta> {
        let last = self.durations.len().checked_sub(1)?;
        // Nearest rank: a duration that a job really had.
        let rank = (share.clamp(0.0, 1.0) * last as f64).round() as usize;
        self.durations.get(rank).copied()
    }
}

#[derive(Debug, FromQueryResult)]
struct StateCount {
    kind: String,
    state: JobState,
    jobs: i64,
    begun: i64,
}

#[derive(Debug, FromQueryResult)]
struct AttemptCount {
    kind: String,
    state: ExecutionState,
    attempts: i64,
}

#[derive(Debug, FromQueryResult)]
struct Took {
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl Jobs {
    /// How the jobs of each kind went, by name of the kind. Reads every job once.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn stats(&self) -> Result<BTreeMap<String, KindStats>, StoreError> {
        let core = self.manager.core();
        let counts = jobs::Entity::find()
            .select_only()
            .column(jobs::Column::Kind)
            .column(jobs::Column::State)
            .column_as(jobs::Column::Id.count(), "jobs")
            .column_as(jobs::Column::StartedAt.count(), "begun")
            .group_by(jobs::Column::Kind)
            .group_by(jobs::Column::State);
        let mut stats: BTreeMap<String, KindStats> = BTreeMap::new();
        for count in core.all_as::<StateCount, _>(counts).await? {
            let kind = stats.entry(count.kind).or_default();
            kind.states.push((count.state, count.jobs));
            kind.retries -= count.begun; // the first attempts are none
        }
        let attempts = job_executions::Entity::find()
            .inner_join(jobs::Entity)
            .select_only()
            .column(jobs::Column::Kind)
            .column(job_executions::Column::State)
            .column_as(job_executions::Column::Id.count(), "attempts")
            .group_by(jobs::Column::Kind)
            .group_by(job_executions::Column::State);
        for count in core.all_as::<AttemptCount, _>(attempts).await? {
            let kind = stats.entry(count.kind).or_default();
            kind.retries += count.attempts;
            if count.state == ExecutionState::Crashed {
                kind.crashes += count.attempts;
            }
        }
        for (name, kind) in &mut stats {
            kind.retries = kind.retries.max(0);
            kind.durations = self.durations(name).await?;
        }
        Ok(stats)
    }

    async fn durations(&self, kind: &str) -> Result<Vec<TimeDelta>, StoreError> {
        let newest = jobs::Entity::find()
            .select_only()
            .columns([jobs::Column::StartedAt, jobs::Column::FinishedAt])
            .filter(jobs::Column::State.eq(JobState::Completed))
            .filter(jobs::Column::Kind.eq(kind))
            .order_by_desc(jobs::Column::CreatedAt)
            .order_by_desc(jobs::Column::Id)
            .limit(MEASURED);
        let newest = self.manager.core().all_as::<Took, _>(newest).await?;
        let took = newest
            .into_iter()
            .filter_map(|job| Some(job.finished_at? - job.started_at?));
        let mut took: Vec<_> = took.collect();
        took.sort_unstable();
        Ok(took)
    }
}
