//! Whose turn it is: the waiting jobs of one queue, priority and concurrency key stand in a lane, in order of their
//! time, and lanes take turns.
//!
//! A lane's row is a hint and `jobs` is the truth: whoever makes a job wait brings its lane up to date in the same
//! transaction, and whoever finds a lane empty removes it. So a claim reads the first lane and the first job in it,
//! however many jobs and projects wait.

use chrono::{DateTime, Utc};
use entity_core::{job_lanes, jobs};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _, Select, Value,
};

use crate::inline::Kept;
use crate::{CoreTransaction, StoreError};

/// Lanes whose time has come that one claim lets in.
const LET_IN_AT_ONCE: u64 = 100;

/// Brings the lane of `job` up to date after a job came into it or left it. A lane that was `served` goes behind all
/// others.
pub(super) async fn refresh(
    transaction: &CoreTransaction,
    job: &jobs::Model,
    served: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let key = (job.queue.clone(), job.priority, job.concurrency_key.clone());
    bring_up_to_date(transaction, key, served, now).await
}

/// Brings a lane up to date in which no job was found to begin now.
pub(super) async fn tidy(
    transaction: &CoreTransaction,
    lane: &job_lanes::Model,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let key = (
        lane.queue.clone(),
        lane.priority,
        lane.concurrency_key.clone(),
    );
    bring_up_to_date(transaction, key, false, now).await
}

async fn bring_up_to_date(
    transaction: &CoreTransaction,
    (queue, priority, concurrency_key): (String, i64, String),
    served: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // The time of the lane's first job, the last turn of all lanes beside it, and the lane as it is.
    const STANDING: &str = r#"SELECT
        (SELECT "run_at" FROM "jobs" WHERE "state" = 'pending' AND "queue" = ?1 AND "priority" = ?2 AND "concurrency_key" = ?3 ORDER BY "run_at", "id" LIMIT 1),
        (SELECT "turn" FROM "job_lanes" WHERE "queue" = ?1 AND "priority" = ?2 AND "turn" IS NOT NULL ORDER BY "turn" DESC LIMIT 1),
        (SELECT "turn" FROM "job_lanes" WHERE "queue" = ?1 AND "priority" = ?2 AND "concurrency_key" = ?3),
        (SELECT "due_at" FROM "job_lanes" WHERE "queue" = ?1 AND "priority" = ?2 AND "concurrency_key" = ?3)"#;
    const REMOVE: &str = r#"DELETE FROM "job_lanes" WHERE "queue" = ?1 AND "priority" = ?2 AND "concurrency_key" = ?3"#;
    const PUT: &str = r#"INSERT INTO "job_lanes" ("queue", "priority", "concurrency_key", "turn", "due_at") VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT ("queue", "priority", "concurrency_key") DO UPDATE SET "turn" = "excluded"."turn", "due_at" = "excluded"."due_at""#;
    type Standing = (Option<String>, Option<i64>, Option<i64>, Option<String>);
    let mut values: Vec<Value> = vec![queue.into(), priority.into(), concurrency_key.into()];
    let standing = transaction
        .short(STANDING, &values, |row| -> rusqlite::Result<Standing> {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })
        .await?;
    let (first, last_turn, turn, due) = standing.into_iter().next().unwrap_or_default();
    let Some(first) = first else {
        if due.is_some() {
            transaction.run(REMOVE, &values).await?;
        }
        return Ok(());
    };
    let first_at = time(&first)?;
    let wanted = match turn {
        _ if first_at > now => None,
        Some(turn) if !served => Some(turn),
        _ => Some(last_turn.unwrap_or(0) + 1),
    };
    if (due.as_ref(), turn) != (Some(&first), wanted) {
        values.extend([wanted.into(), first_at.into()]);
        transaction.run(PUT, &values).await?;
    }
    Ok(())
}

/// A time as it is stored.
fn time(stored: &str) -> Result<DateTime<Utc>, StoreError> {
    DateTime::parse_from_rfc3339(stored)
        .map(|time| time.with_timezone(&Utc))
        .map_err(|error| StoreError::Decode(format!("the time {stored:?} of a job: {error}")))
}

/// Gives a turn to the lanes of a queue whose time has come.
pub(super) async fn let_in(
    transaction: &CoreTransaction,
    queue: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let due = not_yet(queue)
        .filter(job_lanes::Column::DueAt.lte(now))
        .limit(LET_IN_AT_ONCE);
    for lane in transaction.all(due).await? {
        let turn = last_turn(transaction, queue, lane.priority).await? + 1;
        let mut lane = lane.into_active_model();
        lane.turn = Set(Some(turn));
        transaction.update(lane).await?;
    }
    Ok(())
}

