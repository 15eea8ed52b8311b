//! A worker takes the job whose turn it is.

use chrono::{DateTime, Utc};
use entity_core::{job_lanes, jobs};

use super::{Claim, Jobs, JobsError, claim, lanes};
use crate::{CoreTransaction, DatabaseManager as _, Durability, StoreError, WorkerId, fail_point};

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
                take_next(transaction, kinds, queues, worker, self.clock.now()).await
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

/// Begins an attempt, for `worker`, at the job whose turn it is, as [`Jobs::claim_next`] does.
pub(super) async fn take_next(
    transaction: &CoreTransaction,
    kinds: &[&str],
    queues: Option<&[String]>,
    worker: &WorkerId,
    now: DateTime<Utc>,
) -> Result<Option<Claim>, JobsError> {
    let mut open = Vec::new();
    for queue in waiting(transaction, queues, now).await? {
        if queue.is_open {
            if queue.has_due {
                lanes::let_in(transaction, &queue.name, now).await?;
            }
            open.push(queue.name);
        }
    }
    let Some(job) = next(transaction, &open, kinds, now).await? else {
        return Ok(None);
    };
    let claim = claim::begin(transaction, job, worker, now).await?;
    fail_point!("job-claimed");
    Ok(Some(claim))
}

/// A queue in which jobs wait.
#[derive(Debug)]
struct Queue {
    name: String,
    /// Whether it lets another job begin.
    is_open: bool,
    /// Whether the time of a lane has come that has no turn yet.
    has_due: bool,
}

/// A queue, from the first of its lanes; the predicates stand here as they do in the indexes.
macro_rules! queue_where {
    ($condition:literal) => {
        concat!(
            r#"SELECT "job_lanes"."queue",
                "job_queues"."paused_at" IS NULL AND ("job_queues"."max_running" IS NULL OR "job_queues"."max_running" >
                    (SELECT COUNT(*) FROM "jobs" WHERE "jobs"."queue" = "job_lanes"."queue" AND "jobs"."state" = 'running')),
                EXISTS (SELECT 1 FROM "job_lanes" AS "later"
                    WHERE "later"."queue" = "job_lanes"."queue" AND "later"."turn" IS NULL AND "later"."due_at" <= ?2)
            FROM "job_lanes" LEFT JOIN "job_queues" ON "job_queues"."name" = "job_lanes"."queue"
            WHERE "job_lanes"."queue" "#,
            $condition,
            r#" ORDER BY "job_lanes"."queue" LIMIT 1"#
        )
    };
}

/// The queues in which jobs wait, of those that are meant.
async fn waiting(
    transaction: &CoreTransaction,
    queues: Option<&[String]>,
    now: DateTime<Utc>,
) -> Result<Vec<Queue>, StoreError> {
    const NAMED: &str = queue_where!("= ?1");
    const BEHIND: &str = queue_where!("> ?1");
    let look = async |sql, name: &str| {
        let values = [name.into(), now.into()];
        let found = transaction.short(sql, &values, |row| {
            Ok(Queue {
                name: row.get(0)?,
                is_open: row.get(1)?,
                has_due: row.get(2)?,
            })
        });
        Ok::<_, StoreError>(found.await?.pop())
    };
    let mut found: Vec<Queue> = Vec::new();
    if let Some(queues) = queues {
        for name in queues {
            found.extend(look(NAMED, name).await?);
        }
        return Ok(found);
    }
    loop {
        let last = found.last().map_or("", |queue| queue.name.as_str());
        match look(BEHIND, last).await? {
            Some(queue) => found.push(queue),
            None => return Ok(found),
        }
    }
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
