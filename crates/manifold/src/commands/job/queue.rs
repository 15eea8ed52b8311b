//! `manifold job pause` and `manifold job resume`

use manifold_store::Jobs;
use serde_json::json;

use crate::session::Session;
use crate::table::printable;

/// Lets no further job of a queue begin.
pub(super) async fn pause(queue: &str, session: &Session) -> anyhow::Result<()> {
    let jobs = Jobs::new(&session.store().await?);
    jobs.pause_queue(queue).await?;
    let document = json!({ "queue": { "name": queue, "paused": true } });
    session.output().confirm(&document, || {
        format!("Paused the queue {}; what runs goes on.", printable(queue))
    })?;
    Ok(())
}

/// Lets jobs of a queue begin again.
pub(super) async fn resume(queue: &str, session: &Session) -> anyhow::Result<()> {
    let jobs = Jobs::new(&session.store().await?);
    jobs.resume_queue(queue).await?;
    let document = json!({ "queue": { "name": queue, "paused": false } });
    session.output().confirm(&document, || {
        format!("Jobs of the queue {} begin again.", printable(queue))
    })?;
    Ok(())
}
