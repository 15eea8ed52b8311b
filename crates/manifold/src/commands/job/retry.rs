//! `manifold job retry`

use clap::Args;
use entity_core::enums::JobState;
use entity_core::jobs;
use manifold_store::{JobId, Jobs, Reason, Timestamp};
use serde_json::json;

use super::id;
use crate::command_error::CommandError;
use crate::detach::written_down;
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::units;

/// Which job.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold job retry 019f3a7c
  manifold job retry 019f3a7c --force --yes

The job waits for a worker then, with all its attempts; what earlier ones did stays on record.

--force takes a running job away from a process that lives but does not go on, such as one that was stopped. What that \
process still tries to write is refused. A process that died needs no --force: any command sees that.")]
pub(crate) struct RetryArgs {
    /// Its id, or the beginning of its id
    job: String,
    /// Take a running job away from its process
    #[arg(long)]
    force: bool,
}

/// Has a job done again.
pub(super) async fn run(arguments: RetryArgs, session: &Session) -> anyhow::Result<()> {
    let jobs = Jobs::new(&session.store().await?);
    let found = jobs.find(&arguments.job).await?;
    let job = id(&found.id)?;
    let mut taken_from = None;
    let again = match (found.state, arguments.force) {
        (JobState::Running, false) => {
            return Err(CommandError::JobRuns {
                explain: session.command(&format!("job explain {job}")),
                force: session.command(&format!("job retry {job} --force")),
                job: job.to_string(),
            }
            .into());
        }
        (JobState::Running, true) => {
            let (question, pid) = question(&jobs, &job, &found).await?;
            session.confirm(question).await?;
            taken_from = pid;
            jobs.release(&job).await?
        }
        _ => jobs.retry(&job).await?,
    };
    let again = JobShape::from(again);
    session
        .output()
        .confirm(&json!({ "job": again }), || match again.state {
            JobState::Cancelled => format!("Job {} ({}) is cancelled.", again.id, again.kind),
            JobState::Blocked => format!("Job {} ({}) waits for others.", again.id, again.kind),
            _ => written_down(&again),
        })?;
    if let Some(pid) = taken_from {
        session.output().note(&format!(
            "Process {pid} cannot write for this job any more, but keeps the locks it has. If the job then waits for it, \
             end it: kill -9 {pid}"
        ));
    }
    if again.state == JobState::Pending {
        session.note_who_does(&again).await?;
    }
    Ok(())
}

/// What `--force` would do, and to which process.
async fn question(
    jobs: &Jobs,
    job: &JobId,
    found: &jobs::Model,
) -> anyhow::Result<(String, Option<i64>)> {
    let explanation = jobs.explain(job).await?;
    let runs = explanation.reasons.iter().find_map(|reason| match reason {
        Reason::Runs {
            process: Some(process),
            heard_of,
            ..
        } => Some((process, *heard_of)),
        _ => None,
    });
    let what = format!("Take job {job} ({}) away", found.kind);
    Ok(match runs {
        Some((process, heard_of)) => {
            let silence = units::duration(Timestamp::now() - heard_of);
            let (pid, command) = (process.pid, &process.command);
            let question =
                format!("{what} from process {pid} ({command}), which was heard of {silence} ago");
            (question, Some(pid))
        }
        None => (format!("{what} from its process"), None),
    })
}
