//! What is in a data folder, as the library finds it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use entity_core::enums::{BackupState, JobState};
use manifold_jobs::rescue_dead;
use manifold_store::rows;
use manifold_store::{
    Backups, DataSources, Doctor, JobFilter, Jobs, Layout, ProjectId, Projects, RowLog, Snapshots,
    SourceTrash, SqliteManager, StoreOptions, Trash,
};

/// The versions of each source, by the name of its project and its own.
pub type Sources = BTreeMap<String, Vec<Version>>;

/// What people see of a data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// By the name of the project.
    pub projects: BTreeMap<String, Sources>,
    /// The names of the projects in the trash.
    pub trash: Vec<String>,
}

/// A snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub number: i64,
    pub rows: i64,
    /// Of all its cells, in order.
    pub hash: u64,
}

impl State {
    /// Opens the data folder as the next process does, reads everything in it, and closes it. Nothing may be wrong
    /// with it, and nothing may still be running.
    pub fn read(data: &Path, what: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let manager = SqliteManager::open(Layout::new(data), StoreOptions::default())
                .await
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            rescue_dead(&manager).await.unwrap();
            let state = read(&manager, what).await;
            manager.shut_down().await.unwrap();
            state
        })
    }

    /// The state in which there is nothing.
    pub fn empty() -> Self {
        Self {
            projects: BTreeMap::new(),
            trash: Vec::new(),
        }
    }
}

async fn read(manager: &Arc<SqliteManager>, what: &str) -> State {
    let projects = Projects::new(manager);
    let mut found = State::empty();
    for row in projects.list().await.unwrap() {
        let id = Projects::id(&row).unwrap();
        let sources = sources(manager, &id, what).await;
        for trashed in SourceTrash::new(manager).list(&id).await.unwrap() {
            let source = trashed.source;
            let (rows, versions) = (source.row_count, source.snapshot_count);
            found
                .trash
                .push(format!("{}: {} {rows} {versions}", row.name, source.name));
        }
        found.projects.insert(row.name, sources);
    }
    let trash = Trash::new(manager).list().await.unwrap();
    found
        .trash
        .extend(trash.into_iter().map(|trashed| trashed.project.name));
    let examination = Doctor::new(manager).examine().await.unwrap();
    assert_eq!(examination.findings, [], "{what}");
    let jobs = Jobs::new(manager);
    for job in jobs.list(&JobFilter::default()).await.unwrap() {
        assert_ne!(job.state, JobState::Running, "{what}: {job:?}");
    }
    for backup in Backups::new(manager).list(None).await.unwrap() {
        let whole = backup.state != BackupState::Completed || Path::new(&backup.location).is_dir();
        assert!(whole, "{what}: {backup:?}");
    }
    found
}

async fn sources(manager: &Arc<SqliteManager>, project: &ProjectId, what: &str) -> Sources {
    let mut found = Sources::new();
    let snapshots = Snapshots::new(manager.clone());
    for source in DataSources::new(manager.clone())
        .list(project)
        .await
        .unwrap()
    {
        let mut versions = Vec::new();
        for details in snapshots.list(project, Some(&source)).await.unwrap() {
            let (number, rows) = (details.snapshot.number, details.snapshot.row_count);
            let (counted, hash) = contents(manager, project, details.snapshot.id).await;
            assert_eq!(counted, rows, "{what}: rows of {}@{number}", source.name);
            versions.push(Version { number, rows, hash });
        }
        versions.sort_by_key(|version| version.number);
        // A source without a snapshot is nothing that anybody has imported.
        if !versions.is_empty() {
            found.insert(source.name, versions);
        }
    }
    found
}

/// How many rows a snapshot has, and their hash.
async fn contents(
    manager: &Arc<SqliteManager>,
    project: &ProjectId,
    snapshot: String,
) -> (i64, u64) {
    let rows_of = RowLog::new(manager);
    let read = rows_of.read(project, move |connection| {
        let snapshot = rows::snapshot(connection, &snapshot)?;
        let (mut count, mut hasher) = (0, DefaultHasher::new());
        rows::read(connection, &snapshot, None, None, |_, row, _| {
            count += 1;
            for cell in row.cells() {
                format!("{cell:?}").hash(&mut hasher);
            }
            ControlFlow::Continue(())
        })?;
        Ok((count, hasher.finish()))
    });
    read.await.unwrap()
}
