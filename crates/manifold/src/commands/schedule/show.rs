//! `manifold schedule show`

use serde_json::json;

use super::{names, project_of, schedules, shape};
use crate::session::Session;

/// How many of the next slots are shown.
const SLOTS: usize = 5;

/// Shows a schedule.
pub(super) async fn run(reference: &str, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let schedules = schedules(&store);
    let row = schedules.find(reference).await?;
    let upcoming = schedules.upcoming(&row, SLOTS)?;
    let shape = shape(&schedules, row).await?;
    let names = names(&store).await?;
    let document = json!({ "schedule": shape, "next_slots": upcoming });
    session.output().show(&document, || {
        shape.fields(project_of(&names, &shape), &upcoming)
    })?;
    Ok(())
}
