//! `manifold job show`

use entity_core::{job_executions, jobs};
use manifold_store::{JobId, Jobs, ProjectId, Projects, SqliteManager, StoreError, is_alive};
use serde_json::json;

use super::id;
use crate::session::Session;
use crate::shapes::attempt::AttemptShape;
use crate::shapes::checkpoint::CheckpointShape;
use crate::shapes::job::JobShape;

/// Shows a job, the attempts at it, and what it wrote down in its project's file.
pub(super) async fn run(job: &str, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let jobs = Jobs::new(&store);
    let found = jobs.find(job).await?;
    let id = id(&found.id)?;
    let mut attempts = Vec::new();
    for attempt in jobs.executions(&id).await? {
        attempts.push(shape(attempt, &jobs, &store).await?);
    }
    let steps = jobs.steps(&id).await?.into_iter();
    let mut checkpoints: Vec<_> = steps.map(CheckpointShape::from).collect();
    checkpoints.extend(cursors(&found, &id, &jobs).await);
    let project = match &found.project_id {
        Some(project) => Projects::new(&store)
            .find(project)
            .await
            .map_or_else(|_| project.clone(), |project| project.name),
        None => "-".to_owned(),
    };
    let job = JobShape::from(found);
    let document = json!({ "job": job, "executions": attempts, "checkpoints": checkpoints });
    session.output().show(&document, || {
        let process = attempts.last().and_then(AttemptShape::process);
        let mut text = job.fields(project, process);
        if !attempts.is_empty() {
            text += "\n\n";
            text += &AttemptShape::table(&attempts);
        }
        text
    })?;
    Ok(())
}

async fn shape(
    attempt: job_executions::Model,
    jobs: &Jobs,
    store: &SqliteManager,
) -> Result<AttemptShape, StoreError> {
    let worker = jobs.worker(&attempt.worker_id).await?;
    let alive = match attempt.worker_id.parse() {
        Ok(id) => is_alive(store.layout(), &id)?,
        Err(_) => false,
    };
    Ok(AttemptShape::new(attempt, worker, alive))
}

/// None where the project's file cannot be reached: the rest is worth showing all the same.
async fn cursors(job: &jobs::Model, id: &JobId, jobs: &Jobs) -> Vec<CheckpointShape> {
    let project = job.project_id.as_ref();
    let Some(project) = project.and_then(|id| id.parse::<ProjectId>().ok()) else {
        return Vec::new();
    };
    match jobs.checkpoints(id, &project).await {
        Ok(found) => found.into_iter().map(CheckpointShape::from).collect(),
        Err(error) => {
            tracing::debug!(job.id = %id, %error, "how far the job's steps have come cannot be read");
            Vec::new()
        }
    }
}
