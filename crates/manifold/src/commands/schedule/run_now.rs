//! `manifold schedule run`

use serde_json::json;

use super::{NEEDS_WORKER, schedules};
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::table::printable;

/// Writes down a job of a schedule for now.
pub(super) async fn run(reference: &str, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let schedules = schedules(&store);
    let row = schedules.find(reference).await?;
    let job = JobShape::from(schedules.run_now(&row).await?);
    let output = session.output();
    output.confirm(&json!({ "job": job }), || {
        format!(
            "Wrote down job {} of schedule {}.",
            job.id,
            printable(&row.name)
        )
    })?;
    output.note(NEEDS_WORKER);
    Ok(())
}
