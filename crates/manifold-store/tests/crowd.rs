//! Many tasks, many projects, several processes: nobody gets another project's rows, and nobody hears that a database
//! is locked.
//!
//! `MANIFOLD_ROUNDS` multiplies how long it goes on.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod support;

use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use entity_project::{data_sources, project};
use manifold_store::{
    DataSources, DatabaseManager as _, Layout, NewSource, ProjectId, Projects, SqliteManager,
    StoreOptions,
};
use sea_orm::EntityTrait as _;
use tokio::task::JoinSet;

/// What one open spoke may use: three connections, their shared memory, and a lock.
const DESCRIPTORS_OF_A_SPOKE: u64 = 8;

/// In the child process: where the store is and which project is written.
const CHILD: &str = "MANIFOLD_TEST_WRITERS";

fn rounds() -> u32 {
    std::env::var("MANIFOLD_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap())
}

fn room_for(spokes: u64) -> StoreOptions {
    StoreOptions {
        descriptors: Some(spokes * DESCRIPTORS_OF_A_SPOKE),
        ..StoreOptions::default()
    }
}

/// Numbers that look random and are the same in every run.
fn mixed(number: usize) -> usize {
    let mut mixed = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^= mixed >> 29;
    mixed.wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 17
}

/// Descriptors of this process that lead into a folder.
#[cfg(target_os = "linux")]
fn descriptors_below(folder: &std::path::Path) -> u64 {
    let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
    let below = open.filter(|entry| {
        std::fs::read_link(entry.path()).is_ok_and(|target| target.starts_with(folder))
    });
    below.count().try_into().unwrap()
}

#[cfg(not(target_os = "linux"))]
fn descriptors_below(_: &std::path::Path) -> u64 {
    0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_sees_another_projects_rows_however_few_are_open() {
    let store = support::store_with(room_for(16)).await;
    let sources = DataSources::new(store.manager.clone());
    let mut ids = Vec::new();
    for number in 0..200 {
        let id = store.project(&format!("project {number}")).await;
        sources
            .create(&id, NewSource::file(id.as_str()))
            .await
            .unwrap();
        ids.push(id);
    }
    let ids = Arc::new(ids);
    let spokes = store.manager.layout().projects().canonicalize().unwrap();
    let mut tasks = JoinSet::new();
    for task in 0..64 {
        let (manager, ids, spokes) = (store.manager.clone(), ids.clone(), spokes.clone());
        tasks.spawn(async move {
            for step in 0..usize::try_from(25 * rounds()).unwrap() {
                let id = &ids[mixed(task * 1_000_003 + step) % ids.len()];
                let spoke = manager.project(id).await.unwrap();
                let own = spoke.one(project::Entity::find()).await.unwrap().unwrap();
                assert_eq!(own.id, id.as_str());
                let rows = spoke.all(data_sources::Entity::find()).await.unwrap();
                let names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
                assert_eq!(names, [id.as_str()]);
                if step % 5 == 0 {
                    drop(spoke);
                    let text = Some(id.to_string());
                    let row = Projects::new(&manager).describe(id, text.clone()).await;
                    assert_eq!(row.unwrap().description, text);
                    let used = descriptors_below(&spokes);
                    assert!(used <= 16 * DESCRIPTORS_OF_A_SPOKE, "{used} descriptors");
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

/// Writes to one project, 25 tasks at once, and returns how often.
async fn write_for(manager: &Arc<SqliteManager>, id: &ProjectId, time: Duration) -> u64 {
    let end = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for task in 0..25 {
        let (projects, id) = (Projects::new(manager), id.clone());
        tasks.spawn(async move {
            let mut written = 0;
            while Instant::now() < end {
                let text = format!("{task}: {written}");
                projects.describe(&id, Some(text)).await.unwrap();
                written += 1;
            }
            written
        });
    }
    let mut written = 0;
    while let Some(done) = tasks.join_next().await {
        written += done.unwrap();
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_writers_of_two_processes_never_hear_that_it_is_locked() {
    let time = Duration::from_secs(5) * rounds();
    if let Ok(child) = std::env::var(CHILD) {
        let (folder, id) = child.split_once('\n').unwrap();
        let options = StoreOptions::default();
        let manager = SqliteManager::open(Layout::new(folder), options)
            .await
            .unwrap();
        assert!(write_for(&manager, &id.parse().unwrap(), time).await > 0);
        return;
    }
    let store = support::store().await;
    let id = store.project("busy").await;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "fifty_writers_of_two_processes_never_hear_that_it_is_locked",
        ])
        .env(CHILD, format!("{}\n{id}", store.folder.path().display()))
        .spawn()
        .unwrap();
    let written = write_for(&store.manager, &id, time).await;
    assert!(written > 0);
    let ended = tokio::task::spawn_blocking(move || child.wait())
        .await
        .unwrap();
    assert!(ended.unwrap().success(), "the other process failed");
    let revision = store.manager.project(&id).await.unwrap();
    let revision = revision
        .one(project::Entity::find())
        .await
        .unwrap()
        .unwrap();
    let shown = Projects::new(&store.manager).find("busy").await.unwrap();
    assert_eq!(shown.revision, revision.revision, "the hub lags behind");
    assert!(u64::try_from(revision.revision).unwrap() > written);
}

/// A project that comes back has no write-ahead log, and who opens it makes one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_open_a_project_at_once_when_it_came_back_get_it() {
    let store = support::store().await;
    let id = store.project("p").await;
    let projects = Projects::new(&store.manager);
    for _ in 0..100 * rounds() {
        projects.delete(&id).await.unwrap();
        projects.undelete(id.as_str(), None).await.unwrap();
        let mut managers = Vec::new();
        for _ in 0..4 {
            managers.push(store.reopen().await);
        }
        let mut opening = JoinSet::new();
        let at_once = Arc::new(tokio::sync::Barrier::new(managers.len()));
        for manager in managers {
            let (id, at_once) = (id.clone(), at_once.clone());
            opening.spawn(async move {
                at_once.wait().await;
                let spoke = manager.project(&id).await.unwrap();
                let found = spoke.one(project::Entity::find()).await.unwrap();
                assert_eq!(found.unwrap().id, id.as_str());
                drop(spoke);
                manager.shut_down().await.unwrap();
            });
        }
        while let Some(opened) = opening.join_next().await {
            opened.unwrap();
        }
    }
}
