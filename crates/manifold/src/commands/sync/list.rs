//! `manifold sync list`

use std::collections::HashMap;
use std::sync::Arc;

use entity_core::job_schedules;
use manifold_jobs::sync::can_sync;
use manifold_store::{DataSources, ProjectId, Projects, SqliteManager, SyncStates};
use serde_json::json;

use super::schedule::source_of;
use crate::commands::schedule::{schedules, shape};
use crate::session::Session;
use crate::shapes::schedule::ScheduleShape;
use crate::shapes::sync::SyncShape;

/// Lists the sources that can be pulled or are carried elsewhere by a schedule, by project and name.
pub(super) async fn run(project: Option<&str>, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let projects = Projects::new(&store);
    let projects = match project {
        Some(project) => vec![projects.find(project).await?],
        None => projects.list().await?,
    };
    let mut found = Vec::new();
    for project in projects {
        let id = Projects::id(&project)?;
        found.extend(of_project(&store, &id, &project.name).await?);
    }
    let output = session.output();
    output.show(&json!({ "syncs": found }), || SyncShape::table(&found))?;
    if found.is_empty() {
        output.note(
            "No source can be synced; `manifold source create --config` says where rows come from.",
        );
    }
    Ok(())
}

async fn of_project(
    store: &Arc<SqliteManager>,
    project: &ProjectId,
    name: &str,
) -> anyhow::Result<Vec<SyncShape>> {
    let states = SyncStates::new(store.clone()).list(project).await?;
    let mut states: HashMap<_, _> = states
        .into_iter()
        .map(|state| (state.source_id.clone(), state))
        .collect();
    let all = schedules(store);
    let scheduled: Vec<job_schedules::Model> = all.list(Some(project)).await?;
    let mut found = Vec::new();
    for source in DataSources::new(store.clone()).list(project).await? {
        let mut shapes: Vec<ScheduleShape> = Vec::new();
        for row in &scheduled {
            if source_of(row) == Some(&source.id) {
                shapes.push(shape(&all, row.clone()).await?);
            }
        }
        if shapes.is_empty() && !can_sync(project, &source) {
            continue;
        }
        let state = states.remove(&source.id);
        found.push(SyncShape::new(project, name, source, state, shapes));
    }
    Ok(found)
}
