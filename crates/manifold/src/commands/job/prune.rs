//! `manifold job prune`

use clap::Args;
use manifold_store::{DatabaseManager as _, Jobs, PrunedJobs, Settings};
use serde_json::json;

use crate::session::Session;
use crate::units::count;

/// How.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold job prune --dry-run
  manifold job prune

Completed jobs are kept for jobs.keep_completed_days, failed ones for jobs.keep_failed_days, cancelled ones for \
jobs.keep_cancelled_days, and what jobs said for jobs.keep_logs_days: `manifold settings`. A job stays while a backup \
that it made exists and while another waits for it. The import history stays. A worker does this once an hour.")]
pub(crate) struct PruneArgs {
    /// Say what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
}

/// Removes jobs that ended long ago.
pub(super) async fn run(arguments: &PruneArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let jobs = Jobs::new(&store);
    let retention = Settings::new(store.core()).job_retention().await?;
    let output = session.output();
    if arguments.dry_run {
        let would = jobs.prunable(retention).await?;
        output.show(&json!({ "plan": shape(&would) }), || {
            format!("Would remove {}.", in_words(&would))
        })?;
        output.note("Nothing was changed.");
        return Ok(());
    }
    let pruned = jobs.prune(retention).await?;
    output.confirm(&json!({ "pruned": shape(&pruned) }), || {
        format!("Removed {}.", in_words(&pruned))
    })?;
    Ok(())
}

fn shape(pruned: &PrunedJobs) -> serde_json::Value {
    json!({
        "jobs": pruned.jobs(),
        "completed": pruned.completed,
        "failed": pruned.failed,
        "cancelled": pruned.cancelled,
        "log_lines": pruned.log_lines,
    })
}

fn in_words(pruned: &PrunedJobs) -> String {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    format!(
        "{} and {}",
        count(number(pruned.jobs()), "job"),
        count(number(pruned.log_lines), "log line")
    )
}
