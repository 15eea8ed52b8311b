//! A worker writes down the jobs of the slots that are due.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use entity_core::enums::MissedPolicy;
use entity_core::job_schedules;
use manifold_store::{Jobs, JobsError, Planting, StoreError, StoredSchedules};
use tokio::time::Instant;

use super::{Calendar, Due, Missed, ScheduleError};

/// How often the schedules are looked at, for those that other processes make or change.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// How long a schedule that this program cannot read is left alone.
const PUT_OFF: TimeDelta = TimeDelta::hours(1);

/// How often the schedules that are due are read in one look, a hundred each time; what is left is for the next look.
const MOST_ROUNDS: usize = 100;

/// Writes down the jobs of the slots that are due.
#[derive(Debug)]
pub(crate) struct Planter {
    jobs: Jobs,
    schedules: StoredSchedules,
    /// When the next slot is, as it was last seen.
    next: Option<DateTime<Utc>>,
    looked_at: Option<Instant>,
}

impl Planter {
    pub(crate) fn new(jobs: &Jobs) -> Self {
        Self {
            jobs: jobs.clone(),
            schedules: StoredSchedules::new(jobs),
            next: None,
            looked_at: None,
        }
    }

    /// Writes down the jobs of all slots that are due, unless it is too early to look again. Returns when the next slot
    /// is.
    pub(crate) async fn plant_if_due(&mut self) -> Result<Option<DateTime<Utc>>, JobsError> {
        let is_due = self
            .next
            .is_some_and(|next| next <= self.jobs.clock().now());
        let is_stale = self
            .looked_at
            .is_none_or(|looked_at| looked_at.elapsed() >= LOOK_AGAIN);
        if is_due || is_stale {
            self.plant().await?;
        }
        Ok(self.next)
    }

    /// Writes down the jobs of all slots that are due.
    pub(crate) async fn plant(&mut self) -> Result<(), JobsError> {
        self.looked_at = Some(Instant::now());
        for _ in 0..MOST_ROUNDS {
            // Reads alone as long as nothing is due.
            self.next = self.schedules.next_at().await?;
            if self.next.is_none_or(|next| next > self.jobs.clock().now()) {
                return Ok(());
            }
            for schedule in self.schedules.due().await? {
                self.plant_one(&schedule).await?;
            }
        }
        Ok(())
    }

    async fn plant_one(&self, schedule: &job_schedules::Model) -> Result<(), JobsError> {
        let now = self.jobs.clock().now();
        let planting = match planting(schedule, now) {
            Ok(planting) => planting,
            Err(error) => {
                // Such as one that a newer program made: it must not stand in the way of others.
                tracing::warn!(schedule.id = %schedule.id, schedule.name = %schedule.name, %error, "a schedule cannot be read; it is looked at again in an hour");
                return Ok(self.schedules.put_off(schedule, now + PUT_OFF).await?);
            }
        };
        if let Some(planted) = self.schedules.plant(schedule, &planting).await? {
            for job in planted {
                tracing::info!(job.id = %job.id, schedule.name = %schedule.name, "wrote down a job of a schedule");
            }
        }
        Ok(())
    }
}

/// What is to become of the slots of a schedule that are due.
fn planting(
    schedule: &job_schedules::Model,
    now: DateTime<Utc>,
) -> Result<Planting, ScheduleError> {
    let calendar = Calendar::parse(&schedule.cron, &schedule.time_zone)?;
    let missed = match schedule.missed_policy {
        MissedPolicy::Skip => Missed::Skip {
            grace: Duration::from_millis(schedule.missed_grace_ms.unsigned_abs()),
        },
        MissedPolicy::RunOnce => Missed::RunOnce,
        MissedPolicy::RunAll => Missed::RunAll {
            max: u32::try_from(schedule.missed_max).unwrap_or(1),
        },
    };
    let due = Due::at(now, schedule.last_slot, &calendar, missed);
    let next_at = due.next_at.ok_or_else(|| {
        ScheduleError::Store(StoreError::Decode("its calendar has ended".to_owned()))
    })?;
    Ok(Planting {
        slots: due.slots,
        missed: due.missed,
        last_slot: due.last_slot,
        next_at,
    })
}
