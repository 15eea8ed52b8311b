//! An entry of the log of jobs and of changes of projects.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity_core::enums::LogLevel;
use manifold_store::{LogEntry, Origin};
use serde::Serialize;
use serde_json::Value as Json;

use crate::table::printable;
use crate::units;

/// An entry of the log.
#[derive(Debug, Serialize)]
pub(crate) struct LogEntryShape {
    at: DateTime<Utc>,
    level: LogLevel,
    project_id: Option<String>,
    project_name: Option<String>,
    job_id: Option<String>,
    operation_id: Option<String>,
    kind: String,
    attempt: Option<i64>,
    code: Option<String>,
    message: String,
    fields: Option<Json>,
}

impl LogEntryShape {
    /// The shape of an entry; `names` are those of projects by id.
    pub(crate) fn new(entry: LogEntry, names: &HashMap<String, String>) -> Self {
        let (job_id, operation_id, kind, attempt) = match entry.origin {
            Origin::Job { id, kind, attempt } => (Some(id), None, kind, Some(attempt)),
            Origin::Operation { id, kind } => (None, Some(id), kind.to_string(), None),
        };
        let project_name = entry.project_id.as_ref().and_then(|id| names.get(id));
        Self {
            at: entry.at,
            level: entry.level,
            project_name: project_name.cloned(),
            project_id: entry.project_id,
            job_id,
            operation_id,
            kind,
            attempt,
            code: entry.code,
            message: entry.message,
            fields: entry.fields,
        }
    }

    /// The entry on one line.
    pub(crate) fn line(&self) -> String {
        let about = match (&self.project_name, &self.project_id) {
            (Some(name), _) => format!("{} of {}", self.kind, printable(name)),
            (None, Some(id)) => format!("{} of {id}", self.kind),
            (None, None) => self.kind.clone(),
        };
        let job = self.job_id.as_ref().map(|id| format!(" {id}"));
        let code = self.code.as_ref().map(|code| format!("{code}: "));
        let fields = self.fields.as_ref().map(|fields| format!("  {fields}"));
        format!(
            "{}  {:5}  {about}{}: {}{}{}",
            units::time(self.at),
            self.level,
            job.unwrap_or_default(),
            code.unwrap_or_default(),
            printable(&self.message),
            fields.unwrap_or_default()
        )
    }
}
