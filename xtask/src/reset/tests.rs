use std::path::Path;
use std::sync::Arc;

use manifold_store::{
    DatabaseManager as _, Layout, NewProject, ProjectId, Projects, SqliteManager, StoreError,
    StoreOptions, Trash,
};

use super::Reset;

async fn open(folder: &Path) -> Arc<SqliteManager> {
    SqliteManager::open(Layout::new(folder), StoreOptions::default())
        .await
        .unwrap()
}

/// Makes a project in use and one in the trash; the one in use is returned.
async fn fill(manager: &Arc<SqliteManager>) -> ProjectId {
    let projects = Projects::new(manager);
    let mut ids = Vec::new();
    for name in ["gone", "kept"] {
        let new = NewProject {
            name: name.to_owned(),
            description: None,
        };
        ids.push(Projects::id(&projects.create(new).await.unwrap()).unwrap());
    }
    projects.delete(&ids[0]).await.unwrap();
    ids.remove(1)
}

async fn reset(folder: &Path, yes: bool) -> anyhow::Result<()> {
    let data_dir = folder.to_owned();
    Reset { data_dir, yes }.run().await
}

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's own file; no crash is simulated"
)]
fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[tokio::test]
async fn what_the_store_made_is_gone_and_everything_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let manager = open(folder.path()).await;
    fill(&manager).await;
    manager.shut_down().await.unwrap();
    drop(manager);
    let foreign = [
        "secrets.toml",
        "notes.txt",
        "other.db",
        "backups/b/manifest.json",
        "projects/notes.db",
        "projects/readme.md",
        "trash/x.db-wal",
        "workers/mine.lock",
        "tmp/plan.txt",
    ];
    for name in foreign {
        write(&folder.path().join(name), "mine");
    }
    let before = files(folder.path());
    reset(folder.path(), false).await.unwrap_err();
    assert_eq!(files(folder.path()), before, "nobody agreed");

    reset(folder.path(), true).await.unwrap();
    for name in foreign {
        let path = folder.path().join(name);
        assert_eq!(std::fs::read_to_string(path).unwrap(), "mine", "{name}");
    }
    assert_eq!(
        files(folder.path()).len(),
        foreign.len() + 3,
        "only the hub and its locks are new: {:?}",
        files(folder.path())
    );
    let manager = open(folder.path()).await;
    let projects = Projects::new(&manager);
    assert!(projects.list().await.unwrap().is_empty());
    assert!(Trash::new(&manager).list().await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_open_is_not_reset() {
    let folder = tempfile::tempdir().unwrap();
    let manager = open(folder.path()).await;
    let project = fill(&manager).await;
    manager.shut_down().await.unwrap();
    drop(manager);
    let before = files(folder.path());

    let hub_only = open(folder.path()).await;
    Projects::new(&hub_only).list().await.unwrap();
    let refused = reset(folder.path(), true).await.unwrap_err();
    let why = refused.downcast_ref::<StoreError>().unwrap();
    assert!(matches!(why, StoreError::Busy { .. }), "{refused:#}");
    hub_only.project(&project).await.unwrap();
    let refused = reset(folder.path(), true).await.unwrap_err();
    let why = refused.downcast_ref::<StoreError>().unwrap();
    assert!(matches!(why, StoreError::Busy { .. }), "{refused:#}");

    let listed = Projects::new(&hub_only).list().await.unwrap();
    assert_eq!(listed.len(), 1, "nothing was removed");
    hub_only.shut_down().await.unwrap();
    drop(hub_only);
    let mut left = files(folder.path());
    left.retain(|name| before.contains(name));
    assert_eq!(left, before);
    reset(folder.path(), true).await.unwrap();
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    reset(&data, false).await.unwrap();
    reset(&data, true).await.unwrap();
    assert_eq!(files(&data), ["check.lock", "core.db", "core.lock"]);
}
