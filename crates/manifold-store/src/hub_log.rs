//! What jobs and changes of projects said and met, all of them together.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity_core::enums::{JobState, LogLevel, OperationKind, OperationState};
use entity_core::{job_executions, job_logs, jobs, project_operations};
use sea_orm::sea_query::Query;
use sea_orm::{
    ActiveEnum as _, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, QueryTrait as _,
};
use serde_json::Value as Json;

use crate::{CoreDatabase, DatabaseManager, ProjectId, StoreError};

/// Which entries are wanted.
#[derive(Debug, Clone)]
pub struct LogFilter {
    /// This level and those that are more serious.
    pub level: LogLevel,
    /// Only what is about this project.
    pub project: Option<ProjectId>,
    /// Only what was said then or later.
    pub since: Option<DateTime<Utc>>,
    /// At most so many, the newest.
    pub limit: u64,
}

impl Default for LogFilter {
    /// The newest 100 warnings and errors.
    fn default() -> Self {
        Self {
            level: LogLevel::Warn,
            project: None,
            since: None,
            limit: 100,
        }
    }
}

/// Something that was said or met.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// Unlike that of any other entry.
    pub key: String,
    /// When.
    pub at: DateTime<Utc>,
    /// How serious it is.
    pub level: LogLevel,
    /// What it is about.
    pub origin: Origin,
    /// The project that it is about.
    pub project_id: Option<String>,
    /// The stable name of an error.
    pub code: Option<String>,
    /// The words.
    pub message: String,
    /// More, in a form for programs.
    pub fields: Option<Json>,
}

/// What an entry is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Origin {
    /// An attempt at a job.
    Job {
        /// The job.
        id: String,
        /// Its kind.
        kind: String,
        /// Which attempt, from 1.
        attempt: i64,
    },
    /// A change of a project's life.
    Operation {
        /// The record of it.
        id: String,
        /// What was done.
        kind: OperationKind,
    },
}

/// The log of a store's jobs and changes of projects.
#[derive(Clone)]
pub struct HubLog {
    manager: Arc<dyn DatabaseManager>,
}

impl HubLog {
    /// The log of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: Arc<dyn DatabaseManager>) -> Self {
        Self { manager }
    }

    /// The newest entries, oldest first: lines of attempts' logs, attempts that failed, and changes of projects that
    /// failed (errors) or could not be finished yet (warnings).
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn read(&self, filter: &LogFilter) -> Result<Vec<LogEntry>, StoreError> {
        let core = self.manager.core();
        let mut entries = Vec::new();
        for level in down_to(filter.level) {
            entries.extend(lines(core, level, filter).await?);
        }
        entries.extend(failures(core, filter).await?);
        let changes = changes(core, filter).await?;
        entries.extend(
            changes
                .into_iter()
                .filter(|entry| down_to(filter.level).contains(&entry.level)),
        );
        entries.sort_by(|one, other| (one.at, &one.key).cmp(&(other.at, &other.key)));
        let most = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        let older = entries.len().saturating_sub(most);
        Ok(entries.split_off(older))
    }
}

impl std::fmt::Debug for HubLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubLog").finish_non_exhaustive()
    }
}

/// The levels that are at least as serious.
fn down_to(level: LogLevel) -> Vec<LogLevel> {
    let levels = [
        LogLevel::Error,
        LogLevel::Warn,
        LogLevel::Info,
        LogLevel::Debug,
        LogLevel::Trace,
    ];
    let end = levels.iter().position(|one| *one == level);
    levels[..=end.unwrap_or(levels.len() - 1)].to_vec()
}

/// Lines of one level that attempts said.
async fn lines(
    core: &CoreDatabase,
    level: LogLevel,
    filter: &LogFilter,
) -> Result<Vec<LogEntry>, StoreError> {
    let newest = job_logs::Entity::find()
        .filter(job_logs::Column::Level.eq(level))
        .apply_if(filter.since, |query, since| {
            query.filter(job_logs::Column::At.gte(since))
        })
        .apply_if(filter.project.as_ref(), |query, project| {
            query.filter(job_logs::Column::JobId.in_subquery(jobs_of(project)))
        })
        .order_by_desc(job_logs::Column::At)
        .limit(filter.limit);
    let newest = core.all(newest).await?;
    let attempts = newest.iter().map(|line| line.execution_id.as_str());
    let attempts = attempts_with_jobs(core, attempts).await?;
    let entries = newest.into_iter().filter_map(|line| {
        let (attempt, job) = attempts.get(&line.execution_id)?;
        Some(LogEntry {
            key: format!("{}:{:010}", line.execution_id, line.seq),
            at: line.at,
            level: line.level,
            origin: origin(attempt, job),
            project_id: job.project_id.clone(),
            code: None,
            message: line.message,
            fields: line.fields,
        })
    });
    Ok(entries.collect())
}

