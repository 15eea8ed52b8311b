//! Making, changing and finding schedules.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entity_core::enums::{MissedPolicy, OverlapPolicy};
use entity_core::{job_schedules, jobs};
use manifold_store::{
    Clock, IdError, Jobs, NewJob, NewSchedule, ProjectId, ScheduleId, StoreError, StoredSchedules,
};

use super::{Calendar, Missed, OnFailure, ScheduleError};

/// The longest name of a schedule, in characters.
const LONGEST_NAME: usize = 100;

/// The longest grace.
const LONGEST_GRACE: Duration = Duration::from_secs(366 * 24 * 3600);

/// What a schedule says.
#[derive(Debug, Clone)]
pub struct ScheduleSpec {
    /// What it is called; one project has no two of a name.
    pub name: String,
    /// The job that is done at each slot; its id, time, unique key and dependencies do not matter.
    pub job: NewJob,
    /// When; see [`Calendar`].
    pub cron: String,
    /// By the clock of which time zone, as IANA names it.
    pub time_zone: String,
    /// What becomes of slots that nobody was there for.
    pub missed: Missed,
    /// What becomes of a slot while a job of the schedule has not ended: it is skipped, or its job waits for the end
    /// of the one before (one waits at most), or it is done beside it.
    pub overlap: OverlapPolicy,
    /// What is done when a job fails.
    pub on_failure: Option<OnFailure>,
}

impl ScheduleSpec {
    /// In UTC; of missed slots the latest is done; what would overlap is skipped; nothing is done on failure.
    #[must_use]
    pub fn new(name: impl Into<String>, cron: impl Into<String>, job: NewJob) -> Self {
        Self {
            name: name.into(),
            job,
            cron: cron.into(),
            time_zone: "UTC".to_owned(),
            missed: Missed::RunOnce,
            overlap: OverlapPolicy::Skip,
            on_failure: None,
        }
    }
}

/// The schedules of a store.
#[derive(Debug, Clone)]
pub struct Schedules {
    stored: StoredSchedules,
    clock: Clock,
}

impl Schedules {
    /// The schedules of the store in which these jobs are.
    #[must_use]
    pub fn new(jobs: &Jobs) -> Self {
        Self {
            stored: StoredSchedules::new(jobs),
            clock: jobs.clock().clone(),
        }
    }

    /// Makes a schedule. Its first slot is the next one after now. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`ScheduleError::InvalidCron`], [`ScheduleError::NeverDue`], [`ScheduleError::UnknownTimeZone`],
    /// [`ScheduleError::Invalid`]; [`StoreError::NameTaken`] and [`StoreError::SecretLiteral`] in
    /// [`ScheduleError::Store`].
    pub async fn create(&self, spec: ScheduleSpec) -> Result<job_schedules::Model, ScheduleError> {
        Ok(self.stored.insert(self.checked(spec)?).await?)
    }

    /// Makes a schedule say something else; slots before now are not done any more. It stays switched on or off.
    ///
    /// # Errors
    /// As [`Self::create`]; [`StoreError::NotFound`].
    pub async fn update(
        &self,
        id: &ScheduleId,
        spec: ScheduleSpec,
    ) -> Result<job_schedules::Model, ScheduleError> {
        Ok(self.stored.replace(id, self.checked(spec)?).await?)
    }

    /// Makes a schedule, or changes the one of this name in the same project. True when it is new.
    ///
    /// # Errors
    /// As [`Self::create`].
    pub async fn set(
        &self,
        spec: ScheduleSpec,
    ) -> Result<(job_schedules::Model, bool), ScheduleError> {
        let project = spec.job.project_id.as_ref();
        match self.stored.named(project, &spec.name).await? {
            Some(known) => Ok((self.update(&Self::id(&known)?, spec).await?, false)),
            None => Ok((self.create(spec).await?, true)),
        }
    }

    /// Switches a schedule on. Its slots while it was off are not done.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; others by meaning.
    pub async fn enable(&self, id: &ScheduleId) -> Result<job_schedules::Model, ScheduleError> {
        let row = self.stored.find(id.as_str()).await?;
        let calendar = Calendar::parse(&row.cron, &row.time_zone)?;
        let next = self.first_slot(&calendar, &row.cron)?;
        Ok(self.stored.enable(id, next).await?)
    }

    /// Switches a schedule off. Jobs that it has written down stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; others by meaning.
    pub async fn disable(&self, id: &ScheduleId) -> Result<job_schedules::Model, ScheduleError> {
        Ok(self.stored.disable(id).await?)
    }

