//! A line of a job's log.

use chrono::{DateTime, Utc};
use entity_core::enums::LogLevel;
use entity_core::job_logs;
use serde::Serialize;
use serde_json::Value as Json;

use crate::table::printable;
use crate::units;

/// A line of a job's log.
#[derive(Debug, Serialize)]
pub(crate) struct LogLineShape {
    at: DateTime<Utc>,
    level: LogLevel,
    target: String,
    message: String,
    fields: Option<Json>,
    attempt: i64,
}

impl LogLineShape {
    /// The shape of a line that an attempt wrote.
    pub(crate) fn new(line: job_logs::Model, attempt: i64) -> Self {
        Self {
            at: line.at,
            level: line.level,
            target: line.target,
            message: line.message,
            fields: line.fields,
            attempt,
        }
    }

    /// Every line, and a heading where another attempt begins, if there are several.
    pub(crate) fn text(lines: &[Self]) -> String {
        let several = lines.iter().any(|line| line.attempt != lines[0].attempt);
        let mut text = Vec::with_capacity(lines.len());
        let mut attempt = None;
        for line in lines {
            if several && attempt != Some(line.attempt) {
                attempt = Some(line.attempt);
                text.push(format!("attempt {}", line.attempt));
            }
            text.push(line.line());
        }
        text.join("\n")
    }

    /// The line by itself.
    pub(crate) fn line(&self) -> String {
        let (at, level, message) = (units::time(self.at), self.level, printable(&self.message));
        let fields = self.fields.as_ref().map(|fields| format!("  {fields}"));
        format!("{at}  {level:5}  {message}{}", fields.unwrap_or_default())
    }
}