/// Attempts that failed, or whose process died.
async fn failures(core: &CoreDatabase, filter: &LogFilter) -> Result<Vec<LogEntry>, StoreError> {
    let newest = job_executions::Entity::find()
        .filter(job_executions::Column::ErrorCode.is_not_null())
        .apply_if(filter.since, |query, since| {
            query.filter(job_executions::Column::FinishedAt.gte(since))
        })
        .apply_if(filter.project.as_ref(), |query, project| {
            query.filter(job_executions::Column::JobId.in_subquery(jobs_of(project)))
        })
        .order_by_desc(job_executions::Column::FinishedAt)
        .limit(filter.limit);
    let newest = core.all(newest).await?;
    let attempts = newest.iter().map(|attempt| attempt.id.as_str());
    let attempts = attempts_with_jobs(core, attempts).await?;
    let entries = newest.into_iter().filter_map(|failed| {
        let (attempt, job) = attempts.get(&failed.id)?;
        Some(LogEntry {
            key: format!("{}:end", failed.id),
            at: failed.finished_at?,
            level: LogLevel::Error,
            origin: origin(attempt, job),
            project_id: job.project_id.clone(),
            message: match job.state {
                JobState::Pending | JobState::Running => format!(
                    "{} (attempt {} of at most {})",
                    failed.error_message.unwrap_or_default(),
                    failed.attempt,
                    job.max_attempts
                ),
                _ => failed.error_message.unwrap_or_default(),
            },
            code: failed.error_code,
            fields: None,
        })
    });
    Ok(entries.collect())
}

/// Changes of projects that failed, or could not be finished yet.
async fn changes(core: &CoreDatabase, filter: &LogFilter) -> Result<Vec<LogEntry>, StoreError> {
    let newest = project_operations::Entity::find()
        .filter(project_operations::Column::Error.is_not_null())
        .apply_if(filter.since, |query, since| {
            query.filter(project_operations::Column::UpdatedAt.gte(since))
        })
        .apply_if(filter.project.as_ref(), |query, project| {
            query.filter(project_operations::Column::ProjectId.eq(project))
        })
        .order_by_desc(project_operations::Column::UpdatedAt)
        .limit(filter.limit);
    let entries = core.all(newest).await?.into_iter().map(|row| {
        let what = row.kind.to_value();
        let error = row.error.unwrap_or_default();
        let (level, message) = if row.state == OperationState::Running {
            let message = format!(
                "{what} is half-done at step `{}` and is tried again by the next command: {error}",
                row.step
            );
            (LogLevel::Warn, message)
        } else {
            (LogLevel::Error, format!("{what} did not happen: {error}"))
        };
        LogEntry {
            key: row.id.clone(),
            at: row.updated_at,
            level,
            origin: Origin::Operation {
                id: row.id,
                kind: row.kind,
            },
            project_id: Some(row.project_id),
            code: None,
            message,
            fields: None,
        }
    });
    Ok(entries.collect())
}

fn jobs_of(project: &ProjectId) -> sea_orm::sea_query::SelectStatement {
    Query::select()
        .column(jobs::Column::Id)
        .from(jobs::Entity)
        .and_where(jobs::Column::ProjectId.eq(project))
        .take()
}

fn origin(attempt: &job_executions::Model, job: &jobs::Model) -> Origin {
    Origin::Job {
        id: job.id.clone(),
        kind: job.kind.clone(),
        attempt: attempt.attempt,
    }
}

/// The attempts with these ids, with their jobs.
async fn attempts_with_jobs<'a>(
    core: &CoreDatabase,
    ids: impl Iterator<Item = &'a str>,
) -> Result<HashMap<String, (job_executions::Model, jobs::Model)>, StoreError> {
    let mut ids: Vec<&str> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = HashMap::new();
    for some in ids.chunks(500) {
        let attempts = job_executions::Entity::find()
            .filter(job_executions::Column::Id.is_in(some.iter().copied()));
        let attempts = core.all(attempts).await?;
        let jobs = attempts.iter().map(|attempt| attempt.job_id.as_str());
        let jobs = jobs::Entity::find().filter(jobs::Column::Id.is_in(jobs));
        let jobs: HashMap<_, _> = core
            .all(jobs)
            .await?
            .into_iter()
            .map(|job| (job.id.clone(), job))
            .collect();
        found.extend(attempts.into_iter().filter_map(|attempt| {
            let job = jobs.get(&attempt.job_id)?.clone();
            Some((attempt.id.clone(), (attempt, job)))
        }));
    }
    Ok(found)
}
