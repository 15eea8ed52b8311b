//! `manifold worker` itself

use clap::Args;
use entity_core::enums::JobState;
use entity_core::jobs;
use manifold_jobs::{Registry, Served, Worker, WorkerEvent, WorkerOptions};
use serde_json::json;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::command_error::CommandError;
use crate::env_vars;
use crate::output::Output;
use crate::session::Session;
use crate::shapes::job::{JobShape, took};
use crate::table::printable;
use crate::units;

/// Which jobs, and how many at once.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// How many jobs it does at once
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(super) concurrency: u16,
    /// A queue that it serves; may be given several times [default: all]
    #[arg(long = "queue", value_name = "Q")]
    pub(super) queues: Vec<String>,
    /// Do what is due, then end; exit code 1 when a job of it failed
    #[arg(long)]
    once: bool,
}

/// How the jobs of a worker ended.
#[derive(Debug, Default)]
struct Ends {
    ended: u64,
    failed: u64,
}

/// Does jobs until it is stopped, or until none is due.
pub(super) async fn run(arguments: RunArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let (events, told) = mpsc::unbounded_channel();
    let options = WorkerOptions {
        concurrency: arguments.concurrency.into(),
        queues: (!arguments.queues.is_empty()).then_some(arguments.queues),
        events: Some(events),
        environment: env_vars::for_jobs(),
        ..WorkerOptions::default()
    };
    let worker = Worker::new(&store, Registry::built_in(), options);
    let output = session.output();
    let work = session.leavable();
    let stop = work.token().child_token();
    let saying = tokio::spawn(say_when_asked(work.token(), output));
    let nobody_reads = stop.clone();
    let telling = tokio::spawn(async move {
        let told = tell(told, output).await;
        if told.is_err() {
            nobody_reads.cancel(); // `| head` has seen enough
        }
        told
    });
    let served: Served = if arguments.once {
        worker.drain_until(&stop).await?
    } else {
        output.note("Waiting for jobs; Ctrl-C stops.");
        worker.run(&stop).await?
    };
    saying.abort();
    drop(worker); // nothing more is told
    let ends = telling
        .await
        .map_err(|died| CommandError::Internal(died.to_string()))??;
    if output.json {
        let stopped =
            json!({ "event": "stopped", "attempts": served.attempts, "failed": ends.failed });
        output.stream_line(&stopped, String::new)?;
    } else if arguments.once && ends.ended == 0 {
        output.note("No job was due.");
    } else {
        let attempts = i64::try_from(served.attempts).unwrap_or(i64::MAX);
        output.note(&format!(
            "Stopped after {}.",
            units::count(attempts, "attempt")
        ));
    }
    if arguments.once && ends.failed > 0 {
        return Err(CommandError::JobsFailed {
            failed: ends.failed,
            of: ends.ended,
        }
        .into());
    }
    Ok(())
}

async fn say_when_asked(stop: CancellationToken, output: Output) {
    stop.cancelled().await;
    let soft = WorkerOptions::default().soft_timeout.as_secs();
    output.note(&format!(
        "Stopping: no further job is begun; those that run may end for {soft} s, then they stop at a safe point. Once \
         more leaves at once."
    ));
}

/// Says what the worker begins and ends, on stderr, or as JSON Lines on stdout.
async fn tell(
    mut told: mpsc::UnboundedReceiver<WorkerEvent>,
    output: Output,
) -> anyhow::Result<Ends> {
    let mut ends = Ends::default();
    while let Some(event) = told.recv().await {
        match event {
            WorkerEvent::Began(job) => {
                output.note(&format!("begin  {}", of(&job)));
                say(output, "began", *job)?;
            }
            WorkerEvent::Ended(job) => {
                ends.ended += 1;
                ends.failed += u64::from(job.state == JobState::Failed);
                output.note(&ended(&job));
                say(output, "ended", *job)?;
            }
            WorkerEvent::Lost { job, reason } => {
                output.note(&format!("lost   {job}: {}", printable(&reason)));
                if output.json {
                    let lost = json!({ "event": "lost", "job_id": job.as_str(), "reason": reason });
                    output.stream_line(&lost, String::new)?;
                }
            }
            _ => {}
        }
    }
    Ok(ends)
}

fn say(output: Output, event: &str, job: jobs::Model) -> anyhow::Result<()> {
    if output.json {
        let line = json!({ "event": event, "job": JobShape::from(job) });
        output.stream_line(&line, String::new)?;
    }
    Ok(())
}

fn of(job: &jobs::Model) -> String {
    format!("{} {}", printable(&job.kind), job.id)
}

fn ended(job: &jobs::Model) -> String {
    let error = job.error_message.as_deref().map(printable);
    match job.state {
        JobState::Completed => format!(
            "done   {} in {}",
            of(job),
            took(job.started_at, job.finished_at)
        ),
        JobState::Cancelled => format!("cancelled  {}", of(job)),
        JobState::Pending => format!(
            "again  {} at {}{}",
            of(job),
            units::time(job.run_at),
            error.map_or_else(String::new, |error| format!(": {error}"))
        ),
        _ => format!("FAILED {}: {}", of(job), error.unwrap_or_default()),
    }
}
