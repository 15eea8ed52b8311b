//! A schedule.

use chrono::{DateTime, Utc};
use entity_core::enums::{JobState, MissedPolicy, OverlapPolicy, SkipReason};
use entity_core::{job_schedules, jobs};
use manifold_jobs::schedule::Calendar;
use serde::Serialize;
use serde_json::Value as Json;

use crate::table::{self, Align};
use crate::units;

/// A schedule as the hub keeps it, with its latest job.
#[derive(Debug, Serialize)]
pub(crate) struct ScheduleShape {
    pub(crate) id: String,
    pub(crate) project_id: Option<String>,
    pub(crate) name: String,
    kind: String,
    cron: String,
    time_zone: String,
    missed: MissedPolicy,
    missed_max: i64,
    missed_grace_seconds: i64,
    overlap: OverlapPolicy,
    on_failure: Option<Json>,
    enabled: bool,
    next_at: Option<DateTime<Utc>>,
    skipped_slot: Option<DateTime<Utc>>,
    skip_reason: Option<SkipReason>,
    last_job: Option<LastJob>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// The latest job of a schedule.
#[derive(Debug, Serialize)]
struct LastJob {
    id: String,
    state: JobState,
    scheduled_for: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

impl ScheduleShape {
    /// The shape of a schedule whose latest job is this one.
    pub(crate) fn new(row: job_schedules::Model, last_job: Option<jobs::Model>) -> Self {
        Self {
            id: row.id,
            project_id: row.project_id,
            name: row.name,
            kind: row.kind,
            cron: row.cron,
            time_zone: row.time_zone,
            missed: row.missed_policy,
            missed_max: row.missed_max,
            missed_grace_seconds: row.missed_grace_ms / 1_000,
            overlap: row.overlap_policy,
            on_failure: row.on_failure,
            enabled: row.enabled,
            next_at: row.enabled.then_some(row.next_at),
            skipped_slot: row.skipped_slot,
            skip_reason: row.skip_reason,
            last_job: last_job.map(|job| LastJob {
                id: job.id,
                state: job.state,
                scheduled_for: job.scheduled_for,
                finished_at: job.finished_at,
            }),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// When the next slot is, by the clock of the schedule.
    pub(crate) fn next(&self) -> String {
        self.next_at
            .map_or_else(|| "off".to_owned(), |next| self.local(next))
    }

    /// A time by the clock of the schedule.
    pub(crate) fn local(&self, at: DateTime<Utc>) -> String {
        match Calendar::parse(&self.cron, &self.time_zone) {
            Ok(calendar) => {
                let local = at.with_timezone(&calendar.time_zone());
                local.format("%Y-%m-%d %H:%M %Z").to_string()
            }
            Err(_) => units::time(at),
        }
    }

    /// A line for each schedule; `project` names its project.
    pub(crate) fn table(schedules: &[Self], project: impl Fn(&Self) -> String) -> String {
        let header = [
            ("name", Align::Left),
            ("project", Align::Left),
            ("kind", Align::Left),
            ("cron", Align::Left),
            ("next", Align::Left),
            ("last job", Align::Left),
            ("id", Align::Left),
        ];
        let rows = schedules.iter().map(|schedule| {
            vec![
                schedule.name.clone(),
                project(schedule),
                schedule.kind.clone(),
                schedule.cron.clone(),
                schedule.next(),
                schedule
                    .last_job
                    .as_ref()
                    .map_or_else(|| "-".to_owned(), |job| job.state.to_string()),
                schedule.id.clone(),
            ]
        });
        table::table(&header, rows)
    }

    /// A line for each field; `project` is the name of its project, `upcoming` are its next slots.
    pub(crate) fn fields(&self, project: String, upcoming: &[DateTime<Utc>]) -> String {
        let mut fields = vec![
            ("id", self.id.clone()),
            ("name", self.name.clone()),
            ("project", project),
            ("kind", self.kind.clone()),
            ("cron", format!("{} ({})", self.cron, self.time_zone)),
            ("missed", self.missed()),
            ("overlap", self.overlap.to_string()),
        ];
        if let Some(on_failure) = &self.on_failure {
            fields.push(("on failure", on_failure.to_string()));
        }
        if let (Some(slot), Some(reason)) = (self.skipped_slot, &self.skip_reason) {
            fields.push(("skipped", format!("{} ({reason})", self.local(slot))));
        }
        if let Some(job) = &self.last_job {
            fields.push(("last job", format!("{} ({})", job.id, job.state)));
        }
        let next: Vec<_> = upcoming.iter().map(|slot| self.local(*slot)).collect();
        fields.push((
            "next",
            if next.is_empty() {
                self.next()
            } else {
                next.join(", ")
            },
        ));
        table::fields(&fields)
    }

    fn missed(&self) -> String {
        match self.missed {
            MissedPolicy::Skip => format!("skip, if {} s late", self.missed_grace_seconds),
            MissedPolicy::RunOnce => "run_once".to_owned(),
            MissedPolicy::RunAll => format!("run_all, up to {}", self.missed_max),
        }
    }
}
