//! Plans of jobs: what they say, and that they are refused when the project has moved.

use std::sync::Arc;

use entity_core::enums::{BackupType, JobState};
use manifold_jobs::backup::BackupPlace;
use manifold_jobs::jobs::{BackupProject, ImportFile, RestoreProject, RestoreTarget, VerifyBackup};
use manifold_jobs::{Job, Observer, Plan, Registry, Worker, WorkerOptions, run_foreground};
use manifold_store::{DatabaseManager as _, Jobs, ProjectId, Projects, SqliteManager};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

async fn plan<J: Job>(store: &Store, job: &J) -> Plan {
    let project = Some(store.project.clone());
    let made = Plan::of(&store.manager, job, project, Observer::default()).await;
    let plan = made.unwrap();
    // It may be kept and read again.
    let kept = serde_json::to_string(&plan).unwrap();
    assert_eq!(serde_json::from_str::<Plan>(&kept).unwrap(), plan);
    plan
}

/// Does a planned job in a worker.
async fn work<J: Job>(store: &Store, plan: &Plan) -> entity_core::jobs::Model {
    let new = plan.new_job::<J>().unwrap();
    let (id, jobs) = (new.id.clone(), Jobs::new(&store.manager));
    jobs.submit(new).await.unwrap();
    let registry = Registry::built_in();
    Worker::new(&store.manager, registry, WorkerOptions::default())
        .drain()
        .await
        .unwrap();
    jobs.find(id.as_str()).await.unwrap()
}

