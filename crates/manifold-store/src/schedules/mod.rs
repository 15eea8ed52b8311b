//! Schedules as the hub keeps them. When a slot is due is for [`manifold-jobs`](StoredSchedules) to say: nothing here
//! knows what a cron expression means.

mod change;
mod plant;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity_core::enums::{MissedPolicy, OverlapPolicy};
use entity_core::{job_schedules, jobs};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde_json::Value as Json;

pub use plant::Planting;

use crate::reference::{self, Candidate};
use crate::{
    Clock, DatabaseManager as _, Jobs, NewJob, ProjectId, ScheduleId, SqliteManager, StoreError,
    config_secrets,
};

/// Schedules whose time has come that are read at once.
const DUE_AT_ONCE: u64 = 100;

/// A schedule that is about to be written down.
#[derive(Debug, Clone)]
pub struct NewSchedule {
    /// What it is called; one project has no two of a name.
    pub name: String,
    /// The job that is written down at each slot. Its id, time, unique key and dependencies do not matter.
    pub job: NewJob,
    /// The cron expression.
    pub cron: String,
    /// The time zone by whose clock it goes, as IANA names it.
    pub time_zone: String,
    /// What becomes of slots that nobody was there for.
    pub missed_policy: MissedPolicy,
    /// How many missed slots are done at most, 1 to 1000, with [`MissedPolicy::RunAll`].
    pub missed_max: i64,
    /// How late a slot may be begun and still count as in time, in milliseconds.
    pub missed_grace_ms: i64,
    /// What becomes of a slot while a job of the schedule has not ended.
    pub overlap_policy: OverlapPolicy,
    /// What is done when a job of the schedule fails; the payload of [`crate::NOTIFY_FAILURE`]. No secret may stand in
    /// it as a literal.
    pub on_failure: Option<Json>,
    /// Its first slot.
    pub next_at: DateTime<Utc>,
}

/// The schedules of a store, as rows.
#[derive(Debug, Clone)]
pub struct StoredSchedules {
    manager: Arc<SqliteManager>,
    clock: Clock,
}

impl StoredSchedules {
    /// The schedules of the store in which these jobs are, by their clock.
    #[must_use]
    pub fn new(jobs: &Jobs) -> Self {
        Self {
            manager: jobs.manager().clone(),
            clock: jobs.clock().clone(),
        }
    }

    /// Writes a schedule down, enabled; it is on the disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::NameTaken`] when its project has one of this name, [`StoreError::SecretLiteral`] when a secret
    /// stands in it, [`StoreError::Check`]; others by meaning.
    pub async fn insert(&self, new: NewSchedule) -> Result<job_schedules::Model, StoreError> {
        new.on_failure
            .as_ref()
            .map_or(Ok(()), config_secrets::check)?;
        let (now, id) = (self.clock.now(), ScheduleId::new());
        let project = new.job.project_id.clone();
        let name = new.name.clone();
        let row = job_schedules::ActiveModel {
            id: Set((&id).into()),
            last_slot: Set(now),
            skipped_slot: Set(None),
            skip_reason: Set(None),
            enabled: Set(true),
            created_at: Set(now),
            updated_at: Set(now),
            ..new.into_row()
        };
        match self.manager.core().insert(row).await {
            Err(StoreError::Unique { .. }) => {
                let taken = self.named(project.as_ref(), &name).await?;
                Err(StoreError::NameTaken {
                    what: "schedule",
                    id: taken.map(|row| row.id).unwrap_or_default(),
                    name,
                })
            }
            inserted => inserted,
        }
    }

