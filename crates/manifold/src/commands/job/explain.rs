//! `manifold job explain`

use manifold_store::{Jobs, Projects};
use serde_json::json;

use super::id;
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::shapes::reason::ReasonShape;

/// Says why a job does not run, or who runs it.
pub(super) async fn run(job: &str, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let jobs = Jobs::new(&store);
    let found = id(&jobs.find(job).await?.id)?;
    let explanation = jobs.explain(&found).await?;
    let project = match &explanation.job.project_id {
        Some(project) => Projects::new(&store)
            .find(project)
            .await
            .map_or_else(|_| project.clone(), |project| project.name),
        None => String::new(),
    };
    let reasons: Vec<_> = explanation
        .reasons
        .iter()
        .map(|reason| ReasonShape::new(reason, &explanation.job, &project, session))
        .collect();
    let job = JobShape::from(explanation.job);
    let document = json!({ "job": job, "reasons": reasons });
    session.output().show(&document, || {
        let head = format!("Job {} ({}) is {}.", job.id, job.kind, job.state);
        let sentences = reasons.iter().map(|reason| reason.sentence.clone());
        let lines: Vec<_> = std::iter::once(head).chain(sentences).collect();
        lines.join("\n")
    })?;
    Ok(())
}
