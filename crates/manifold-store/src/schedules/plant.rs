//! The jobs of due slots are written down.

use chrono::{DateTime, Utc};
use entity_core::enums::{OverlapPolicy, ProjectState, SkipReason};
use entity_core::{job_schedules, jobs, projects};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};

use super::StoredSchedules;
use crate::jobs::enqueue::{LIVE, enqueue};
use crate::{
    CoreTransaction, DatabaseManager as _, IdError, JobId, JobsError, NewJob, Slot, StoreError,
    fail_point,
};

/// What is to become of the slots of a schedule that are due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planting {
    /// The slots that are to be done, the earliest first.
    pub slots: Vec<DateTime<Utc>>,
    /// The latest slot that was missed and is not done.
    pub missed: Option<DateTime<Utc>>,
    /// The latest slot that is dealt with.
    pub last_slot: DateTime<Utc>,
    /// The slot after that.
    pub next_at: DateTime<Utc>,
}

impl StoredSchedules {
    /// Writes down the jobs of the due slots and moves the schedule on, in one transaction that is on the disk when this
    /// returns. Returns the new jobs; `None` when the schedule is not as it was `seen` any more, because another process
    /// was faster or somebody changed it. However many processes do this, each slot has one job.
    ///
    /// A slot is skipped, and that is recorded in the schedule, when its project is not in use, and when jobs of the
    /// schedule have not ended: one with [`OverlapPolicy::Skip`], two with [`OverlapPolicy::Queue`], where the new job
    /// waits for the end of the one before. Several slots at once are done one after the other, unless jobs may
    /// overlap.
    ///
    /// # Errors
    /// [`JobsError::Store`] by meaning.
    pub async fn plant(
        &self,
        seen: &job_schedules::Model,
        planting: &Planting,
    ) -> Result<Option<Vec<jobs::Model>>, JobsError> {
        let planted = self
            .manager
            .core()
            .write::<_, JobsError>(async |transaction| {
                let Some(schedule) = advance(transaction, seen, planting).await? else {
                    return Ok(None);
                };
                let jobs = plant(transaction, &schedule, planting, self.clock.now()).await?;
                fail_point!("schedule-planted");
                Ok(Some(jobs))
            })
            .await?;
        if planted.as_ref().is_some_and(|jobs| !jobs.is_empty()) {
            self.manager.jobs_changed().notify_waiters();
        }
        Ok(planted)
    }

    /// Writes down a job of a schedule for now, whatever its slots, and whether it is switched on or not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when its project is not in use; [`JobsError`] by meaning.
    pub async fn run_now(&self, schedule: &job_schedules::Model) -> Result<jobs::Model, JobsError> {
        let job = self
            .manager
            .core()
            .write::<_, JobsError>(async |transaction| {
                if project_not_in_use(transaction, schedule).await?.is_some() {
                    return Err(JobsError::Store(StoreError::NotFound {
                        what: "project",
                        name: schedule.project_id.clone().unwrap_or_default(),
                    }));
                }
                let now = self.clock.now();
                let new = job_for(schedule, now, Vec::new())?;
                Ok(enqueue(transaction, new, now).await?.job)
            })
            .await?;
        self.manager.jobs_changed().notify_waiters();
        Ok(job)
    }
}

/// Moves a schedule on, if it is as it was seen.
async fn advance(
    transaction: &CoreTransaction,
    seen: &job_schedules::Model,
    planting: &Planting,
) -> Result<Option<job_schedules::Model>, StoreError> {
    let moved = job_schedules::Entity::update_many()
        .set(job_schedules::ActiveModel {
            last_slot: Set(planting.last_slot),
            next_at: Set(planting.next_at),
            ..Default::default()
        })
        .filter(job_schedules::Column::Id.eq(&seen.id))
        .filter(job_schedules::Column::Enabled.eq(true))
        .filter(job_schedules::Column::LastSlot.eq(seen.last_slot))
        .filter(job_schedules::Column::UpdatedAt.eq(seen.updated_at));
    transaction.update_one(moved).await
}

