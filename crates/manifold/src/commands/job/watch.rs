//! `manifold job watch`

use std::time::Duration;

use entity_core::enums::JobState;
use entity_core::jobs;
use manifold_jobs::rescue_dead;
use manifold_store::{JobId, Jobs, Projects, Reason};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;

use super::id;
use crate::command_error::CommandError;
use crate::progress::{self, View};
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::shapes::reason::ReasonShape;

/// How often the job is looked at.
const LOOK: Duration = Duration::from_millis(300);
/// How often it is asked why it does not run, and whether its process lives.
const ASK: Duration = Duration::from_secs(2);

/// Follows a job until it ends, and ends as it does.
pub(super) async fn run(job: &str, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let jobs = Jobs::new(&store);
    let found = jobs.find(job).await?;
    let job = id(&found.id)?;
    let project = match &found.project_id {
        Some(id) => Projects::new(&store).find(id).await.ok(),
        None => None,
    };
    let project = project.map(|project| project.name).unwrap_or_default();
    let title = match project.as_str() {
        "" => found.kind,
        name => format!("{} of {name}", found.kind),
    };
    let (views, shown) = watch::channel(View::default());
    let drawing = tokio::spawn(progress::draw(title, shown, session.progress()));
    let leavable = session.leavable();
    let left = leavable.token();
    let ended = tokio::select! {
        ended = until_end(&jobs, &job, &project, &views, session) => Some(ended?),
        () = left.cancelled() => None,
    };
    drop((views, leavable));
    drop(drawing.await); // it ends with the views; that it could not be shown is no failure
    let Some(ended) = ended else {
        let watch = session.command(&format!("job watch {job}"));
        return Err(CommandError::StillRuns {
            job: job.to_string(),
            watch,
        }
        .into());
    };
    let ended = JobShape::from(ended);
    let output = session.output();
    output.confirm(&json!({ "job": ended }), || {
        format!("Job {} ({}) is {}.", ended.id, ended.kind, ended.state)
    })?;
    match (ended.state, ended.error) {
        (JobState::Failed, error) => Err(CommandError::JobFailed {
            job: ended.id,
            error: error.map_or_else(String::new, |error| error.message),
        }
        .into()),
        (JobState::Cancelled, error) => Err(CommandError::JobCancelled {
            job: ended.id,
            reason: ended.cancel_reason.or(error.map(|error| error.message)),
        }
        .into()),
        _ => Ok(()),
    }
}

async fn until_end(
    jobs: &Jobs,
    job: &JobId,
    project: &str,
    views: &watch::Sender<View>,
    session: &Session,
) -> anyhow::Result<jobs::Model> {
    let mut asked: Option<Instant> = None;
    loop {
        let found = jobs.find(job.as_str()).await?;
        let due = asked.is_none_or(|asked| asked.elapsed() >= ASK);
        match found.state {
            JobState::Completed | JobState::Failed | JobState::Cancelled => return Ok(found),
            JobState::Running => {
                if due && !session.is_read_only() {
                    rescue_dead(jobs.manager()).await?; // else nobody might ever say that it died
                }
                let shape = JobShape::from(found);
                views.send_replace(shape.view());
            }
            JobState::Pending | JobState::Blocked => {
                if due {
                    let sentence = why(jobs, job, project, session).await?;
                    views.send_replace(View {
                        sentence,
                        waits: true,
                        ..View::default()
                    });
                }
            }
        }
        if due {
            asked = Some(Instant::now());
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Why the job does not run.
async fn why(jobs: &Jobs, job: &JobId, project: &str, session: &Session) -> anyhow::Result<String> {
    let explanation = jobs.explain(job).await?;
    let first = explanation
        .reasons
        .iter()
        .find(|reason| **reason != Reason::Ended);
    Ok(match first {
        Some(reason) => ReasonShape::new(reason, &explanation.job, project, session).sentence,
        None => "waiting".to_owned(),
    })
}
