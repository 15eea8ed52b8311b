//! A job.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entity_core::enums::JobState;
use entity_core::jobs;
use manifold_jobs::Estimate;
use manifold_store::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use crate::progress::View;
use crate::table::{self, Align};
use crate::units;

/// A job as the hub keeps it.
#[derive(Debug, Serialize)]
pub(crate) struct JobShape {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) queue: String,
    priority: i64,
    pub(crate) state: JobState,
    progress: Option<f64>,
    step: Option<String>,
    items_done: Option<i64>,
    items_total: Option<i64>,
    unit: Option<String>,
    rate: Option<f64>,
    eta_seconds: Option<i64>,
    attempt: i64,
    max_attempts: i64,
    pub(crate) project_id: Option<String>,
    pub(crate) error: Option<JobErrorShape>,
    cancel_requested_at: Option<DateTime<Utc>>,
    pub(crate) cancel_reason: Option<String>,
    result: Option<Json>,
    created_at: DateTime<Utc>,
    run_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
}

/// Why a job, or an attempt at it, failed.
#[derive(Debug, Serialize)]
pub(crate) struct JobErrorShape {
    pub(crate) code: String,
    pub(crate) message: String,
}

impl From<jobs::Model> for JobShape {
    fn from(job: jobs::Model) -> Self {
        Self {
            eta_seconds: eta_seconds(&job, Timestamp::now()),
            id: job.id,
            kind: job.kind,
            queue: job.queue,
            priority: job.priority,
            state: job.state,
            progress: job.progress,
            step: job.step,
            items_done: job.items_done,
            items_total: job.items_total,
            rate: job.rate.filter(|_| job.state == JobState::Running),
            unit: job.unit,
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            project_id: job.project_id,
            error: JobErrorShape::new(job.error_code, job.error_message),
            cancel_requested_at: job.cancel_requested_at,
            cancel_reason: job.cancel_reason,
            result: job.result,
            created_at: job.created_at,
            run_at: job.run_at,
            started_at: job.started_at,
            finished_at: job.finished_at,
        }
    }
}

impl JobErrorShape {
    /// The error that a row has, if it has one.
    pub(crate) fn new(code: Option<String>, message: Option<String>) -> Option<Self> {
        code.map(|code| Self {
            code,
            message: message.unwrap_or_default(),
        })
    }
}

impl JobShape {
    /// A line for each job; `project` names its project.
    pub(crate) fn table(jobs: &[Self], project: impl Fn(&Self) -> String) -> String {
        let header = [
            ("kind", Align::Left),
            ("state", Align::Left),
            ("progress", Align::Left),
            ("project", Align::Left),
            ("created", Align::Left),
            ("took", Align::Right),
            ("id", Align::Left),
        ];
        let rows = jobs.iter().map(|job| {
            vec![
                job.kind.clone(),
                job.state.to_string(),
                match (&job.error, job.state) {
                    (Some(error), _) => error.code.clone(),
                    (None, JobState::Running) => job.view().line(),
                    (None, _) => String::new(),
                },
                project(job),
                units::time(job.created_at),
                took(job.started_at, job.finished_at),
                job.id.clone(),
            ]
        });
        table::table(&header, rows)
    }

    /// A line for each field; `project` is the name of its project, `process` who runs it.
    pub(crate) fn fields(&self, project: String, process: Option<String>) -> String {
        let mut fields = vec![
            ("id", self.id.clone()),
            ("kind", self.kind.clone()),
            ("state", self.state.to_string()),
            ("project", project),
        ];
        if self.state == JobState::Running {
            fields.push(("progress", self.view().line()));
        }
        let process = process.filter(|_| self.state == JobState::Running);
        fields.extend(process.map(|process| ("runs in", process)));
        fields.push((
            "attempt",
            format!("{} of at most {}", self.attempt, self.max_attempts),
        ));
        if self.state == JobState::Pending && self.run_at > Timestamp::now() {
            fields.push(("not before", units::time(self.run_at)));
        }
        if let Some(reason) = &self.cancel_reason {
            fields.push(("stop asked", reason.clone()));
        }
        if let Some(JobErrorShape { code, message }) = &self.error {
            fields.push(("error", format!("{code}: {message}")));
        }
        if let Some(result) = &self.result {
            fields.push(("result", in_short(result)));
        }
        fields.extend([
            ("created", units::time(self.created_at)),
            ("started", units::time_or_dash(self.started_at)),
            ("finished", units::time_or_dash(self.finished_at)),
            ("took", took(self.started_at, self.finished_at)),
        ]);
        table::fields(&fields)
    }

    /// What is shown of a running job.
    pub(crate) fn view(&self) -> View {
        let step = self.step.clone().unwrap_or_else(|| "starting".to_owned());
        let left = self.eta_seconds.and_then(|seconds| seconds.try_into().ok());
        View {
            waits: step.starts_with("waiting"),
            sentence: step,
            unit: self.unit.clone().unwrap_or_default(),
            estimate: Estimate {
                share: self.progress,
                rate: self.rate,
                left: left.map(Duration::from_secs),
            },
        }
    }
}

/// The result on one line: lists and objects in it are long, and JSON has them.
fn in_short(result: &Json) -> String {
    let Json::Object(entries) = result else {
        return result.to_string();
    };
    let plain = entries
        .iter()
        .filter(|(_, value)| !value.is_array() && !value.is_object() && !value.is_null());
    let parts = plain.map(|(key, value)| match value {
        Json::String(text) => format!("{key} {text}"),
        other => format!("{key} {other}"),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// How long it took, or takes until now.
pub(crate) fn took(started: Option<DateTime<Utc>>, finished: Option<DateTime<Utc>>) -> String {
    started.map_or_else(
        || "-".to_owned(),
        |started| units::duration(finished.unwrap_or_else(Timestamp::now) - started),
    )
}

/// What is left of a running job at the pace that its process has told.
fn eta_seconds(job: &jobs::Model, now: DateTime<Utc>) -> Option<i64> {
    let done = job.eta_at.filter(|_| job.state == JobState::Running)?;
    Some((done - now).num_seconds().max(0))
}
