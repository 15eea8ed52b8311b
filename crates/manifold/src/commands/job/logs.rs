//! `manifold job logs`

use std::collections::HashMap;

use manifold_store::Jobs;
use serde_json::json;

use super::id;
use crate::session::Session;
use crate::shapes::log_line::LogLineShape;

/// Shows what a job said, in order.
pub(super) async fn run(job: &str, session: &Session) -> anyhow::Result<()> {
    let jobs = Jobs::new(&session.store().await?);
    let job = id(&jobs.find(job).await?.id)?;
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