/// The lane of a queue whose turn it is among those behind `after`, a priority and turn; lanes whose key runs as many
/// jobs as it may are passed over.
pub(super) async fn next(
    transaction: &CoreTransaction,
    queue: &str,
    after: Option<(i64, i64)>,
) -> Result<Option<job_lanes::Model>, StoreError> {
    // Only keys with running jobs can be full, so few lanes are passed over.
    const NOT_FULL: &str = r#"NOT EXISTS (SELECT 1 FROM "job_limits" WHERE "job_limits"."concurrency_key" = "job_lanes"."concurrency_key" AND "job_limits"."max_running" <= (SELECT COUNT(*) FROM "jobs" WHERE "jobs"."concurrency_key" = "job_lanes"."concurrency_key" AND "jobs"."state" = 'running'))"#;
    const BEHIND: &str = r#"("job_lanes"."priority", "job_lanes"."turn") > (?, ?)"#;
    let mut values: Vec<Value> = vec![queue.into()];
    values.extend(after.into_iter().flat_map(|(a, b)| [a.into(), b.into()]));
    values.push(1_u64.into());
    let next = Kept::select("the next lane", values, || {
        let lanes = in_turn(queue).filter(Expr::cust(NOT_FULL)).limit(1);
        match after {
            Some((priority, turn)) => {
                lanes.filter(Expr::cust_with_values(BEHIND, [priority, turn]))
            }
            None => lanes,
        }
    });
    transaction.one(next).await
}

/// The first job of a lane that is of one of these kinds.
pub(super) async fn first(
    transaction: &CoreTransaction,
    lane: &job_lanes::Model,
    kinds: &[&str],
) -> Result<Option<jobs::Model>, StoreError> {
    if kinds.is_empty() {
        return Ok(None);
    }
    let mut values: Vec<Value> = vec![
        lane.queue.as_str().into(),
        lane.priority.into(),
        lane.concurrency_key.as_str().into(),
    ];
    values.extend(kinds.iter().map(|kind| Value::from(*kind)));
    values.push(1_u64.into());
    let first = Kept::select("the first job of a lane", values, || {
        waiting(&lane.queue, lane.priority, &lane.concurrency_key)
            .filter(jobs::Column::Kind.is_in(kinds.iter().copied()))
            .limit(1)
    });
    transaction.one(first).await
}

/// The lanes of a queue that have a turn, in order.
pub(super) fn in_turn(queue: &str) -> Select<job_lanes::Entity> {
    job_lanes::Entity::find()
        .filter(job_lanes::Column::Queue.eq(queue))
        .filter(job_lanes::Column::Turn.is_not_null())
        .order_by_asc(job_lanes::Column::Priority)
        .order_by_asc(job_lanes::Column::Turn)
}

/// The lanes of a queue that wait for their time, the next one first.
pub(super) fn not_yet(queue: &str) -> Select<job_lanes::Entity> {
    job_lanes::Entity::find()
        .filter(job_lanes::Column::Queue.eq(queue))
        .filter(job_lanes::Column::Turn.is_null())
        .order_by_asc(job_lanes::Column::DueAt)
}

/// The first queue behind `name` in which jobs wait.
pub(super) fn queue_behind(name: &str) -> Select<job_lanes::Entity> {
    job_lanes::Entity::find()
        .filter(job_lanes::Column::Queue.gt(name))
        .order_by_asc(job_lanes::Column::Queue)
        .limit(1)
}

async fn last_turn(
    transaction: &CoreTransaction,
    queue: &str,
    priority: i64,
) -> Result<i64, StoreError> {
    let last = job_lanes::Entity::find()
        .filter(job_lanes::Column::Queue.eq(queue))
        .filter(job_lanes::Column::Priority.eq(priority))
        .filter(job_lanes::Column::Turn.is_not_null())
        .order_by_desc(job_lanes::Column::Turn)
        .limit(1);
    let last = transaction.one(last).await?;
    Ok(last.and_then(|lane| lane.turn).unwrap_or(0))
}

/// The waiting jobs of a lane, in order of their time.
fn waiting(queue: &str, priority: i64, concurrency_key: &str) -> Select<jobs::Entity> {
    // The predicate of the index, as it stands there: a bound value would not match it.
    const PENDING: &str = r#""jobs"."state" = 'pending'"#;
    jobs::Entity::find()
        .filter(Expr::cust(PENDING))
        .filter(jobs::Column::Queue.eq(queue))
        .filter(jobs::Column::Priority.eq(priority))
        .filter(jobs::Column::ConcurrencyKey.eq(concurrency_key))
        .order_by_asc(jobs::Column::RunAt)
        .order_by_asc(jobs::Column::Id)
}