    /// The schedules of a project, or all, by name.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(
        &self,
        project: Option<&ProjectId>,
    ) -> Result<Vec<job_schedules::Model>, StoreError> {
        let mut wanted = job_schedules::Entity::find()
            .order_by_asc(job_schedules::Column::Name)
            .order_by_asc(job_schedules::Column::Id);
        if let Some(project) = project {
            wanted = wanted.filter(job_schedules::Column::ProjectId.eq(project));
        }
        self.manager.core().all(wanted).await
    }

    /// The schedule with this exact id, exact name, or unique id prefix.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ambiguous`] with the candidates.
    pub async fn find(&self, reference: &str) -> Result<job_schedules::Model, StoreError> {
        let core = self.manager.core();
        if let Some(exact) = core
            .one(job_schedules::Entity::find_by_id(reference))
            .await?
        {
            return Ok(exact);
        }
        let named = job_schedules::Entity::find().filter(job_schedules::Column::Name.eq(reference));
        if let Some(found) = reference::by_name("schedule", reference, core.all(named).await?)? {
            return Ok(found);
        }
        let all = job_schedules::Entity::find();
        let prefixed = reference::prefixed(all, job_schedules::Column::Id, reference);
        reference::by_prefix("schedule", reference, core.all(prefixed).await?)
    }

    /// The schedule of a project, or of none, that has this name.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn named(
        &self,
        project: Option<&ProjectId>,
        name: &str,
    ) -> Result<Option<job_schedules::Model>, StoreError> {
        let of_project = match project {
            Some(project) => job_schedules::Column::ProjectId.eq(project),
            None => job_schedules::Column::ProjectId.is_null(),
        };
        let named = job_schedules::Entity::find()
            .filter(of_project)
            .filter(job_schedules::Column::Name.eq(name));
        self.manager.core().one(named).await
    }

    /// When the next slot of an enabled schedule is. Reads only.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn next_at(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let next = enabled().limit(1);
        let next = self.manager.core().one(next).await?;
        Ok(next.map(|row| row.next_at))
    }

    /// The enabled schedules whose next slot has come, at most 100, the earliest first. Reads only.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn due(&self) -> Result<Vec<job_schedules::Model>, StoreError> {
        let due = enabled()
            .filter(job_schedules::Column::NextAt.lte(self.clock.now()))
            .limit(DUE_AT_ONCE);
        self.manager.core().all(due).await
    }

    /// The latest job of a schedule, by its slot.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn latest_job(
        &self,
        schedule: &ScheduleId,
    ) -> Result<Option<jobs::Model>, StoreError> {
        let latest = jobs::Entity::find()
            .filter(jobs::Column::ScheduleId.eq(schedule))
            .order_by_desc(jobs::Column::ScheduledFor)
            .limit(1);
        self.manager.core().one(latest).await
    }
}

fn enabled() -> sea_orm::Select<job_schedules::Entity> {
    job_schedules::Entity::find()
        .filter(job_schedules::Column::Enabled.eq(true))
        .order_by_asc(job_schedules::Column::NextAt)
}

fn not_found(id: &ScheduleId) -> StoreError {
    StoreError::NotFound {
        what: "schedule",
        name: id.to_string(),
    }
}

impl NewSchedule {
    /// What a person decides about a schedule; the rest is left as it is.
    fn into_row(self) -> job_schedules::ActiveModel {
        job_schedules::ActiveModel {
            project_id: Set(self.job.project_id.map(Into::into)),
            name: Set(self.name),
            kind: Set(self.job.kind),
            payload: Set(self.job.payload),
            queue: Set(self.job.queue),
            priority: Set(self.job.priority),
            max_attempts: Set(self.job.max_attempts),
            max_crashes: Set(self.job.max_crashes),
            cron: Set(self.cron),
            time_zone: Set(self.time_zone),
            missed_policy: Set(self.missed_policy),
            missed_max: Set(self.missed_max),
            missed_grace_ms: Set(self.missed_grace_ms),
            overlap_policy: Set(self.overlap_policy),
            on_failure: Set(self.on_failure),
            next_at: Set(self.next_at),
            ..Default::default()
        }
    }
}

impl Candidate for job_schedules::Model {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }
}
