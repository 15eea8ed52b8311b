//! `manifold backup stats`

use std::collections::{BTreeMap, HashMap};

use entity_core::backups;
use manifold_store::{BackupStats, Backups, Projects};
use serde_json::json;

use super::reference::of_project;
use crate::session::Session;
use crate::shapes::backup_stats::BackupStatsShape;

/// Shows what the backups of each project come to, also of those that are gone.
pub(super) async fn run(project: Option<&str>, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let found = match project {
        Some(project) => of_project(&store, project).await?,
        None => Backups::new(&store).list(None).await?,
    };
    let listed = Projects::new(&store).list().await?;
    let names: HashMap<_, _> = listed.into_iter().map(|row| (row.id, row.name)).collect();
    let total = BackupStatsShape::total(BackupStats::of(&found));
    let mut of_projects: BTreeMap<(Option<String>, Option<String>), Vec<backups::Model>> =
        BTreeMap::new();
    for backup in found {
        let id = backup.project_id.clone();
        let name = id.as_ref().and_then(|id| names.get(id)).cloned();
        let of_project = of_projects.entry((name, id)).or_default();
        of_project.push(backup);
    }
    let of_projects: Vec<_> = of_projects
        .into_iter()
        .map(|((name, id), backups)| {
            BackupStatsShape::of_project(BackupStats::of(&backups), id, name)
        })
        .collect();
    let output = session.output();
    output.show(&json!({ "projects": of_projects, "total": total }), || {
        BackupStatsShape::table(&of_projects, &total)
    })?;
    if of_projects.is_empty() {
        output.note("There is no backup; `manifold backup create PROJECT` makes one.");
    }
    Ok(())
}
