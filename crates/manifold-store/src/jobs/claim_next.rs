//! A worker takes the job whose turn it is.

use chrono::{DateTime, Utc};
use entity_core::{job_lanes, job_queues, jobs};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::{Claim, Jobs, JobsError, claim, lanes};
use crate::{CoreTransaction, DatabaseManager as _, Durability, StoreError, fail_point};

impl Jobs {
    /// Begins an attempt, for this process, at the job whose turn it is, among those of the given kinds; in the given
    /// queues, or in all. `None` when there is nothing to begin now.
    ///
    /// A job's turn comes when its time has come, its queue is neither paused nor full, and its project does not run
    /// as many jobs as it may. The smallest priority comes first; within it projects take turns, whoever has more
    /// jobs; within a project the job with the earliest time comes first. Of several queues the one whose job has
    /// waited longest is served. The time it takes does not grow with the number of jobs that wait or have ended. A
    /// kind that no worker of a queue knows belongs in a queue of its own: its jobs are passed over one by one.
    ///
    /// # Errors
    /// [`JobsError::Store`] by meaning.
    pub async fn claim_next(
        &self,
        kinds: &[&str],
        queues: Option<&[String]>,
    ) -> Result<Option<Claim>, JobsError> {
        let worker = self.manager.worker().await?.id();
        self.manager
            .core()
            .write_with(Durability::Relaxed, async |transaction| {
                let now = self.clock.now();
                let mut open = Vec::new();
                for queue in names(transaction, queues).await? {
                    if is_open(transaction, &queue).await? {
                        lanes::let_in(transaction, &queue, now).await?;
                        open.push(queue);
                    }
                }
                let Some(job) = next(transaction, &open, kinds, now).await? else {
                    return Ok(None);
                };
                let claim = claim::begin(transaction, job, worker, now).await?;
                fail_point!("job-claimed");
                Ok(Some(claim))
            })
            .await
    }

    /// When the next job of the given queues, or of all, may have its turn: now or earlier when one waits for nothing
    /// but a worker or a limit; `None` when none waits. Reads only.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn next_due(
        &self,
        queues: Option<&[String]>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.manager
            .core()
            .read(async |transaction| {
                let mut earliest = None;
                for queue in names(transaction, queues).await? {
                    let in_turn = transaction.one(lanes::in_turn(&queue)).await?;
                    let not_yet = transaction.one(lanes::not_yet(&queue)).await?;
                    let due = in_turn.into_iter().chain(not_yet).map(|lane| lane.due_at);
                    earliest = earliest.into_iter().chain(due).min();
                }
                Ok(earliest)
            })
            .await
    }
}

/// The queues that are meant: those given, or all in which jobs wait.
async fn names(
    transaction: &CoreTransaction,
    queues: Option<&[String]>,
) -> Result<Vec<String>, StoreError> {
    if let Some(queues) = queues {
        return Ok(queues.to_vec());
    }
    let mut names: Vec<String> = Vec::new();
    loop {
        let last = names.last().map_or("", String::as_str);
        match transaction.one(lanes::queue_behind(last)).await? {
            Some(lane) => names.push(lane.queue),
            None => return Ok(names),
        }
    }
}

/// Whether a queue lets another job begin.
async fn is_open(transaction: &CoreTransaction, queue: &str) -> Result<bool, StoreError> {
    // The predicate of the index, as it stands there: a bound value would not match it.
    const RUNNING: &str = r#""jobs"."state" = 'running'"#;
    let row = transaction
        .one(job_queues::Entity::find_by_id(queue))
        .await?;
    let most = match row {
        Some(row) if row.paused_at.is_some() => return Ok(false),
        Some(row) => row.max_running,
        None => None,
    };
    let Some(most) = most else {
        return Ok(true);
    };
    let running = jobs::Entity::find()
        .filter(jobs::Column::Queue.eq(queue))
        .filter(Expr::cust(RUNNING));
    let running = transaction.count(running).await?;
    Ok(i64::try_from(running).is_ok_and(|running| running < most))
}

/// The job whose turn it is.
async fn next(
    transaction: &CoreTransaction,
    queues: &[String],
    kinds: &[&str],
    now: DateTime<Utc>,
) -> Result<Option<jobs::Model>, StoreError> {
    let mut heads: Vec<job_lanes::Model> = Vec::new();
    for queue in queues {
        heads.extend(lanes::next(transaction, queue, None).await?);
    }
    loop {
        let ranked = heads.iter().enumerate();
        let first = ranked.min_by_key(|(_, lane)| (lane.priority, lane.due_at));
        let Some((place, _)) = first else {
            return Ok(None);
        };
        let lane = heads.swap_remove(place);
        match lanes::first(transaction, &lane, kinds).await? {
            Some(job) if job.run_at <= now => return Ok(Some(job)),
            _ => {
                lanes::tidy(transaction, &lane, now).await?;
                let after = lane.turn.map(|turn| (lane.priority, turn));
                heads.extend(lanes::next(transaction, &lane.queue, after).await?);
            }
        }
    }
}
