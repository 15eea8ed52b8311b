//! What a worker does once an hour, beside its jobs.

use std::time::Duration;

use manifold_store::{DatabaseManager as _, HubCopies, Jobs, Settings, StoreError};

/// When first: a worker that is needed now has better things to do.
const FIRST: Duration = Duration::from_secs(60);
/// How often.
const PERIOD: Duration = Duration::from_secs(60 * 60);

/// Removes jobs that ended long ago, as the settings say, and copies the hub, every hour.
pub(crate) async fn keep_up(jobs: Jobs) {
    tokio::time::sleep(FIRST).await;
    loop {
        if let Err(error) = prune(&jobs).await {
            tracing::warn!(%error, "jobs that ended long ago stay for now");
        }
        if let Err(error) = HubCopies::new(jobs.manager()).take_if_due().await {
            tracing::warn!(%error, "the hourly copy of the hub was not taken; the hub is not affected");
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn prune(jobs: &Jobs) -> Result<(), StoreError> {
    let settings = Settings::new(jobs.manager().core());
    let pruned = jobs.prune(settings.job_retention().await?).await?;
    if pruned.batches > 0 {
        tracing::info!(
            jobs = pruned.jobs(),
            lines = pruned.log_lines,
            "removed jobs that ended long ago"
        );
    }
    Ok(())
}
