//! Why a job does not run, or who runs it, in a sentence.

use chrono::{DateTime, Utc};
use entity_core::enums::JobState;
use entity_core::{job_workers, jobs};
use manifold_store::{Crew, Reason, Timestamp};
use serde::Serialize;

use crate::session::Session;
use crate::table::printable;
use crate::units::{self, count, duration};

/// Why a job does not run, or who runs it.
#[derive(Debug, Serialize)]
pub(crate) struct ReasonShape {
    code: &'static str,
    pub(crate) sentence: String,
}

impl ReasonShape {
    /// A reason in words; `project` names the job's project.
    pub(crate) fn new(
        reason: &Reason,
        job: &jobs::Model,
        project: &str,
        session: &Session,
    ) -> Self {
        let (queue, kind) = (printable(&job.queue), &job.kind);
        let worker = session.command("worker");
        let (code, sentence) = match reason {
            Reason::Ended => ("ended", ended(job, session)),
            Reason::Runs {
                process,
                since,
                heard_of,
                silent,
            } => {
                let runs = runs(process.as_ref(), *since, *heard_of);
                if *silent {
                    let force = session.command(&format!("job retry {} --force", job.id));
                    let silent =
                        "The process lives but is silent: it may be stopped, or wait for the disk.";
                    (
                        "silent",
                        format!("{runs} {silent} Take the job away from it: {force}"),
                    )
                } else {
                    ("runs", runs)
                }
            }
            Reason::StopRequested { at } => (
                "stop_requested",
                format!(
                    "Somebody asked it to stop {} ago{}; it stops at a safe point.",
                    ago(*at),
                    because(job)
                ),
            ),
            Reason::WaitsFor(others) => (
                "waits_for",
                format!("These must be completed first: {}.", names(others)),
            ),
            Reason::NotYet { run_at } => ("not_yet", not_yet(job, *run_at)),
            Reason::QueuePaused { since } => (
                "queue_paused",
                format!(
                    "The queue {queue} is paused since {}. Resume it: {}",
                    units::time(*since),
                    session.command(&format!("job resume {queue}"))
                ),
            ),
            Reason::QueueFull { most } => (
                "queue_full",
                format!(
                    "The queue {queue} runs {}, as many as it may.",
                    jobs_of(*most)
                ),
            ),
            Reason::ProjectFull { most, running } => (
                "project_full",
                format!(
                    "The project {} runs {}, as many as it may: {}.",
                    printable(project),
                    jobs_of(*most),
                    names(running)
                ),
            ),
            Reason::NoWorker => (
                "no_worker",
                format!("No worker is running. Start one: {worker}"),
            ),
            Reason::NotServed(crews) => (
                "not_served",
                format!(
                    "No worker begins {kind} jobs of the queue {queue}: {}. Start one: {worker} --queue {queue}",
                    crews.iter().map(serves).collect::<Vec<_>>().join("; ")
                ),
            ),
            Reason::InTurn { crews, others } => ("in_turn", in_turn(crews, *others)),
            other => ("other", format!("{other:?}")),
        };
        Self { code, sentence }
    }
}

fn ended(job: &jobs::Model, session: &Session) -> String {
    let at = units::time_or_dash(job.finished_at);
    let retry = session.command(&format!("job retry {}", job.id));
    let error = job
        .error_message
        .as_deref()
        .map_or_else(String::new, |message| format!(": {}", printable(message)));
    match job.state {
        JobState::Completed => format!("It was completed at {at}."),
        JobState::Failed => format!("It failed at {at}{error}. Do it again: {retry}"),
        _ => format!(
            "It was cancelled at {at}{}{error}. Do it after all: {retry}",
            because(job)
        ),
    }
}

fn because(job: &jobs::Model) -> String {
    let reason = job.cancel_reason.as_deref();
    reason.map_or_else(String::new, |reason| format!(" ({})", printable(reason)))
}

fn runs(
    process: Option<&job_workers::Model>,
    since: DateTime<Utc>,
    heard_of: DateTime<Utc>,
) -> String {
    let who = process.map_or_else(
        || "A process".to_owned(),
        |process| {
            format!(
                "Process {} on {} ({})",
                process.pid,
                printable(&process.host),
                printable(&process.command)
            )
        },
    );
    format!(
        "{who} runs it since {} and was last heard of {} ago.",
        units::time(since),
        ago(heard_of)
    )
}

fn not_yet(job: &jobs::Model, run_at: DateTime<Utc>) -> String {
    let left = duration(run_at - Timestamp::now());
    let when = format!("{} ({left} from now)", units::time(run_at));
    match (&job.error_code, job.attempt) {
        (Some(code), attempt) if attempt > 0 => format!(
            "Attempt {attempt} of at most {} failed ({code}); the next one begins at {when}.",
            job.max_attempts
        ),
        _ => format!("Its time is {when}."),
    }
}

fn in_turn(crews: &[Crew], others: u64) -> String {
    let workers: Vec<_> = crews.iter().map(process).collect();
    let workers = workers.join(", ");
    let others = match others {
        0 => "no other job of its queue waits".to_owned(),
        others => {
            let others = count(i64::try_from(others).unwrap_or(i64::MAX), "other job");
            format!("{others} of its queue wait too, and projects take turns")
        }
    };
    format!("It waits for its turn at {workers}; {others}.")
}

fn process(crew: &Crew) -> String {
    let jobs = jobs_of(crew.concurrency);
    format!("process {}, which does {jobs} at once", crew.process.pid)
}

/// What a worker begins.
fn serves(crew: &Crew) -> String {
    let pid = crew.process.pid;
    match &crew.queues {
        _ if crew.stopping_at.is_some() => format!("process {pid} is stopping"),
        Some(queues) => format!("process {pid} serves {}", printable(&queues.join(", "))),
        None => format!("process {pid} does not know the kind"),
    }
}

fn names(jobs: &[jobs::Model]) -> String {
    let names = jobs
        .iter()
        .map(|job| format!("{} ({}, {})", job.id, job.kind, job.state));
    names.collect::<Vec<_>>().join(", ")
}

fn jobs_of(number: i64) -> String {
    count(number, "job")
}

fn ago(at: DateTime<Utc>) -> String {
    duration(Timestamp::now() - at)
}
