//! The source that an import makes is gone when nothing came of it; one that was there shows how it went.

use entity_project::data_sources;
use entity_project::enums::{ImportState, SourceStatus};
use manifold_jobs::jobs::ImportFile;
use manifold_jobs::{JobError, Observer, rescue_dead, run_foreground};
use manifold_store::{
    Claim, DataSources, DatabaseManager as _, ImportEnding, ImportRecord, ImportSource, Jobs,
    NewImport, NewJob, NewSource, Setting, Settings, SqliteManager,
};
use sea_orm::EntityTrait as _;
use tokio_util::sync::CancellationToken;

use crate::store::{Store, new_job, open};

/// More rows than one statement takes, with a cell that is too large at the end.
fn bad_at_the_end() -> String {
    let rows: String = (0..20_000).map(|n| format!("{n},x\n")).collect();
    format!("n,text\n{rows}1,{}\n", "y".repeat(5_000))
}

async fn small_cells(store: &Store) {
    Settings::new(store.manager.core())
        .set(Setting::ImportMaxCell, "2048")
        .await
        .unwrap();
}

fn import_named(store: &Store, name: &str, bytes: &str) -> ImportFile {
    let mut job = store.import_of(&store.write("input.csv", bytes));
    job.target.source = ImportSource::Named(name.to_owned());
    job
}

async fn status(store: &Store) -> SourceStatus {
    let sources = DataSources::new(store.manager.clone());
    sources.find(&store.project, "s").await.unwrap().status
}

async fn source_names(store: &Store) -> Vec<String> {
    let sources = DataSources::new(store.manager.clone());
    let found = sources.list(&store.project).await.unwrap();
    let hub = entity_core::data_sources::Entity::find();
    let shown = store.manager.core().all(hub).await.unwrap();
    assert_eq!(found.len(), shown.len(), "the hub shows others");
    found.into_iter().map(|source| source.name).collect()
}

fn new_import(name: &str) -> NewImport {
    NewImport {
        source: ImportSource::Named(name.to_owned()),
        key_columns: vec!["n".to_owned()],
        file_name: "a.csv".to_owned(),
        format: "csv",
    }
}

/// An import into the source `made`, as far as its line in the history.
async fn begun(store: &Store, manager: &std::sync::Arc<SqliteManager>) -> (Claim, ImportRecord) {
    let new = NewJob {
        kind: "import_file".to_owned(),
        ..new_job(Some(&store.project))
    };
    let claim = Jobs::new(manager).start(new).await.unwrap();
    let import = new_import("made");
    let record = ImportRecord::begin(manager, &store.project, &claim, "import", import)
        .await
        .unwrap();
    (claim, record)
}

