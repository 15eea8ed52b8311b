//! Schedules that other verbs make and delete.

use entity_core::job_schedules;
use manifold_jobs::schedule::{ScheduleSpec, Schedules};
use manifold_store::StoreError;
use serde_json::json;

use super::{NEEDS_WORKER, schedules, shape};
use crate::session::Session;
use crate::table::printable;

/// Makes a schedule, or changes the one of its name, and says so; `what` is what it does, for people.
pub(crate) async fn set(spec: ScheduleSpec, what: &str, session: &Session) -> anyhow::Result<()> {
    let schedules = schedules(&session.store().await?);
    let (row, created) = schedules.set(spec).await?;
    let shape = shape(&schedules, row).await?;
    let output = session.output();
    let document = json!({ "schedule": shape, "created": created });
    output.confirm(&document, || {
        format!(
            "{} schedule {} for {what}.\n  id    {}\n  next  {}",
            if created { "Made" } else { "Changed" },
            printable(&shape.name),
            shape.id,
            shape.next()
        )
    })?;
    output.note(NEEDS_WORKER);
    Ok(())
}

/// Deletes schedules, and says so; `what` is what they did, and `wanted` what was named when there are none.
pub(crate) async fn delete(
    found: Vec<job_schedules::Model>,
    what: &str,
    wanted: String,
    session: &Session,
) -> anyhow::Result<()> {
    if found.is_empty() {
        let (what, name) = ("schedule", wanted);
        return Err(StoreError::NotFound { what, name }.into());
    }
    let schedules = schedules(&session.store().await?);
    let mut deleted = Vec::new();
    for row in found {
        let id = Schedules::id(&row)?;
        let shape = shape(&schedules, row).await?;
        schedules.delete(&id).await?;
        deleted.push(shape);
    }
    let names: Vec<_> = deleted.iter().map(|shape| printable(&shape.name)).collect();
    session
        .output()
        .confirm(&json!({ "deleted": deleted }), || {
            format!(
                "Deleted what was scheduled for {what}: {}.",
                names.join(", ")
            )
        })?;
    Ok(())
}
