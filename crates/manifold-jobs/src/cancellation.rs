//! Sees in the hub that a running job is to stop.

use std::time::Duration;

use manifold_store::{Claim, Jobs, Standing};
use tokio_util::sync::CancellationToken;

/// How often the hub is asked.
const PERIOD: Duration = Duration::from_secs(1);

/// Asks the hub every second whether the attempt is still wanted, and cancels `cancel` when it is not.
/// Ends then, and when somebody else cancelled.
pub(crate) async fn watch(jobs: Jobs, claim: Claim, cancel: CancellationToken) {
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(PERIOD) => {}
        }
        match jobs.standing(&claim).await {
            Ok(Standing::Owned) => {}
            Ok(Standing::CancelRequested | Standing::Lost) => cancel.cancel(),
            // The next second tells; meanwhile the fence keeps a lost attempt from writing.
            Err(error) => {
                tracing::debug!(job.id = %claim.job_id, %error, "cannot see whether the job is to stop");
            }
        }
    }
}
