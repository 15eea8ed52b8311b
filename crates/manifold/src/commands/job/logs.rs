//! `manifold job logs`

use std::collections::HashMap;
use std::time::Duration;

use clap::Args;
use entity_core::enums::JobState;
use manifold_store::{JobId, Jobs};
use serde_json::json;

use super::id;
use crate::session::Session;
use crate::shapes::log_line::LogLineShape;

/// How often a job that is followed is looked at.
const LOOK: Duration = Duration::from_millis(300);
/// Lines that are read at once.
const AT_ONCE: u64 = 1_000;

/// Which job.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold job logs 019f3a7c
  manifold job logs 019f3a7c --follow --json | jq .message

Of each attempt the first 5,000 lines or 1 MiB of text are kept, and as much of its end.")]
pub(crate) struct LogsArgs {
    /// Its id, or the beginning of its id
    job: String,
    /// Go on until the job has ended; with --json a line for each line
    #[arg(long, short)]
    follow: bool,
}

/// Shows what a job said, in order.
pub(super) async fn run(arguments: LogsArgs, session: &Session) -> anyhow::Result<()> {
    let jobs = Jobs::new(&session.store().await?);
    let job = id(&jobs.find(&arguments.job).await?.id)?;
    if arguments.follow {
        return follow(&jobs, &job, session).await;
    }
    let attempts: HashMap<_, _> = jobs
        .executions(&job)
        .await?
        .into_iter()
        .map(|attempt| (attempt.id, attempt.attempt))
        .collect();
    let lines = jobs.logs(&job).await?.into_iter();
    let lines: Vec<_> = lines
        .map(|line| {
            let attempt = attempts.get(&line.execution_id).copied();
            LogLineShape::new(line, attempt.unwrap_or_default())
        })
        .collect();
    let output = session.output();
    output.show(&json!({ "logs": lines }), || LogLineShape::text(&lines))?;
    if lines.is_empty() {
        output.note("The job has said nothing.");
    }
    Ok(())
}

/// Shows what the job says, attempt after attempt, until it has ended.
async fn follow(jobs: &Jobs, job: &JobId, session: &Session) -> anyhow::Result<()> {
    let output = session.output();
    let mut seen: HashMap<String, i64> = HashMap::new();
    loop {
        // Looked at first: what was said before the end is written down by then.
        let found = jobs.find(job.as_str()).await?;
        let waits = matches!(
            found.state,
            JobState::Pending | JobState::Blocked | JobState::Running
        );
        for attempt in jobs.executions(job).await? {
            let last = seen.entry(attempt.id.clone()).or_insert(-1);
            loop {
                let lines = jobs.log_behind(&attempt.id, *last, AT_ONCE).await?;
                let Some(newest) = lines.last() else { break };
                *last = newest.seq;
                for line in lines {
                    let line = LogLineShape::new(line, attempt.attempt);
                    output.stream_line(&line, || line.line())?;
                }
            }
        }
        if !waits {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
}
