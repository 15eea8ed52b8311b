//! A process that is stopped at a named point, loses its job to another one, and goes on: it writes nothing any more,
//! neither to the hub nor to a project nor to a file.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use entity_core::enums::{BackupType, EndReason, JobState};
use manifold_jobs::backup::BackupPlace;
use manifold_jobs::export::{ExportFormat, ExportRequest, ExportedRows};
use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::{
    BackupProject, CloneProject, ExportData, ExportProjectFile, ImportFile, RestoreProject,
    RestoreTarget,
};
use manifold_jobs::{Job, Observer, WorkerOptions, run_foreground};
use manifold_store::{Clock, DataSources, ImportSource, JobId, Jobs, NewSource, ProjectId};

use crate::kills::leftovers;
use crate::kinds::TwoSteps;
use crate::processes::{Orders, ended, is_reached};
use crate::scene::Scene;
use crate::silent::{signal, stop_between_writes};

/// A store with a project that has rows.
async fn filled() -> (Scene, ProjectId) {
    let scene = Scene::new().await;
    let project = scene.project().await;
    let sources = DataSources::new(scene.manager.clone());
    sources
        .create(&project, NewSource::file("s"))
        .await
        .unwrap();
    let job = import(&scene, &project, 1);
    run(&scene, job).await;
    (scene, project)
}

async fn run<J: Job>(scene: &Scene, job: J) -> J::Output {
    let finished = run_foreground(&scene.manager, job, None, Observer::default()).await;
    finished.unwrap().outcome.unwrap()
}

fn import(scene: &Scene, project: &ProjectId, version: usize) -> ImportFile {
    let path = scene.folder.path().join(format!("{version}.csv"));
    let rows: String = (0..2_000)
        .map(|row| format!("{row},{}\n", row * version))
        .collect();
    std::fs::write(&path, format!("id,n\n{rows}")).unwrap();
    ImportFile {
        target: ImportTarget {
            project_id: project.clone(),
            source: ImportSource::Named(if version == 2 { "t" } else { "s" }.to_owned()),
            key_columns: Vec::new(),
            always: false,
            typing: Default::default(),
            renames: Vec::new(),
        },
        file: InputFile {
            path,
            ..InputFile::default()
        },
        file_name: "s.csv".to_owned(),
        naming: TableNaming::default(),
    }
}

/// A process that is stopped where it was told to.
struct Stopped {
    child: Child,
    goes_on: PathBuf,
}

impl Stopped {
    async fn go_on(self) {
        std::fs::write(&self.goes_on, "").unwrap();
        signal(&self.child, "-CONT");
        assert!(ended(self.child).await.success());
    }
}

/// Begins the job in another process, which is stopped at the point; nobody takes it for dead.
async fn stopped<J: Job>(
    scene: &Scene,
    job: &J,
    project: &ProjectId,
    point: &str,
) -> (JobId, Stopped) {
    let id = scene.submit(job, Some(project)).await;
    let goes_on = scene.folder.path().join(format!("{id}.signal"));
    let orders = Orders {
        waits_at: Some((point.to_owned(), goes_on.clone())),
        ..Orders::new(scene.folder.path(), 1)
    };
    let mut child = orders.spawn();
    while !is_reached(&goes_on) {
        assert!(child.try_wait().unwrap().is_none(), "{point} is not passed");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stop_between_writes(scene, &child, project).await;
    let later = Clock::manual(scene.jobs.clock().now() + Duration::from_secs(3_600));
    let later = Jobs::with_clock(&scene.manager, later);
    assert!(later.rescue_dead().await.unwrap().is_empty(), "it lives");
    (id, Stopped { child, goes_on })
}

/// Takes the job away from the stopped process and does it here; then the other one goes on.
async fn overtake(scene: &Scene, id: &JobId, stopped: Stopped, what: &str) {
    scene.jobs.release(id).await.unwrap();
    let worker = scene.worker(WorkerOptions::default());
    worker.drain().await.unwrap();
    let job = scene.job(id).await;
    assert_eq!(
        job.state,
        JobState::Completed,
        "{what}: {:?}",
        job.error_message
    );
    // What the stopped one would write now is not what the other wrote.
    if let Some(project) = &job.project_id {
        let version = 100 + usize::try_from(job.lease_token).unwrap();
        let changed = import(scene, &project.parse().unwrap(), version);
        run(scene, changed).await;
    }
    let before = everything(scene.folder.path());
    stopped.go_on().await;
    let after = everything(scene.folder.path());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after, "{what}");
    }
    assert_eq!(before.len(), after.len(), "{what}: {before:#?} {after:#?}");
    let left = leftovers(scene.folder.path());
    assert!(left.is_empty(), "{what}: {left:?}");
    let reasons = scene.end_reasons(id).await;
    assert_eq!(reasons, [EndReason::LeaseLost, EndReason::Ok], "{what}");
}

/// Every row of every database but who is alive, and every file that somebody made.
fn everything(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    collect(folder, &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if path.is_dir() {
            // Who is alive, and what is being built.
            if !["workers", "tmp"].iter().any(|name| path.ends_with(name)) {
                collect(&path, found);
            }
        } else if extension == Some("db") {
            rows(&path, found);
        } else if !matches!(
            extension,
            Some("db-wal" | "db-shm" | "lock" | "write" | "signal")
        ) {
            let bytes = std::fs::read(&path).unwrap();
            found.push(format!("{} {}", path.display(), blake3::hash(&bytes)));
        }
    }
}

