//! Backing up a project of 20 snapshots with 5,000 rows each.

use std::path::Path;
use std::sync::Arc;

use entity_core::enums::BackupType;
use manifold_jobs::jobs::BackupProject;
use manifold_jobs::{Observer, run_foreground};
use manifold_store::{CopyWatch, ProjectId, Projects, SqliteManager};
use serde_json::json;

use super::SOURCES;
use super::imports::{import, people};
use super::meter::Meter;
use super::projects::make;

const SNAPSHOTS: usize = 20;
const ROWS: usize = 5_000;
const BACKUPS: usize = 5;

/// Steps g1, g2 and g3.
pub(crate) async fn run(manager: &Arc<SqliteManager>, meter: &Meter, folder: &Path) {
    let project = make(manager, "Backed up".to_owned()).await;
    for number in 0..SNAPSHOTS {
        let source = format!("Source {}", number % SOURCES);
        let file = people(folder, number, ROWS);
        import(manager, &project.id, &source, file).await;
    }
    back_up(
        manager,
        meter,
        "g1_full_json_backup",
        &project.id,
        BackupType::Full,
    )
    .await;
    back_up(
        manager,
        meter,
        "g2_copy_file_backup",
        &project.id,
        BackupType::Sqlite,
    )
    .await;

    let projects = Projects::new(manager);
    let mut step = meter.step("g3_vacuum_into_backup");
    let mut bytes = 0;
    for number in 0..BACKUPS {
        let path = folder.join(format!("export-{number}.db"));
        let export = projects.export_file(&project.id, &path, CopyWatch::unwatched());
        bytes = step.time(export).await.unwrap();
    }
    step.end(&json!({ "bytes": bytes }));
}

/// Complete backups: hashed, with their manifest, on the disk.
async fn back_up(
    manager: &Arc<SqliteManager>,
    meter: &Meter,
    name: &'static str,
    project: &ProjectId,
    backup_type: BackupType,
) {
    let mut step = meter.step(name);
    let mut bytes = 0;
    for _ in 0..BACKUPS {
        let job = BackupProject::new(project.clone(), backup_type);
        let backup = run_foreground(manager, job, Some(project.clone()), Observer::default());
        let finished = step.time(backup).await.unwrap();
        bytes = finished.outcome.unwrap().size_bytes.unwrap();
    }
    step.end(&json!({ "bytes": bytes }));
}
