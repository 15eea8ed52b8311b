//! `manifold schedule enable` and `disable`

use manifold_jobs::schedule::Schedules;
use serde_json::json;

use super::{NEEDS_WORKER, schedules, shape};
use crate::session::Session;
use crate::table::printable;

/// Switches a schedule on or off.
pub(super) async fn run(reference: &str, on: bool, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let schedules = schedules(&store);
    let id = Schedules::id(&schedules.find(reference).await?)?;
    let row = if on {
        schedules.enable(&id).await?
    } else {
        schedules.disable(&id).await?
    };
    let shape = shape(&schedules, row).await?;
    let output = session.output();
    output.confirm(&json!({ "schedule": shape }), || {
        let name = printable(&shape.name);
        if on {
            format!(
                "Switched schedule {name} on; it is due on {}.",
                shape.next()
            )
        } else {
            format!("Switched schedule {name} off.")
        }
    })?;
    if on {
        output.note(NEEDS_WORKER);
    }
    Ok(())
}