fn rows(path: &Path, found: &mut Vec<String>) {
    let flags = rusqlite::OpenFlags::default();
    let connection =
        rusqlite::Connection::open_with_flags_and_vfs(path, flags, manifold_store::vfs()).unwrap();
    let mut tables = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('job_workers', 'job_crews', 'sqlite_sequence')")
        .unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap();
    for table in tables.map(Result::unwrap) {
        let mut all = connection
            .prepare(&format!("SELECT * FROM \"{table}\""))
            .unwrap();
        let columns = all.column_count();
        let mut all = all.query([]).unwrap();
        while let Some(row) = all.next().unwrap() {
            let cells: Vec<String> = (0..columns)
                .map(|at| format!("{:?}", row.get_ref(at).unwrap()))
                .collect();
            found.push(format!("{} {table} {}", path.display(), cells.join(" ")));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_backup_publishes_nothing() {
    let (scene, project) = filled().await;
    for point in [
        "job-started",
        "backup-begun",
        "backup-file-written",
        "backup-files-written",
        "backup-manifest-written",
        "backup-published",
        "backup-completed",
        "job-done",
    ] {
        let job = BackupProject::new(project.clone(), BackupType::Csv);
        let (id, child) = stopped(&scene, &job, &project, point).await;
        overtake(&scene, &id, child, point).await;
    }
    let folders = std::fs::read_dir(scene.manager.layout().backups()).unwrap();
    assert_eq!(folders.count(), 8, "one for each job");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_export_publishes_nothing() {
    let (scene, project) = filled().await;
    let path: PathBuf = scene.folder.path().join("out.db");
    for point in ["job-started", "export-file-written", "job-done"] {
        let job = ExportProjectFile {
            project_id: project.clone(),
            path: path.clone(),
        };
        let (id, child) = stopped(&scene, &job, &project, point).await;
        overtake(&scene, &id, child, point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_export_of_rows_publishes_nothing() {
    let (scene, project) = filled().await;
    let sql = "SELECT * FROM s ORDER BY id".to_owned();
    for point in [
        "job-started",
        "export-data-rows-passed",
        "export-data-written",
        "job-done",
    ] {
        let job = ExportData {
            request: ExportRequest {
                project_id: project.clone(),
                rows: ExportedRows::Query { sql: sql.clone() },
                format: ExportFormat::Jsonl,
            },
            to: scene.folder.path().join("out.jsonl").into(),
            described: true,
            follows: None,
        };
        let (id, child) = stopped(&scene, &job, &project, point).await;
        overtake(&scene, &id, child, point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_restore_replaces_nothing() {
    let (scene, project) = filled().await;
    let saved = run(&scene, BackupProject::new(project.clone(), BackupType::Csv)).await;
    for point in [
        "job-started",
        "restore-read-back",
        "restore-staged",
        "job-done",
    ] {
        let job = RestoreProject {
            backup: BackupPlace::Id(saved.id.clone()),
            target: RestoreTarget::InPlace,
            dry_run: false,
        };
        let (id, child) = stopped(&scene, &job, &project, point).await;
        overtake(&scene, &id, child, point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_clone_makes_no_project() {
    let (scene, project) = filled().await;
    // Once the project is there, another attempt finds that its name is taken.
    for point in ["job-started", "clone-staged"] {
        let job = CloneProject {
            project_id: project.clone(),
            name: format!("clone at {point}"),
        };
        let (id, child) = stopped(&scene, &job, &project, point).await;
        overtake(&scene, &id, child, point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_import_publishes_nothing() {
    let (scene, project) = filled().await;
    for (at, point) in [
        "job-started",
        "import-recorded",
        "import-projected",
        "job-done",
    ]
    .into_iter()
    .enumerate()
    {
        let job = import(&scene, &project, 3 + at);
        let (id, child) = stopped(&scene, &job, &project, point).await;
        overtake(&scene, &id, child, point).await;
    }
}

/// While it holds the lock of the project's writers, the other attempt has to wait for it.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_is_overtaken_as_it_writes_makes_way() {
    let (scene, project) = filled().await;
    let job = import(&scene, &project, 2);
    let (id, child) = stopped(&scene, &job, &project, "import-batch-committed").await;
    scene.jobs.release(&id).await.unwrap();
    let worker = scene.worker(WorkerOptions::default());
    let other = tokio::spawn(async move { worker.drain().await });
    while scene.job(&id).await.lease_token < 3 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.go_on().await;
    other.await.unwrap().unwrap();
    let job = scene.job(&id).await;
    assert_eq!(job.state, JobState::Completed, "{:?}", job.error_message);
    assert_eq!(
        scene.end_reasons(&id).await,
        [EndReason::LeaseLost, EndReason::Ok]
    );
    let result = job.result.unwrap();
    assert_eq!(
        (&result["number"], &result["row_count"]),
        (&1.into(), &2_000.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overtaken_step_is_not_remembered() {
    let (scene, project) = filled().await;
    for point in ["job-started", "step-remembered", "job-done"] {
        let (id, child) = stopped(&scene, &TwoSteps, &project, point).await;
        overtake(&scene, &id, child, point).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_process_that_goes_on_ends_its_job_once() {
    let (scene, project) = filled().await;
    let clone = CloneProject {
        project_id: project.clone(),
        name: "clone".to_owned(),
    };
    let backup = BackupProject::new(project.clone(), BackupType::Full);
    let first = stopped(&scene, &clone, &project, "place-file-placed").await;
    let second = stopped(&scene, &backup, &project, "backup-files-written").await;
    let worker = scene.worker(WorkerOptions::default());
    assert_eq!(worker.drain().await.unwrap().attempts, 0);
    for (id, child) in [first, second] {
        child.go_on().await;
        assert_eq!(scene.job(&id).await.state, JobState::Completed);
        assert_eq!(scene.end_reasons(&id).await, [EndReason::Ok]);
    }
}
