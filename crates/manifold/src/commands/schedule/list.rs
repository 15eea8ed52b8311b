//! `manifold schedule list`

use manifold_store::Projects;
use serde_json::json;

use super::{names, project_of, schedules, shape};
use crate::session::Session;
use crate::shapes::schedule::ScheduleShape;

/// Lists schedules, by name.
pub(super) async fn run(project: Option<&str>, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let schedules = schedules(&store);
    let project = match project {
        Some(project) => Some(Projects::id(&Projects::new(&store).find(project).await?)?),
        None => None,
    };
    let mut found = Vec::new();
    for row in schedules.list(project.as_ref()).await? {
        found.push(shape(&schedules, row).await?);
    }
    let names = names(&store).await?;
    let output = session.output();
    output.show(&json!({ "schedules": found }), || {
        ScheduleShape::table(&found, |schedule| project_of(&names, schedule))
    })?;
    if found.is_empty() {
        output.note("There is no schedule; `manifold backup schedule PROJECT` makes one.");
    }
    Ok(())
}