fn failed() -> ImportEnding {
    ImportEnding::Failed {
        error: "tried".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_fails_in_mid_file_leaves_no_new_source() {
    let store = Store::new().await;
    small_cells(&store).await;
    let before = store.dump();
    let finished = store
        .run(import_named(&store, "made", &bad_at_the_end()))
        .await;
    let error = finished.outcome.unwrap_err();
    assert_eq!(error.code(), "cell_too_large", "{error}");
    assert_eq!(store.dump(), before);
    assert_eq!(source_names(&store).await, ["s"]);
    let line = store.history().await.pop().unwrap();
    assert_eq!(
        (line.state, line.source_id, line.source_name.as_str()),
        (ImportState::Failed, None, "made")
    );

    let job = import_named(&store, "made", "n,text\n1,x\n");
    assert_eq!(store.run(job).await.outcome.unwrap().number, 1);
    assert_eq!(source_names(&store).await, ["made", "s"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_import_leaves_no_new_source() {
    let store = Store::new().await;
    let before = store.dump();
    let token = CancellationToken::new();
    token.cancel();
    let (observer, _progress) = Observer::new(token);
    let job = import_named(&store, "made", "n\n1\n");
    let project = Some(store.project.clone());
    let finished = run_foreground(&store.manager, job, project, observer).await;
    let outcome = finished.unwrap().outcome;
    assert!(matches!(outcome, Err(JobError::Cancelled)), "{outcome:?}");
    assert_eq!(store.dump(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_somebody_made_stays_whatever_fails() {
    let store = Store::new().await;
    small_cells(&store).await;
    let bad = bad_at_the_end();
    let finished = store.run(import_named(&store, "s", &bad)).await;
    assert!(finished.outcome.is_err());
    assert_eq!(source_names(&store).await, ["s"]);
    assert_eq!(status(&store).await, SourceStatus::Error);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_shows_how_its_last_import_went() {
    let store = Store::new().await;
    small_cells(&store).await;
    assert_eq!(status(&store).await, SourceStatus::Idle);
    store.import("n,text\n1,x\n").await;
    assert_eq!(status(&store).await, SourceStatus::Ok);

    let bad = store.write("bad.csv", bad_at_the_end());
    assert!(store.run(store.import_of(&bad)).await.outcome.is_err());
    assert_eq!(status(&store).await, SourceStatus::Error);
    let hub = entity_core::data_sources::Entity::find();
    let shown = store.manager.core().one(hub).await.unwrap().unwrap();
    assert_eq!(shown.status, entity_core::enums::SourceStatus::Error);

    assert!(store.import("n,text\n1,x\n").await.unchanged);
    assert_eq!(status(&store).await, SourceStatus::Ok);

    let token = CancellationToken::new();
    token.cancel();
    let (observer, _progress) = Observer::new(token);
    let job = store.import_of(&store.write("next.csv", "n,text\n2,y\n"));
    let project = Some(store.project.clone());
    let finished = run_foreground(&store.manager, job, project, observer).await;
    assert!(finished.unwrap().outcome.is_err());
    assert_eq!(status(&store).await, SourceStatus::Ok, "it was cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_of_two_failing_imports_takes_the_source_back() {
    let store = Store::new().await;
    let (_, first) = begun(&store, &store.manager).await;
    let (_, second) = begun(&store, &store.manager).await;
    assert_eq!(first.source_id(), second.source_id());
    first.end(failed()).await.unwrap();
    assert_eq!(source_names(&store).await, ["made", "s"]);
    second.end(failed()).await.unwrap();
    assert_eq!(source_names(&store).await, ["s"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_import_published_stays() {
    let store = Store::new().await;
    let (_, first) = begun(&store, &store.manager).await;
    let job = import_named(&store, "MADE", "n\n1\n");
    assert_eq!(store.run(job).await.outcome.unwrap().number, 1);
    first.end(failed()).await.unwrap();
    assert_eq!(source_names(&store).await, ["made", "s"]);
    let found = DataSources::new(store.manager.clone())
        .find(&store.project, "made")
        .await
        .unwrap();
    assert_eq!(found.key_columns.0, ["n"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_was_changed_meanwhile_stays() {
    let store = Store::new().await;
    let (_, record) = begun(&store, &store.manager).await;
    let spoke = store.manager.project(&store.project).await.unwrap();
    let described = data_sources::ActiveModel {
        id: sea_orm::ActiveValue::Set(record.source_id().to_string()),
        updated_at: sea_orm::ActiveValue::Set(manifold_store::Timestamp::now()),
        ..Default::default()
    };
    let transaction = spoke.begin().await.unwrap();
    transaction.update(described).await.unwrap();
    transaction.commit().await.unwrap();
    record.end(failed()).await.unwrap();
    assert_eq!(source_names(&store).await, ["made", "s"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_import_made_is_gone_at_the_next_start() {
    let store = Store::new().await;
    let other = open(store.folder.path()).await;
    begun(&store, &other).await;
    drop(other);
    assert_eq!(source_names(&store).await, ["made", "s"]);
    assert_eq!(rescue_dead(&store.manager).await.unwrap().len(), 1);
    assert_eq!(source_names(&store).await, ["s"]);
    assert_eq!(status(&store).await, SourceStatus::Idle);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_import_says_nothing_of_what_came_later() {
    let store = Store::new().await;
    let other = open(store.folder.path()).await;
    let claim = Jobs::new(&other)
        .start(NewJob {
            kind: "import_file".to_owned(),
            ..new_job(Some(&store.project))
        })
        .await
        .unwrap();
    let import = new_import("s");
    ImportRecord::begin(&other, &store.project, &claim, "import", import)
        .await
        .unwrap();
    drop(other);
    store.import("n\n1\n").await;
    rescue_dead(&store.manager).await.unwrap();
    assert_eq!(status(&store).await, SourceStatus::Ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_at_once_make_one_source() {
    let store = Store::new().await;
    let jobs = ["n\n1\n", "n\n2\n"].map(|bytes| {
        let mut job = store.import_of(&store.write(&format!("{}.csv", bytes.len()), bytes));
        job.target.source = ImportSource::Named("made".to_owned());
        job.target.always = true;
        job
    });
    let [first, second] = jobs;
    let (first, second) = tokio::join!(store.run(first), store.run(second));
    let mut numbers = [first, second].map(|finished| finished.outcome.unwrap().number);
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(source_names(&store).await, ["made", "s"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_source_is_no_name_that_is_refused() {
    let store = Store::new().await;
    let finished = store.run(import_named(&store, "a/b", "n\n1\n")).await;
    assert_eq!(finished.outcome.unwrap_err().code(), "invalid_name");
    assert!(store.history().await.is_empty());
    let empty = NewSource::file("made");
    let sources = DataSources::new(store.manager.clone());
    sources.create(&store.project, empty).await.unwrap();
    let (_, record) = begun(&store, &store.manager).await;
    record.end(failed()).await.unwrap();
    assert_eq!(source_names(&store).await, ["made", "s"], "made by hand");
}
