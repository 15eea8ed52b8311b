//! A project that one process has open and does not use can be deleted by another; one that it uses cannot, and who
//! wants to is named.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod support;

use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use entity_core::enums::OperationState;
use entity_core::project_operations;
use entity_project::project;
use manifold_store::{
    DatabaseManager as _, Layout, ProjectId, Projects, SqliteManager, StoreError, StoreOptions,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

/// In the child process: where the store is and which project is meant.
const CHILD: &str = "MANIFOLD_TEST_LET_GO";

/// Longer than anything here takes on the slowest machine.
const PATIENCE: Duration = Duration::from_secs(120);

async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !done().await {
        assert!(Instant::now() < end, "{what} did not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The child's store and project, in the child.
async fn in_child() -> Option<(Arc<SqliteManager>, ProjectId)> {
    let child = std::env::var(CHILD).ok()?;
    let (folder, id) = child.split_once('\n').unwrap();
    let manager = SqliteManager::open(Layout::new(folder), StoreOptions::default())
        .await
        .unwrap();
    Some((manager, id.parse().unwrap()))
}

fn start(test: &str, folder: &Path, id: &ProjectId) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, format!("{}\n{id}", folder.display()))
        .spawn()
        .unwrap()
}

/// A mark that one process makes for another.
fn mark(manager: &SqliteManager, name: &str) {
    std::fs::write(manager.layout().root().join(name), "").unwrap();
}

async fn marked(manager: &SqliteManager, name: &str) {
    let path = manager.layout().root().join(name);
    until(name, async || path.exists()).await;
}

async fn succeeds(mut child: Child) {
    let ended = tokio::task::spawn_blocking(move || child.wait()).await;
    assert!(ended.unwrap().unwrap().success(), "the child failed");
}

async fn running(manager: &SqliteManager) -> usize {
    let running = project_operations::Entity::find()
        .filter(project_operations::Column::State.eq(OperationState::Running));
    manager.core().all(running).await.unwrap().len()
}

async fn name(manager: &SqliteManager, id: &ProjectId) -> Result<String, StoreError> {
    let spoke = manager.project(id).await?;
    Ok(spoke.one(project::Entity::find()).await?.unwrap().name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_a_project_open_and_does_not_use_it_lets_go() {
    if let Some((manager, id)) = in_child().await {
        assert_eq!(name(&manager, &id).await.unwrap(), "idle"); // stays open when the handle is gone
        mark(&manager, "open");
        marked(&manager, "deleted").await;
        let error = name(&manager, &id).await.unwrap_err();
        assert!(matches!(error, StoreError::NotFound { .. }), "{error}");
        return;
    }
    let store = support::store().await;
    let id = store.project("idle").await;
    assert!(store.manager.close(&id).await.unwrap());
    let child = start(
        "who_has_a_project_open_and_does_not_use_it_lets_go",
        store.folder.path(),
        &id,
    );
    marked(&store.manager, "open").await;
    Projects::new(&store.manager).delete(&id).await.unwrap();
    mark(&store.manager, "deleted");
    succeeds(child).await;
    assert_eq!(running(&store.manager).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_uses_a_project_keeps_it_and_new_users_wait() {
    if let Some((manager, id)) = in_child().await {
        let held = manager.project(&id).await.unwrap();
        mark(&manager, "held");
        until("the request", async || running(&manager).await == 1).await;
        // New users wait until the other process has given up; who has a handle goes on.
        let waiting = tokio::spawn({
            let (manager, id) = (manager.clone(), id.clone());
            async move { name(&manager, &id).await }
        });
        let kept = held.one(project::Entity::find()).await.unwrap().unwrap();
        assert_eq!(kept.name, "used");
        assert_eq!(waiting.await.unwrap().unwrap(), "used");
        marked(&manager, "refused").await;
        return;
    }
    let store = support::store().await;
    let id = store.project("used").await;
    assert!(store.manager.close(&id).await.unwrap());
    let child = start(
        "who_uses_a_project_keeps_it_and_new_users_wait",
        store.folder.path(),
        &id,
    );
    marked(&store.manager, "held").await;
    let error = Projects::new(&store.manager).delete(&id).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains(&format!("process {}", child.id())),
        "{error}"
    );
    assert_eq!(running(&store.manager).await, 0, "it is still asked for");
    mark(&store.manager, "refused");
    succeeds(child).await;
    assert_eq!(name(&store.manager, &id).await.unwrap(), "used");
    Projects::new(&store.manager).delete(&id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_dead_process_asks_for_keeps_nobody_waiting() {
    if let Some((manager, id)) = in_child().await {
        Projects::new(&manager).delete(&id).await.unwrap_err();
        panic!("it waits until it is killed");
    }
    let store = support::store().await;
    let id = store.project("kept").await;
    let held = store.manager.project(&id).await.unwrap();
    let mut child = start(
        "what_a_dead_process_asks_for_keeps_nobody_waiting",
        store.folder.path(),
        &id,
    );
    until("the request", async || running(&store.manager).await == 1).await;
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(name(&store.manager, &id).await.unwrap(), "kept");
    drop(held);
    Projects::new(&store.manager).delete(&id).await.unwrap();
    assert_eq!(running(&store.manager).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stops_waiting_asks_no_more() {
    let store = support::store().await;
    let id = store.project("kept").await;
    let held = store.manager.project(&id).await.unwrap();
    let (projects, deleted) = (Projects::new(&store.manager), id.clone());
    let deleting = tokio::spawn(async move { projects.delete(&deleted).await });
    until("the request", async || running(&store.manager).await == 1).await;
    deleting.abort();
    drop(deleting.await);
    until("the end", async || running(&store.manager).await == 0).await;
    assert_eq!(name(&store.manager, &id).await.unwrap(), "kept");
    drop(held);
    Projects::new(&store.manager).delete(&id).await.unwrap();
}