async fn rename(manager: &Arc<SqliteManager>, project: &ProjectId, name: &str) {
    Projects::new(manager).rename(project, name).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_planned_and_done_as_planned() {
    let store = Store::with_key(&["id"]).await;
    store.import("id,v\n1,a\n2,b\n").await;
    let path = store.write("next.csv", "id,v\n1,a\n2,c\n3,d\n");
    let before = (store.dump(), store.history().await);
    let planned = plan(&store, &store.import_of(&path)).await;
    assert_eq!((store.dump(), store.history().await), before);
    assert_eq!(planned.kind, "import_file");
    for (name, count) in [("added", 1), ("changed", 1), ("removed", 0), ("rows", 3)] {
        assert_eq!(planned.changes["tables"][0][name], count, "{name}");
    }
    // Planning has not moved the project.
    let done = work::<ImportFile>(&store, &planned).await;
    assert_eq!(done.state, JobState::Completed, "{:?}", done.error_message);
    let result = done.result.unwrap();
    assert_eq!(
        (&result["added"], &result["changed"]),
        (&1.into(), &1.into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_refused_when_the_project_has_moved() {
    let store = Store::new().await;
    store.import("id,v\n1,a\n").await;
    let path = store.write("next.csv", "id,v\n1,a\n2,c\n");
    let planned = plan(&store, &store.import_of(&path)).await;
    store.import("id,v\n1,b\n").await;
    let before = (store.dump(), store.history().await);
    let refused = work::<ImportFile>(&store, &planned).await;
    assert_eq!(
        (refused.state, refused.error_code.as_deref()),
        (JobState::Failed, Some("plan_outdated"))
    );
    let message = refused.error_message.unwrap();
    assert!(
        message.contains("has changed since") && message.contains("new plan"),
        "{message}"
    );
    // It is not tried again, and it did nothing.
    assert_eq!(refused.attempt, 1);
    assert_eq!((store.dump(), store.history().await), before);
    // In the foreground too.
    let finished = planned
        .run::<ImportFile>(&store.manager, Observer::default())
        .await
        .unwrap();
    assert_eq!(finished.outcome.unwrap_err().code(), "plan_outdated");
    // A new plan is accepted.
    let planned = plan(&store, &store.import_of(&path)).await;
    let finished = planned
        .run::<ImportFile>(&store.manager, Observer::default())
        .await
        .unwrap();
    assert_eq!(finished.outcome.unwrap().row_count, 2);
}

/// What the job itself has changed does not make its plan outdated.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_attempt_goes_on_with_the_plan() {
    let store = Store::new().await;
    let path = store.write("next.csv", "id,v\n1,a\n2,c\n");
    let planned = plan(&store, &store.import_of(&path)).await;
    let jobs = Jobs::new(&store.manager);
    let new = planned.new_job::<ImportFile>().unwrap();
    let id = new.id.clone();
    jobs.submit(new).await.unwrap();
    let claim = jobs.claim(&id).await.unwrap();
    jobs.hold_plan(&claim).await.unwrap();
    // The first attempt begins to write, which raises the revision, and loses the job.
    let import = manifold_store::NewImport {
        source: manifold_store::ImportSource::Id(store.source.clone()),
        key_columns: Vec::new(),
        file_name: "next.csv".to_owned(),
        format: "csv",
    };
    let begun = manifold_store::ImportRecord::begin(
        &store.manager,
        &store.project,
        &claim,
        "import",
        import,
    );
    begun.await.unwrap();
    jobs.release(&id).await.unwrap();
    let registry = Registry::built_in();
    Worker::new(&store.manager, registry, WorkerOptions::default())
        .drain()
        .await
        .unwrap();
    let done = jobs.find(id.as_str()).await.unwrap();
    assert_eq!(done.state, JobState::Completed, "{:?}", done.error_message);
}

/// The check when an attempt begins is not the one that counts: somebody may come in between.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_write_checks_the_plan_again() {
    let store = Store::new().await;
    let path = store.write("next.csv", "id,v\n1,a\n2,c\n");
    let planned = plan(&store, &store.import_of(&path)).await;
    let jobs = Jobs::new(&store.manager);
    let new = planned.new_job::<ImportFile>().unwrap();
    let id = new.id.clone();
    jobs.submit(new).await.unwrap();
    let claim = jobs.claim(&id).await.unwrap();
    jobs.hold_plan(&claim).await.unwrap();
    rename(&store.manager, &store.project, "q").await;
    let spoke = store.manager.project(&store.project).await.unwrap();
    let transaction = spoke.begin().await.unwrap();
    let refused = manifold_store::Fence::raise(&transaction, &claim, "import").await;
    assert_eq!(refused.unwrap_err().code(), "plan_outdated");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_planned_and_refused_when_the_project_has_moved() {
    let store = Store::new().await;
    store.import("id,v\n1,a\n").await;
    let backup = BackupProject::new(store.project.clone(), BackupType::Csv);
    let saved = run_foreground(&store.manager, backup, None, Observer::default())
        .await
        .unwrap()
        .outcome
        .unwrap();
    let restore = RestoreProject {
        backup: BackupPlace::Id(saved.id),
        target: RestoreTarget::InPlace,
        dry_run: false,
    };
    let before = store.dump();
    let planned = plan(&store, &restore).await;
    assert_eq!(store.dump(), before);
    assert_eq!(planned.changes["dry_run"], true);
    assert_eq!(planned.changes["project_id"], store.project.as_str());
    let staged = std::fs::read_dir(store.manager.layout().temporary()).unwrap();
    let staged = staged.filter(|entry| {
        let name = entry.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with("staged-")
    });
    assert_eq!(staged.count(), 0, "what was read back is gone");

    store.import("id,v\n1,b\n").await;
    let before = store.dump();
    let refused = work::<RestoreProject>(&store, &planned).await;
    assert_eq!(refused.error_code.as_deref(), Some("plan_outdated"));
    assert_eq!(store.dump(), before);
    let planned = plan(&store, &restore).await;
    let done = work::<RestoreProject>(&store, &planned).await;
    assert_eq!(done.state, JobState::Completed, "{:?}", done.error_message);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_planned_says_so() {
    let store = Store::new().await;
    let verify = VerifyBackup {
        depth: Default::default(),
        backup: BackupPlace::Id("b".to_owned()),
    };
    let refused = Plan::of(&store.manager, &verify, None, Observer::default()).await;
    let error = refused.unwrap_err();
    assert_eq!(error.code(), "no_plan");
    assert!(error.to_string().contains("verify_backup"), "{error}");
    let path = store.write("next.csv", "id\n1\n");
    let planned = plan(&store, &store.import_of(&path)).await;
    assert!(planned.new_job::<VerifyBackup>().is_err(), "another kind");
    // A plan fails as the job would, and can be stopped.
    let missing = store.import_of(&store.folder.path().join("missing.csv"));
    let failed = Plan::of(&store.manager, &missing, None, Observer::default()).await;
    assert_eq!(failed.unwrap_err().code(), "file_missing");
    let cancel = CancellationToken::new();
    cancel.cancel();
    let rows: String = (0..20_000).map(|row| format!("{row}\n")).collect();
    let large = store.import_of(&store.write("large.csv", format!("id\n{rows}")));
    let stopped = Plan::of(&store.manager, &large, None, Observer::new(cancel).0).await;
    assert_eq!(stopped.unwrap_err().code(), "cancelled");
}

/// A plan waits for nobody: an import that runs holds the project's write lock.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_made_while_another_import_writes() {
    let store = Store::new().await;
    store.import("id,v\n1,a\n").await;
    let lock = store
        .manager
        .layout()
        .write_lock(&store.project.namespace());
    let held = manifold_store::FileLock::try_take(&lock, manifold_store::Share::Exclusive).unwrap();
    assert!(held.is_some());
    let path = store.write("next.csv", "id,v\n1,a\n2,c\n");
    let planned = plan(&store, &store.import_of(&path)).await;
    assert_eq!(planned.changes["tables"][0]["added"], 1);
}
