use entity_core::enums::{ExecutionState, JobState};
use entity_project::enums::ImportState;
use manifold_jobs::rescue_dead;
use manifold_store::{
    DatabaseManager as _, Ending, ImportRecord, ImportSource, Jobs, JobsError, NewImport, NewJob,
    Projects,
};

use crate::store::{Store, new_job, open, states};

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_dead_processes_fail_once() {
    let store = Store::new().await;
    // A second manager is a second process: it has a lock of its own, which is free when it is gone.
    let other = open(store.folder.path()).await;
    let theirs = Jobs::new(&other).start(new_job(None)).await.unwrap();
    let ours = store.jobs().start(new_job(None)).await.unwrap();
    assert!(
        store.jobs().rescue_dead().await.unwrap().is_empty(),
        "both live"
    );

    drop(other);
    let third = open(store.folder.path()).await;
    let elsewhere = Jobs::new(&third);
    let here = store.jobs();
    let (one, two) = tokio::join!(here.rescue_dead(), elsewhere.rescue_dead());
    let rescued: Vec<_> = [one.unwrap(), two.unwrap()].concat();
    assert_eq!(rescued.len(), 1, "one of two rescues each job");
    let job = &rescued[0];
    assert_eq!(job.id, theirs.job_id.to_string());
    assert_eq!((job.state, job.crash_count), (JobState::Failed, 1));
    assert_eq!(job.error_code.as_deref(), Some("crashed"));
    let message = job.error_message.as_deref().unwrap();
    assert!(
        message.contains(&std::process::id().to_string())
            && message.contains("run the command again"),
        "{message}"
    );
    assert_eq!(
        states(&here, &theirs.job_id).await,
        (JobState::Failed, vec![ExecutionState::Crashed])
    );
    assert_eq!(
        states(&here, &ours.job_id).await,
        (JobState::Running, vec![ExecutionState::Running])
    );

    // Had it only been silent, what it does now would be refused.
    let late = here
        .finish(&theirs, &Ending::Completed { result: 1.into() })
        .await
        .unwrap_err();
    assert!(
        matches!(
            late,
            JobsError::LeaseLost {
                found: JobState::Failed,
                ..
            }
        ),
        "{late}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_job_that_was_to_stop_is_cancelled() {
    let store = Store::new().await;
    let other = open(store.folder.path()).await;
    let theirs = Jobs::new(&other).start(new_job(None)).await.unwrap();
    store.jobs().cancel(&theirs.job_id).await.unwrap();
    drop(other);
    store.jobs().rescue_dead().await.unwrap();
    assert_eq!(
        states(&store.jobs(), &theirs.job_id).await,
        (JobState::Cancelled, vec![ExecutionState::Crashed])
    );
}

/// An import that died after its line in the history was written.
async fn dead_import(store: &Store) -> String {
    let other = open(store.folder.path()).await;
    let new = NewJob {
        kind: "import_file".to_owned(),
        ..new_job(Some(&store.project))
    };
    let claim = Jobs::new(&other).start(new).await.unwrap();
    let import = NewImport {
        source: ImportSource::Id(store.source.clone()),
        key_columns: Vec::new(),
        file_name: "dead.csv".to_owned(),
        format: "csv",
    };
    let record = ImportRecord::begin(&other, &store.project, &claim, "import", import)
        .await
        .unwrap();
    record.id().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_dead_import_is_corrected() {
    let store = Store::new().await;
    let dead = dead_import(&store).await;
    assert_eq!(store.history().await[0].state, ImportState::Running);
    assert_eq!(rescue_dead(&store.manager).await.unwrap().len(), 1);
    let line = store.history().await.remove(0);
    assert_eq!((line.id, line.state), (dead.clone(), ImportState::Failed));
    assert!(line.error.unwrap().contains("died") && line.finished_at.is_some());
    let shown = store
        .manager
        .core()
        .all(<entity_core::import_history::Entity as sea_orm::EntityTrait>::find());
    assert_eq!(
        shown.await.unwrap()[0].state,
        entity_core::enums::ImportState::Failed,
        "the hub shows it too"
    );
    assert!(rescue_dead(&store.manager).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_import_corrects_what_a_rescue_left() {
    let store = Store::new().await;
    dead_import(&store).await;
    store.jobs().rescue_dead().await.unwrap(); // dies before it corrects the history
    assert_eq!(store.history().await[0].state, ImportState::Running);
    store.import("a\n1\n").await;
    let states: Vec<_> = store
        .history()
        .await
        .into_iter()
        .map(|line| line.state)
        .collect();
    assert_eq!(states, [ImportState::Failed, ImportState::Completed]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_lives_elsewhere_is_left_alone() {
    let store = Store::new().await;
    let claim = store
        .jobs()
        .start(new_job(Some(&store.project)))
        .await
        .unwrap();
    let import = NewImport {
        source: ImportSource::Id(store.source.clone()),
        key_columns: Vec::new(),
        file_name: "a.csv".to_owned(),
        format: "csv",
    };
    ImportRecord::begin(&store.manager, &store.project, &claim, "import", import)
        .await
        .unwrap();
    store.import("a\n1\n").await;
    let states: Vec<_> = store
        .history()
        .await
        .into_iter()
        .map(|line| line.state)
        .collect();
    assert_eq!(states, [ImportState::Running, ImportState::Completed]);
    let project = Projects::new(&store.manager).find("p").await.unwrap();
    assert_eq!((project.snapshot_count, project.row_count), (1, 1));
}