async fn plant(
    transaction: &CoreTransaction,
    schedule: &job_schedules::Model,
    planting: &Planting,
    now: DateTime<Utc>,
) -> Result<Vec<jobs::Model>, JobsError> {
    let live = live(transaction, schedule).await?;
    let overlaps = match schedule.overlap_policy {
        OverlapPolicy::Skip => !live.is_empty(),
        OverlapPolicy::Queue => live.len() > 1,
        OverlapPolicy::Allow => false,
    };
    let unfit = match project_not_in_use(transaction, schedule).await? {
        None if overlaps => Some(SkipReason::Overlap),
        unfit => unfit,
    };
    let skipped = match (unfit, planting.slots.last()) {
        (Some(reason), Some(slot)) => Some((*slot, reason)),
        _ => planting.missed.map(|slot| (slot, SkipReason::Missed)),
    };
    if let Some((slot, reason)) = skipped {
        let row = job_schedules::ActiveModel {
            id: Set(schedule.id.clone()),
            skipped_slot: Set(Some(slot)),
            skip_reason: Set(Some(reason)),
            ..Default::default()
        };
        transaction.update(row).await?;
    }
    let mut planted: Vec<jobs::Model> = Vec::new();
    if unfit.is_some() {
        return Ok(planted);
    }
    for slot in &planting.slots {
        if has_job(transaction, schedule, *slot).await? {
            continue;
        }
        let before = planted.last().or(live.last());
        let after = before.filter(|_| schedule.overlap_policy != OverlapPolicy::Allow);
        let after = after
            .map(|job| parse(&job.id))
            .into_iter()
            .collect::<Result<_, _>>()?;
        let new = job_for(schedule, *slot, after)?;
        planted.push(enqueue(transaction, new, now).await?.job);
    }
    Ok(planted)
}

/// The jobs of a schedule that have not ended, by their slot.
async fn live(
    transaction: &CoreTransaction,
    schedule: &job_schedules::Model,
) -> Result<Vec<jobs::Model>, StoreError> {
    let live = jobs::Entity::find()
        .filter(jobs::Column::ScheduleId.eq(&schedule.id))
        .filter(Expr::cust(LIVE));
    let mut live = transaction.all(live).await?;
    live.sort_by_key(|job| job.scheduled_for);
    Ok(live)
}

async fn has_job(
    transaction: &CoreTransaction,
    schedule: &job_schedules::Model,
    slot: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let of_slot = jobs::Entity::find()
        .filter(jobs::Column::ScheduleId.eq(&schedule.id))
        .filter(jobs::Column::ScheduledFor.eq(slot))
        .order_by_asc(jobs::Column::ScheduledFor);
    Ok(transaction.one(of_slot).await?.is_some())
}

/// Why the project of a schedule cannot be worked on, if it cannot.
async fn project_not_in_use(
    transaction: &CoreTransaction,
    schedule: &job_schedules::Model,
) -> Result<Option<SkipReason>, StoreError> {
    let Some(project) = &schedule.project_id else {
        return Ok(None);
    };
    let project = projects::Entity::find_by_id(project.as_str());
    let state = transaction.one(project).await?.map(|row| row.state);
    Ok(match state {
        Some(ProjectState::Active) => None,
        Some(ProjectState::Trashed) => Some(SkipReason::ProjectTrashed),
        Some(ProjectState::Creating) | None => Some(SkipReason::ProjectMissing),
    })
}

fn job_for(
    schedule: &job_schedules::Model,
    slot: DateTime<Utc>,
    depends_on: Vec<JobId>,
) -> Result<NewJob, StoreError> {
    Ok(NewJob {
        project_id: schedule.project_id.as_deref().map(parse).transpose()?,
        max_attempts: schedule.max_attempts,
        max_crashes: schedule.max_crashes,
        queue: schedule.queue.clone(),
        priority: schedule.priority,
        run_at: Some(slot),
        depends_on,
        slot: Some(Slot {
            schedule_id: parse(&schedule.id)?,
            scheduled_for: slot,
        }),
        ..NewJob::new(schedule.kind.clone(), schedule.payload.clone())
    })
}

fn parse<T: std::str::FromStr<Err = IdError>>(id: &str) -> Result<T, StoreError> {
    id.parse()
        .map_err(|error: IdError| StoreError::Decode(error.to_string()))
}
