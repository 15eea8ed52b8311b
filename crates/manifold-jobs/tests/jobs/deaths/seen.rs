//! What people see on both sides.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use entity_core::enums::{EndReason, JobState};
use entity_project::enums::ImportState;
use entity_project::import_history;
use manifold_jobs::export::DATAPACKAGE;
use manifold_store::{
    DataSources, DatabaseManager as _, Doctor, JobFilter, Jobs, ProjectId, Projects, RowLog,
    Snapshots, SourceId, SqliteManager, SyncStates, rows,
};
use sea_orm::EntityTrait as _;

use crate::targets::place::Place;

/// What people see on both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Of each source, by its name: its snapshots by number, each with its rows.
    sources: BTreeMap<String, Vec<(i64, Vec<String>)>>,
    /// Of each source that was pulled: the snapshot, the cursor and the conflicts.
    pulls: Vec<String>,
    /// The file that is exported, if there is one.
    file: Option<Vec<u8>>,
    /// The rows of the table, and the line that says what they are.
    table: Vec<String>,
    line: Vec<String>,
}

impl Seen {
    pub async fn read(
        manager: &Arc<SqliteManager>,
        file: Option<&Path>,
        place: Option<&Place>,
    ) -> Self {
        let mut seen = Self {
            sources: BTreeMap::new(),
            pulls: Vec::new(),
            file: file.and_then(|path| std::fs::read(path).ok()),
            table: Vec::new(),
            line: Vec::new(),
        };
        for project in Projects::new(manager).list().await.unwrap() {
            seen.project(manager, &Projects::id(&project).unwrap())
                .await;
        }
        if let Some(place) = place {
            seen.table = place.rows().await;
            // Some databases begin a line before anything is written.
            let line = "SELECT snapshot_number FROM {S}manifold_sync WHERE snapshot_number > 0";
            seen.line = place.select(line).await;
        }
        seen
    }

    async fn project(&mut self, manager: &Arc<SqliteManager>, project: &ProjectId) {
        let snapshots = Snapshots::new(manager.clone());
        let states = SyncStates::new(manager.clone());
        for source in DataSources::new(manager.clone())
            .list(project)
            .await
            .unwrap()
        {
            let mut versions = Vec::new();
            for details in snapshots.list(project, Some(&source)).await.unwrap() {
                let rows = rows_of(manager, project, details.snapshot.id).await;
                assert_eq!(rows.len() as i64, details.snapshot.row_count);
                versions.push((details.snapshot.number, rows));
            }
            versions.sort();
            let id: SourceId = source.id.parse().unwrap();
            if let Some(state) = states.find(project, &id).await.unwrap() {
                let number = snapshots
                    .find(project, &state.snapshot_id)
                    .await
                    .unwrap()
                    .snapshot
                    .number;
                self.pulls.push(format!(
                    "{} {number} {:?} {:?}",
                    source.name, state.cursor, state.conflicts
                ));
            }
            // One without a snapshot is nothing that anybody has imported.
            if !versions.is_empty() {
                self.sources.insert(source.name, versions);
            }
        }
    }
}

async fn rows_of(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    snapshot: String,
) -> Vec<String> {
    let log = RowLog::new(manager);
    let read = log.read(project, move |connection| {
        let snapshot = rows::snapshot(connection, &snapshot)?;
        let mut found = Vec::new();
        // A time at which a row was marked as deleted is another each time.
        let marks = snapshot
            .columns
            .iter()
            .position(|column| column.name == "deleted_at");
        rows::read(connection, &snapshot, None, None, |_, row, _| {
            let cells = row.cells().enumerate().map(|(index, cell)| match cell {
                rows::Cell::Text(_) if marks == Some(index) => "marked".to_owned(),
                cell => format!("{cell:?}"),
            });
            found.push(cells.collect::<Vec<_>>().join("|"));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    });
    read.await.unwrap()
}

/// Each job was done once, and nothing is left of those that died.
pub async fn is_in_order(
    manager: &Arc<SqliteManager>,
    folder: &Path,
    file: Option<&Path>,
    what: &str,
) {
    let jobs = Jobs::new(manager);
    for job in jobs.list(&JobFilter::default()).await.unwrap() {
        let said = format!("{what}: {:?} {:?}", job.state, job.error_message);
        match (job.state, job.error_code.as_deref()) {
            (JobState::Completed, None) | (JobState::Failed, Some("crashed")) => {}
            _ => panic!("{said}"),
        }
        let attempts = jobs.executions(&job.id.parse().unwrap()).await.unwrap();
        let ended_well = |attempt: &&entity_core::job_executions::Model| {
            attempt.end_reason == Some(EndReason::Ok)
        };
        assert_eq!(
            attempts.iter().filter(ended_well).count(),
            usize::from(job.state == JobState::Completed),
            "{said}"
        );
    }
    for project in Projects::new(manager).list().await.unwrap() {
        let spoke = manager
            .project(&Projects::id(&project).unwrap())
            .await
            .unwrap();
        let history = spoke.all(import_history::Entity::find()).await.unwrap();
        assert!(
            history
                .iter()
                .all(|line| line.state != ImportState::Running),
            "{what}: {history:#?}"
        );
    }
    let examined = Doctor::new(manager).examine().await.unwrap();
    assert_eq!(examined.findings, [], "{what}");
    let mut left = Vec::new();
    leftovers(folder, &mut left);
    assert_eq!(left, [] as [PathBuf; 0], "{what}");
    if let Some(file) = file {
        let bytes = std::fs::read(file).unwrap();
        let description = std::fs::read(format!("{}.{DATAPACKAGE}", file.display())).unwrap();
        let description: serde_json::Value = serde_json::from_slice(&description).unwrap();
        let hash = format!("blake3:{}", blake3::hash(&bytes).to_hex());
        assert_eq!(description["resources"][0]["hash"], hash, "{what}");
    }
}

/// Files that have no business beside those that are complete.
fn leftovers(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let is_hidden = [".tmp", ".partial-", "staged-", "keys-"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        let is_temporary = path
            .parent()
            .is_some_and(|folder| folder.ends_with("data/tmp"))
            && !name.ends_with(".template");
        if is_hidden || is_temporary {
            found.push(path.clone());
        }
        if path.is_dir() {
            leftovers(&path, found);
        }
    }
}
