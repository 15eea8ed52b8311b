//! Tells somebody that a job of a schedule failed.

use std::process::Stdio;
use std::time::Duration;

use entity_core::enums::LogLevel;
use entity_core::jobs;
use manifold_store::{JobId, NOTIFY_FAILURE, Secrets, StoreError, StoredSchedules};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;

use crate::schedule::OnFailure;
use crate::webhook::Webhook;
use crate::{Job, JobContext, JobError};

/// What is kept of each of the outputs of a command, in bytes.
const KEPT_OUTPUT: u64 = 64 << 10;

/// The longest text in the environment of a command, in bytes; what is behind is cut off.
const LONGEST_VARIABLE: usize = 16 << 10;

/// Does what a schedule wants done when one of its jobs fails. It is written down in the transaction in which that job
/// becomes `failed`, so it is there once for each failure. When its process dies while the command runs, it is run
/// again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyFailure {
    /// The job that failed.
    pub job_id: JobId,
    /// What is done.
    pub on_failure: OnFailure,
}

impl Job for NotifyFailure {
    const KIND: &'static str = NOTIFY_FAILURE;
    const MAX_ATTEMPTS: i64 = 5;

    type Output = ();

    async fn run(&self, context: &JobContext) -> Result<(), JobError> {
        let failed = match context.jobs.find(self.job_id.as_str()).await {
            Ok(failed) => failed,
            Err(error @ StoreError::NotFound { .. }) => {
                return Err(JobError::failed(error.code(), &error));
            }
            Err(error) => return Err(error.into()),
        };
        let told = async {
            match &self.on_failure {
                OnFailure::Command { command, .. } => run_command(context, command, &failed).await,
                OnFailure::Webhook { url, headers, .. } => {
                    let body = &document(context, &failed).await;
                    let webhook = Webhook { url, headers, body };
                    let secrets = Secrets::new(context.manager().layout());
                    webhook.send(&secrets, context.environment()).await
                }
            }
        };
        let timeout = self.on_failure.timeout_seconds();
        tokio::select! {
            told = tokio::time::timeout(Duration::from_secs(timeout), told) => told.unwrap_or_else(|_| {
                let message = format!("it was stopped after {timeout} s");
                Err(JobError::retryable("timeout", &message))
            }),
            () = context.cancel().cancelled() => Err(JobError::Cancelled),
        }
    }
}

/// Runs a command to its end; it is killed when the future is dropped.
async fn run_command(
    context: &JobContext,
    command: &[String],
    failed: &jobs::Model,
) -> Result<(), JobError> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(JobError::failed("on_failure", &"no program is named"));
    };
    let mut child = Command::new(program)
        .args(arguments)
        .envs(environment(context, failed).await)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| {
            JobError::failed("on_failure", &format!("`{program}` cannot be run: {error}"))
        })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr, status) = tokio::join!(head_of(stdout), head_of(stderr), child.wait());
    for line in stdout.lines() {
        context.log(LogLevel::Info, line);
    }
    for line in stderr.lines() {
        context.log(LogLevel::Warn, line);
    }
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => {
            let message = format!("`{program}` ended with {status}");
            Err(JobError::retryable("on_failure", &message))
        }
        Err(error) => {
            let message = format!("`{program}` was lost: {error}");
            Err(JobError::retryable("on_failure", &message))
        }
    }
}

/// The beginning of what a program prints, which is read to its end.
async fn head_of(output: Option<impl AsyncRead + Unpin>) -> String {
    let mut head = Vec::new();
    if let Some(output) = output {
        let mut limited = output.take(KEPT_OUTPUT);
        let read = limited.read_to_end(&mut head).await;
        let rest = tokio::io::copy(&mut limited.into_inner(), &mut tokio::io::sink()).await;
        if let Err(error) = read.and(rest.map(|_| 0)) {
            tracing::debug!(%error, "the output of a command ended early");
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// What the other side of a request is told.
async fn document(context: &JobContext, failed: &jobs::Model) -> Json {
    json!({ "job": {
        "id": failed.id,
        "kind": failed.kind,
        "project_id": failed.project_id,
        "schedule_id": failed.schedule_id,
        "schedule": schedule_name(context, failed).await,
        "scheduled_for": failed.scheduled_for,
        "finished_at": failed.finished_at,
        "error": { "code": failed.error_code, "message": failed.error_message },
    } })
}

/// The name of the schedule of a job, unless it is deleted meanwhile.
async fn schedule_name(context: &JobContext, failed: &jobs::Model) -> Option<String> {
    let id = failed.schedule_id.as_deref()?;
    let schedule = StoredSchedules::new(&context.jobs).find(id).await;
    schedule.ok().map(|schedule| schedule.name)
}

/// What the command is told.
async fn environment(context: &JobContext, failed: &jobs::Model) -> Vec<(&'static str, String)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let schedule = schedule_name(context, failed).await;
    let slot = failed.scheduled_for.map(|slot| slot.to_rfc3339());
    let variables = vec![
        ("MANIFOLD_JOB_ID", failed.id.clone()),
        ("MANIFOLD_JOB_KIND", failed.kind.clone()),
        ("MANIFOLD_PROJECT_ID", text(&failed.project_id)),
        ("MANIFOLD_SCHEDULE_ID", text(&failed.schedule_id)),
        ("MANIFOLD_SCHEDULE", schedule.unwrap_or_default()),
        ("MANIFOLD_SCHEDULED_FOR", text(&slot)),
        ("MANIFOLD_ERROR_CODE", text(&failed.error_code)),
        ("MANIFOLD_ERROR_MESSAGE", text(&failed.error_message)),
    ];
    let fit = |(name, mut value): (&'static str, String)| {
        value.truncate(value.floor_char_boundary(LONGEST_VARIABLE));
        (name, value.replace('\0', " ")) // no variable holds one
    };
    variables.into_iter().map(fit).collect()
}
