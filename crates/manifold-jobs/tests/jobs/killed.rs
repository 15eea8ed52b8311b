//! A process that is killed in the middle of an import.
#![cfg(unix)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use entity_core::enums::{ExecutionState, JobState};
use entity_project::enums::ImportState;
use entity_project::snapshots;
use manifold_jobs::{Observer, rescue_dead, run_foreground};
use manifold_store::{DatabaseManager as _, ProjectId};
use sea_orm::EntityTrait as _;

use crate::store::{Store, open, states};

/// The folder of the store and the job, for the child.
const CHILD: &str = "MANIFOLD_JOBS_TEST_CHILD";

/// Not a test by itself: what the killed process does.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how a test tells its child what to do"
    )]
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let (folder, job): (std::path::PathBuf, manifold_jobs::jobs::ImportFile) =
        serde_json::from_str(&told).unwrap();
    let manager = open(&folder).await;
    let project: ProjectId = job.target.project_id.clone();
    run_foreground(&manager, job, Some(project), Observer::default())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_import_leaves_is_taken_back() {
    let store = Store::new().await;
    let pipe = store.folder.path().join("pipe.csv");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let told = serde_json::to_string(&(store.folder.path(), store.import_of(&pipe))).unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::child"])
        .env(CHILD, told)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();

    // The child reads as it imports, so when all of this is in the pipe it has committed a batch; and
    // as the pipe stays open it waits for more.
    let rows: String = (0..250_000).map(|n| format!("{n},row {n}\n")).collect();
    let mut input = std::fs::File::options().write(true).open(&pipe).unwrap();
    input.write_all(b"n,text\n").unwrap();
    input.write_all(rows.as_bytes()).unwrap();
    assert!(
        rescue_dead(&store.manager).await.unwrap().is_empty(),
        "it lives"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    drop(input);
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        store.spoke(),
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    let left: i64 = connection
        .query_row("SELECT count(*) FROM d1", [], |row| row.get(0))
        .unwrap();
    assert!(left > 0, "it had committed rows");
    drop(connection);

    let rescued = rescue_dead(&store.manager).await.unwrap();
    assert_eq!(rescued.len(), 1);
    assert_eq!(rescued[0].error_code.as_deref(), Some("crashed"));
    let id = rescued[0].id.parse().unwrap();
    let ended = (JobState::Failed, vec![ExecutionState::Crashed]);
    assert_eq!(states(&store.jobs(), &id).await, ended);
    assert_eq!(store.history().await[0].state, ImportState::Failed);
    let spoke = store.manager.project(&store.project).await.unwrap();
    assert_eq!(spoke.count(snapshots::Entity::find()).await.unwrap(), 0);

    let imported = store.import(format!("n,text\n{rows}")).await;
    assert_eq!((imported.number, imported.row_count), (1, 250_000));
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        store.spoke(),
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    let stored: i64 = connection
        .query_row("SELECT count(*) FROM s", [], |row| row.get(0))
        .unwrap();
    assert_eq!(stored, 250_000);
}
