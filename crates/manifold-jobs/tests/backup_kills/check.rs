//! What has to hold after a process was killed.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use entity_core::enums::{BackupState, BackupType};
use manifold_jobs::backup::BackupPlace;
use manifold_jobs::jobs::{
    BackupProject, PruneBackups, RestoreProject, RestoreTarget, VerifyBackup,
};
use manifold_jobs::{Retention, rescue_dead};
use manifold_store::{
    Backups, Doctor, ProjectId, Projects, RowLog, RowLogError, SqliteManager, Trash, rows,
};

use crate::scene::{Scene, VERSIONS, contents, lines, open, run};
use crate::work::complete;

/// What increments share, beside the folders of backups.
const SHARED: [&str; 3] = ["segments", "leases", "gc"];

/// What is known of a store after each kill.
#[derive(Default)]
pub struct Checks {
    /// Backups that were read back once.
    verified: HashSet<String>,
    /// Kills after which the project was in the first state, and in the second.
    pub states: [usize; 2],
    pub restored: usize,
}

impl Checks {
    /// As the next process finds it: the project is in one of the states, what was restored beside it too, and, when
    /// that is to be seen, each backup that is listed as complete can be read back.
    pub async fn look(&mut self, scene: &Scene, backups: bool, what: &str) {
        let manager = open(scene.folder.path()).await;
        rescue_dead(&manager).await.unwrap();
        self.projects(scene, &manager, what).await;
        if backups {
            self.backups(scene, &manager, what).await;
        }
        manager.shut_down().await.unwrap();
    }

    async fn projects(&mut self, scene: &Scene, manager: &Arc<SqliteManager>, what: &str) {
        let projects = Projects::new(manager);
        for row in projects.list().await.unwrap() {
            let id = Projects::id(&row).unwrap();
            let found = contents(manager, &id).await;
            let state = scene.states.iter().position(|state| *state == found);
            let state = state.unwrap_or_else(|| panic!("{what}: {} is a mixture", row.name));
            if id == scene.project {
                self.states[state] += 1;
                continue;
            }
            self.restored += 1;
            let trashed = projects.delete(&id).await.unwrap();
            Trash::new(manager).purge(&trashed).await.unwrap();
        }
    }

    /// Each is read back once.
    pub async fn backups(&mut self, scene: &Scene, manager: &Arc<SqliteManager>, what: &str) {
        for id in complete(manager).await {
            if self.verified.insert(id.to_string()) {
                is_right(scene, manager, id.as_str(), what).await;
            }
        }
    }

    /// One more backup, restore and prune, undisturbed: then nothing is left over, and nothing is wrong.
    pub async fn settle(&mut self, scene: &Scene, what: &str) {
        let manager = open(scene.folder.path()).await;
        rescue_dead(&manager).await.unwrap();
        let project = &scene.project;
        let before = contents(&manager, project).await;
        let mut last = None;
        for backup_type in [BackupType::Csv, BackupType::Incremental] {
            let job = BackupProject::new(project.clone(), backup_type);
            last = Some(run(&manager, project, job).await.unwrap().id);
        }
        for id in complete(&manager).await {
            is_right(scene, &manager, id.as_str(), what).await;
        }
        let restore = RestoreProject {
            backup: BackupPlace::Id(last.unwrap()),
            target: RestoreTarget::InPlace,
            dry_run: false,
        };
        run(&manager, project, restore).await.unwrap();
        assert_eq!(contents(&manager, project).await, before, "{what}");
        let keep = Retention {
            last: 1,
            ..Retention::default()
        };
        let prune = PruneBackups {
            project_id: Some(project.clone()),
            store: false,
            keep,
        };
        run(&manager, project, prune).await.unwrap();
        let listed = Backups::new(&manager).list(None).await.unwrap();
        let complete = listed
            .iter()
            .filter(|backup| backup.state == BackupState::Completed);
        let expected: BTreeSet<PathBuf> = complete
            .map(|backup| PathBuf::from(&backup.location))
            .collect();
        assert_eq!(expected.len(), 1, "{what}: {listed:#?}");
        let found = std::fs::read_dir(manager.layout().backups()).unwrap();
        let found: BTreeSet<PathBuf> = found
            .map(|entry| entry.unwrap().path())
            .filter(|path| !SHARED.iter().any(|shared| path.ends_with(shared)))
            .collect();
        assert_eq!(found, expected, "{what}: the folders, and those in the hub");
        let examined = Doctor::new(&manager).examine().await.unwrap();
        assert!(examined.findings.is_empty(), "{what}: {examined:#?}");
        manager.shut_down().await.unwrap();
        let left = leftovers(&scene.data());
        assert!(left.is_empty(), "{what}: {left:?}");
    }
}

async fn is_right(scene: &Scene, manager: &Arc<SqliteManager>, id: &str, what: &str) {
    let verify = VerifyBackup::new(BackupPlace::Id(id.to_owned()));
    let verified = run(manager, &scene.project, verify).await;
    let verified = verified.unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(verified.ok, "{what}: {verified:#?}");
}

/// Every snapshot of the project shows a version of the file, whole.
pub async fn is_known(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
) -> Result<(), RowLogError> {
    let read = |connection: &rusqlite::Connection| {
        let ids = || -> rusqlite::Result<Vec<String>> {
            let mut ids = connection.prepare("SELECT id FROM snapshots ORDER BY number")?;
            let ids = ids.query_map([], |row| row.get(0))?;
            ids.collect()
        };
        let ids = ids().map_err(|source| rows::RowsError::Sqlite {
            doing: "list snapshots",
            source,
        })?;
        let mut found = Vec::new();
        for id in ids {
            let snapshot = rows::snapshot(connection, &id)?;
            let mut shown = Vec::new();
            rows::read(connection, &snapshot, None, None, |_, row, _| {
                let cells: Vec<String> = (0..3).map(|cell| text(row.cell(cell))).collect();
                shown.push(cells.join(","));
                ControlFlow::Continue(())
            })?;
            found.push((snapshot.number, shown));
        }
        Ok(found)
    };
    let found = RowLog::new(manager).read(project, read).await?;
    for (number, shown) in found {
        let is_known = (0..VERSIONS).any(|version| lines(version) == shown);
        assert!(is_known, "@{number} is a mixture: {} rows", shown.len());
    }
    Ok(())
}

fn text(cell: rows::Cell<'_>) -> String {
    match cell {
        rows::Cell::Int(value) => value.to_string(),
        rows::Cell::Text(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Files that have no business in a data folder that nobody has open.
pub fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        let hidden = [".tmp-", ".partial-", "staged-"];
        let beside = ["-wal", "-shm", "-journal", ".part"];
        // What is on its way out is not taken away for an hour.
        let is_leftover = hidden.iter().any(|prefix| name.starts_with(prefix))
            || beside.iter().any(|suffix| name.ends_with(suffix));
        if is_leftover && !path.ancestors().any(|above| above.ends_with("backups/gc")) {
            found.push(path.clone());
        }
        if path.is_dir() {
            found.extend(leftovers(&path));
        }
    }
    found
}
