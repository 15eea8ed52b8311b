//! `manifold job cancel`

use clap::Args;
use entity_core::enums::JobState;
use manifold_store::Jobs;
use serde_json::json;

use super::id;
use crate::session::Session;
use crate::shapes::job::JobShape;

/// Which job, and why.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold job cancel 019f3a7c
  manifold job cancel 019f3a7c --reason 'the wrong file'

A job that waits is cancelled at once. One that runs is asked to stop at a safe point, where nothing half-done is \
visible; `manifold job watch` waits for that. What was complete before it saw the request stays.")]
pub(crate) struct CancelArgs {
    /// Its id, or the beginning of its id
    job: String,
    /// Why, for those who look at it later
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Asks a job to stop.
pub(super) async fn run(arguments: CancelArgs, session: &Session) -> anyhow::Result<()> {
    let jobs = Jobs::new(&session.store().await?);
    let found = id(&jobs.find(&arguments.job).await?.id)?;
    let reason = arguments.reason.filter(|reason| !reason.is_empty());
    let asked = jobs.cancel_because(&found, reason.as_deref()).await?;
    let asked = JobShape::from(asked);
    session.output().confirm(&json!({ "job": asked }), || {
        if asked.state == JobState::Running {
            let watch = session.command(&format!("job watch {}", asked.id));
            format!(
                "Asked job {} ({}) to stop; it stops at a safe point. See it end: {watch}",
                asked.id, asked.kind
            )
        } else {
            format!("Cancelled job {} ({}).", asked.id, asked.kind)
        }
    })?;
    Ok(())
}