    /// Deletes a schedule. Its jobs stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; others by meaning.
    pub async fn delete(&self, id: &ScheduleId) -> Result<(), ScheduleError> {
        Ok(self.stored.delete(id).await?)
    }

    /// Writes down a job of the schedule for now, whatever its slots.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when its project is not in use; others by meaning.
    pub async fn run_now(
        &self,
        schedule: &job_schedules::Model,
    ) -> Result<jobs::Model, ScheduleError> {
        Ok(self.stored.run_now(schedule).await?)
    }

    /// The schedules of a project, or all, by name.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(
        &self,
        project: Option<&ProjectId>,
    ) -> Result<Vec<job_schedules::Model>, ScheduleError> {
        Ok(self.stored.list(project).await?)
    }

    /// The schedule with this exact id, exact name, or unique id prefix.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ambiguous`] with the candidates.
    pub async fn find(&self, reference: &str) -> Result<job_schedules::Model, ScheduleError> {
        Ok(self.stored.find(reference).await?)
    }

    /// The latest job of a schedule, by its slot.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn latest_job(&self, id: &ScheduleId) -> Result<Option<jobs::Model>, ScheduleError> {
        Ok(self.stored.latest_job(id).await?)
    }

    /// The next slots of a schedule, at most `count`; none when it is switched off.
    ///
    /// # Errors
    /// [`ScheduleError::InvalidCron`] and [`ScheduleError::UnknownTimeZone`] for a schedule of another version of the
    /// program.
    pub fn upcoming(
        &self,
        schedule: &job_schedules::Model,
        count: usize,
    ) -> Result<Vec<DateTime<Utc>>, ScheduleError> {
        if !schedule.enabled {
            return Ok(Vec::new());
        }
        let calendar = Calendar::parse(&schedule.cron, &schedule.time_zone)?;
        // One that is due and was not planted yet comes first.
        let from = schedule.next_at - Duration::from_micros(1);
        Ok(calendar.upcoming(from, count).collect())
    }

    /// The id of a schedule.
    ///
    /// # Errors
    /// [`StoreError::Decode`].
    pub fn id(schedule: &job_schedules::Model) -> Result<ScheduleId, StoreError> {
        schedule
            .id
            .parse()
            .map_err(|error: IdError| StoreError::Decode(error.to_string()))
    }

    fn checked(&self, spec: ScheduleSpec) -> Result<NewSchedule, ScheduleError> {
        let calendar = Calendar::parse(&spec.cron, &spec.time_zone)?;
        let length = spec.name.chars().count();
        if length == 0 || length > LONGEST_NAME || spec.name.chars().any(char::is_control) {
            return Err(ScheduleError::Invalid {
                what: "the name",
                value: spec.name.chars().take(LONGEST_NAME).collect(),
                reason: "it has 1 to 100 characters, none of them a control character",
            });
        }
        if let Some(on_failure) = &spec.on_failure {
            on_failure.check()?;
        }
        let (missed_policy, missed_max, grace) = match spec.missed {
            Missed::Skip { grace } => (MissedPolicy::Skip, 1, grace.min(LONGEST_GRACE)),
            Missed::RunOnce => (MissedPolicy::RunOnce, 1, Missed::GRACE),
            Missed::RunAll { max } => {
                let max = max.clamp(1, Missed::MOST);
                (MissedPolicy::RunAll, i64::from(max), Missed::GRACE)
            }
        };
        Ok(NewSchedule {
            next_at: self.first_slot(&calendar, &spec.cron)?,
            name: spec.name,
            job: spec.job,
            cron: spec.cron,
            time_zone: calendar.time_zone().name().to_owned(),
            missed_policy,
            missed_max,
            missed_grace_ms: i64::try_from(grace.as_millis()).unwrap_or(i64::MAX),
            overlap_policy: spec.overlap,
            on_failure: spec
                .on_failure
                .map(serde_json::to_value)
                .transpose()
                .map_err(|error| StoreError::Decode(error.to_string()))?,
        })
    }

    fn first_slot(
        &self,
        calendar: &Calendar,
        expression: &str,
    ) -> Result<DateTime<Utc>, ScheduleError> {
        let next = calendar.next_after(self.clock.now());
        next.ok_or_else(|| ScheduleError::NeverDue {
            expression: expression.to_owned(),
        })
    }
}
