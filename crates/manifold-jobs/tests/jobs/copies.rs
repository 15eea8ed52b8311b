//! Copies of projects as jobs, and sources in the trash of a project that is imported into.

use entity_core::enums::JobState;
use manifold_jobs::jobs::{AdoptProject, CloneProject, ExportProjectFile};
use manifold_jobs::{Job, JobError, Observer, run_foreground};
use manifold_store::{DataSources, Projects, SourceChange, SourceTrash, StagedBuilder, vfs};
use tokio_util::sync::CancellationToken;

use crate::store::Store;

async fn run<J: Job>(store: &Store, job: J) -> Result<J::Output, JobError> {
    let finished = run_foreground(&store.manager, job, None, Observer::default());
    finished.await.unwrap().outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_exported_adopted_and_cloned() {
    let store = Store::new().await;
    store.import("id\n1\n2\n").await;
    let path = store.folder.path().parent().unwrap();
    let path = path.join(format!("{}.db", store.project));
    let export = ExportProjectFile {
        project_id: store.project.clone(),
        path: path.clone(),
    };
    let (observer, progress) = Observer::new(CancellationToken::new());
    let finished = run_foreground(
        &store.manager,
        export,
        Some(store.project.clone()),
        observer,
    );
    let written = finished.await.unwrap().outcome.unwrap();
    assert_eq!(written.size_bytes, std::fs::metadata(&path).unwrap().len());
    let last = progress.borrow().clone();
    assert_eq!((last.done, last.unit), (written.size_bytes, "bytes"));
    assert_eq!(last.total, Some(written.size_bytes));

    let adopt = AdoptProject {
        file: path.clone(),
        name: Some("adopted".to_owned()),
        redact_secrets: false,
    };
    let adopted = run(&store, adopt.clone()).await.unwrap();
    assert_eq!(adopted.id_in_file, store.project.as_str());
    assert_ne!(adopted.project_id, adopted.id_in_file);
    let again = run(&store, adopt).await.unwrap_err();
    assert_eq!(again.code(), "name_taken");

    let clone = CloneProject {
        project_id: store.project.clone(),
        name: "cloned".to_owned(),
    };
    let cloned = run(&store, clone.clone()).await.unwrap();
    let row = Projects::new(&store.manager).find(&cloned.project_id).await;
    assert_eq!(row.unwrap().row_count, 2);
    assert_eq!(run(&store, clone).await.unwrap_err().code(), "name_taken");
    std::fs::remove_file(path).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_is_cancelled_leaves_nothing() {
    let store = Store::new().await;
    store.import("id\n1\n2\n").await;
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("p.db");
    let export = ExportProjectFile {
        project_id: store.project.clone(),
        path: path.clone(),
    };
    let clone = CloneProject {
        project_id: store.project.clone(),
        name: "cloned".to_owned(),
    };
    cancelled(&store, export.clone()).await;
    cancelled(&store, clone).await;
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    run(&store, export).await.unwrap();
    let adopt = AdoptProject {
        file: path,
        name: Some("adopted".to_owned()),
        redact_secrets: false,
    };
    cancelled(&store, adopt).await;
    let projects = Projects::new(&store.manager).list().await.unwrap();
    assert_eq!(projects.len(), 1, "{projects:?}");
    StagedBuilder::clear_abandoned(&store.manager)
        .await
        .unwrap();
    let left = std::fs::read_dir(store.manager.layout().temporary()).unwrap();
    let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        left.iter()
            .all(|name| !name.to_string_lossy().starts_with("staged-")),
        "{left:?}"
    );
}

/// The job is stopped before it begins to copy: its first look says so.
async fn cancelled<J: Job>(store: &Store, job: J) {
    let token = CancellationToken::new();
    token.cancel();
    let (observer, _) = Observer::new(token);
    let finished = run_foreground(&store.manager, job, None, observer).await;
    let finished = finished.unwrap();
    assert!(matches!(finished.outcome, Err(JobError::Cancelled)));
    assert_eq!(finished.job.state, JobState::Cancelled);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_a_file_is_refused_or_redacted() {
    let store = Store::new().await;
    let outside = tempfile::tempdir().unwrap();
    let path = outside.path().join("p.db");
    let export = ExportProjectFile {
        project_id: store.project.clone(),
        path: path.clone(),
    };
    run(&store, export).await.unwrap();
    let literal = r#"{"url": "https://me:hunter2@host/x", "apiKey": "hunter2hunter2"}"#;
    rusqlite::Connection::open_with_flags_and_vfs(&path, Default::default(), vfs())
        .unwrap()
        .execute("UPDATE data_sources SET config = ?1", [literal])
        .unwrap();
    let adopt = AdoptProject {
        file: path,
        name: Some("adopted".to_owned()),
        redact_secrets: false,
    };
    let refused = run(&store, adopt.clone()).await.unwrap_err();
    assert_eq!(refused.code(), "secret_in_file");
    let words = refused.to_string();
    assert!(words.contains("`s`") && words.contains("1 more"), "{words}");
    assert!(!words.contains("hunter2"), "{words}");
    assert_eq!(Projects::new(&store.manager).list().await.unwrap().len(), 1);

    let redacting = AdoptProject {
        redact_secrets: true,
        ..adopt
    };
    let adopted = run(&store, redacting).await.unwrap();
    let mut secrets: Vec<_> = adopted
        .redacted
        .iter()
        .map(|one| one.secret.as_str())
        .collect();
    secrets.sort_unstable();
    assert_eq!(secrets, ["s.apiKey", "s.url"]);
    let id = adopted.project_id.parse().unwrap();
    let source = DataSources::new(store.manager.clone())
        .find(&id, "s")
        .await
        .unwrap();
    assert_eq!(
        source.config,
        serde_json::json!({"url": "https://me:${secret:s.url}@host/x", "apiKey": "${secret:s.apiKey}"})
    );
    let file = store.manager.layout().spoke(&id.namespace());
    let bytes = std::fs::read(file).unwrap();
    assert!(!bytes.windows(7).any(|part| part == b"hunter2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_source_takes_no_imports() {
    let store = Store::new().await;
    store.import("id\n1\n2\n").await;
    let sources = DataSources::new(store.manager.clone());
    let change = |enabled| SourceChange {
        enabled: Some(enabled),
        ..SourceChange::default()
    };
    sources
        .update(&store.project, &store.source, change(false))
        .await
        .unwrap();
    let path = store.write("other.csv", "id\n3\n");
    let refused = store.run(store.import_of(&path)).await.outcome.unwrap_err();
    assert_eq!(refused.code(), "source_disabled");
    let shown = sources.find(&store.project, "s").await.unwrap();
    assert_eq!(shown.status.to_string(), "disabled");
    let enabled = sources
        .update(&store.project, &store.source, change(true))
        .await
        .unwrap();
    assert_eq!(enabled.status.to_string(), "ok");
    store.import("id\n3\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_removes_what_expired_in_the_trash() {
    let store = Store::new().await;
    store.import("id\n1\n2\n").await;
    let trash = SourceTrash::new(&store.manager);
    trash
        .delete(&store.project, &store.source, |_| {})
        .await
        .unwrap();
    let path = store.write("s.csv", "id\n1\n");
    let job = store.import_of(&path);
    let gone = store.run(job.clone()).await.outcome.unwrap_err();
    assert_eq!(gone.code(), "not_found");
    let mut by_name = job;
    by_name.target.source = manifold_store::ImportSource::Named("s".to_owned());
    store.run(by_name.clone()).await.outcome.unwrap();
    assert_eq!(trash.list(&store.project).await.unwrap().len(), 1);
    rusqlite::Connection::open_with_flags_and_vfs(store.spoke(), Default::default(), vfs())
        .unwrap()
        .execute_batch("UPDATE trashed_sources SET trashed_at = '2020-01-01T00:00:00+00:00'")
        .unwrap();
    store.run(by_name).await.outcome.unwrap();
    assert!(trash.list(&store.project).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_must_tell_the_latest_rows_apart() {
    let store = Store::new().await;
    store.import("id,name\n1,a\n2,b\n2,b\n,c\n").await;
    let sources = DataSources::new(store.manager.clone());
    let change = |key: &[&str]| SourceChange {
        key_columns: Some(key.iter().map(|name| (*name).to_owned()).collect()),
        ..SourceChange::default()
    };
    let repeated = sources
        .update(&store.project, &store.source, change(&["id", "name"]))
        .await;
    let repeated = repeated.unwrap_err();
    assert_eq!(repeated.code(), "repeated_key");
    assert!(
        repeated.to_string().contains("1 rows")
            || repeated.to_string().contains("id = `2`, name = `b`"),
        "{repeated}"
    );
    let missing = sources
        .update(&store.project, &store.source, change(&["nothing"]))
        .await;
    assert_eq!(missing.unwrap_err().code(), "missing_key_column");
    store.import("id,name\n1,a\n2,b\n,c\n").await;
    let keyed = sources
        .update(&store.project, &store.source, change(&["ID"]))
        .await
        .unwrap();
    assert_eq!(keyed.key_columns.0, ["id"]);
    let changed = store.import("id,name\n1,a\n2,x\n,c\n").await;
    assert_eq!(changed.changed, 1, "{changed:?}");
    let without = sources
        .update(&store.project, &store.source, change(&[]))
        .await
        .unwrap();
    assert!(without.key_columns.0.is_empty());
}
