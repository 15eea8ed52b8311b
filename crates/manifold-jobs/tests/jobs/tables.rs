//! Files with several tables.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use entity_core::enums::JobState;
use entity_project::enums::{Cardinality, ImportState};
use entity_project::{data_sources, snapshots};
use manifold_format::FileFormat;
use manifold_jobs::import::{TableNaming, import_plan};
use manifold_jobs::jobs::ImportFile;
use manifold_jobs::testing::Testing;
use manifold_jobs::{Observer, Registry, rescue_dead, run_foreground};
use manifold_store::{DatabaseManager as _, ImportSource, Relationships};
use sea_orm::EntityTrait as _;

use crate::store::{Store, open};

/// The folder of the store and the job, for the child.
const CHILD: &str = "MANIFOLD_JOBS_TEST_TABLES_CHILD";

const ORDERS: &str = r#"[
{"id": 7, "who": {"name": "Ann"}, "items": [{"sku": "007", "tags": ["x"]}, {"sku": "A"}], "total": 12.50},
{"id": 8, "id": 9},
{"id": 10, "items": [{"sku": "B", "parts": [{"n": 1}, {"n": 2}]}], "total": 3.10, "late": true}
]"#;

fn orders(store: &Store, json: &str) -> ImportFile {
    let mut job = store.import_of(&store.write("orders.json", json));
    job.target.source = ImportSource::Named("orders".to_owned());
    job
}

/// The rows of the latest snapshot of each source.
async fn sources(store: &Store) -> BTreeMap<String, Vec<String>> {
    let spoke = store.manager.project(&store.project).await.unwrap();
    let mut found = BTreeMap::new();
    for source in spoke.all(data_sources::Entity::find()).await.unwrap() {
        let all = spoke.all(snapshots::Entity::find()).await.unwrap();
        let all = all
            .into_iter()
            .filter(|snapshot| snapshot.source_id == source.id);
        if let Some(latest) = all.max_by_key(|snapshot| snapshot.number) {
            found.insert(source.name, store.rows(&latest.id).await);
        }
    }
    found
}

fn expected() -> BTreeMap<String, Vec<String>> {
    let rows = |rows: &[&str]| rows.iter().map(|row| (*row).to_owned()).collect();
    BTreeMap::from([
        ("orders".to_owned(), rows(&["7|Ann|12.5|-", "10|-|3.1|1"])),
        (
            "orders.items".to_owned(),
            rows(&["7.1|7|007|[\"x\"]", "7.2|7|A|-", "10.1|10|B|-"]),
        ),
        ("orders.items.parts".to_owned(), rows(&["10.1|1", "10.1|2"])),
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn arrays_of_objects_become_sources_that_refer_to_each_other() {
    let store = Store::new().await;
    let job = orders(&store, ORDERS);
    let imported = store.run(job.clone()).await.outcome.unwrap();
    assert_eq!(sources(&store).await, expected());
    assert_eq!((imported.rejected, imported.rejects[0].line), (1, 3));
    let tables: Vec<_> = imported
        .further
        .iter()
        .map(|t| t.table.as_deref().unwrap())
        .collect();
    assert_eq!(tables, ["items", "items.parts"]);

    let relationships = Relationships::new(store.manager.clone());
    let related = relationships.list(&store.project, None).await.unwrap();
    let shown: Vec<_> = related
        .iter()
        .map(|row| {
            (
                row.name.as_str(),
                &row.from_columns.0[..],
                &row.to_columns.0[..],
            )
        })
        .collect();
    let (parent, id, row) = (
        ["_parent".to_owned()],
        ["id".to_owned()],
        ["_row".to_owned()],
    );
    let shown_are = [
        ("orders.items (_parent) to orders", &parent[..], &id[..]),
        (
            "orders.items.parts (_parent) to orders.items",
            &parent[..],
            &row[..],
        ),
    ];
    assert_eq!(shown, shown_are);
    assert!(
        related
            .iter()
            .all(|row| row.cardinality == Some(Cardinality::ManyToOne))
    );

    // The same again changes nothing, another way to read it does.
    let again = store.run(job.clone()).await.outcome.unwrap();
    assert!(again.unchanged && again.further.iter().all(|table| table.unchanged));
    assert_eq!(
        relationships
            .list(&store.project, None)
            .await
            .unwrap()
            .len(),
        2
    );
    let mut flat = job;
    flat.file.no_unnest = true;
    let flat = store.run(flat).await.outcome.unwrap();
    assert!(!flat.unchanged && flat.further.is_empty());
    let rows = store.rows(&flat.snapshot_id).await;
    assert!(
        rows[1].contains(r#"[{"sku": "B", "parts": [{"n": 1}, {"n": 2}]}]"#),
        "{rows:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_envelope_with_several_arrays_has_a_source_for_each() {
    let store = Store::new().await;
    let json = r#"{"made": "now", "a": [{"x": 1}], "deep": {"b": [{"y": 2, "c": [{"z": 3}]}]}, "none": []}"#;
    let mut job = orders(&store, json);
    job.naming = TableNaming::LikeTable;
    let imported = store.run(job.clone()).await.outcome.unwrap();
    let names: Vec<_> = sources(&store).await.into_keys().collect();
    assert_eq!(names, ["a", "deep.b", "deep.b.c"]);
    assert_eq!(imported.further.len(), 2);

    job.naming = TableNaming::UnderSource;
    job.file.tables = vec!["A".to_owned()];
    store.run(job.clone()).await.outcome.unwrap();
    assert_eq!(sources(&store).await["orders"], ["1"]);
    job.file.tables = vec!["b".to_owned()];
    let refused = store.run(job).await.outcome.unwrap_err();
    assert_eq!(refused.code(), "no_table");
    assert!(
        refused.to_string().contains("it has: a, deep.b, deep.b.c"),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_plan_shows_each_table() {
    let store = Store::new().await;
    let job = orders(&store, ORDERS);
    let target = manifold_jobs::import::PlanTarget {
        project_id: Some(store.project.clone()),
        source: job.target.source.clone(),
        naming: TableNaming::LikeTable,
        key_columns: Vec::new(),
        always: false,
        typing: Default::default(),
        renames: Vec::new(),
    };
    let plans = import_plan(&store.manager, &job.file, &target, Observer::default());
    let shown: Vec<_> = plans
        .await
        .unwrap()
        .into_iter()
        .map(|plan| (plan.source_name, plan.new_source, plan.rows, plan.rejected))
        .collect();
    let names = ["orders", "orders.items", "orders.items.parts"].map(str::to_owned);
    let [orders, items, parts] = names;
    assert_eq!(
        shown,
        [
            (orders, true, 2, 1),
            (items, true, 3, 0),
            (parts, true, 2, 0)
        ]
    );
    store.run(job.clone()).await.outcome.unwrap();
    let plans = import_plan(&store.manager, &job.file, &target, Observer::default());
    assert!(
        plans
            .await
            .unwrap()
            .iter()
            .all(|plan| plan.changes.unchanged && !plan.new_source)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_is_said_and_told_by_the_history() {
    let store = Store::new().await;
    for (json, code, words) in [
        (
            "{\"a\": [{\"b\": 1}",
            "invalid_json",
            "ends in the middle of a value",
        ),
        (
            "[{\"a\": 1} {\"a\": 2}]",
            "invalid_json",
            "`,` or `]` behind an element",
        ),
        ("[]", "invalid_json", "there is no record"),
        (
            "[{\"a\": nope}]",
            "invalid_json",
            "a value is expected behind byte 6",
        ),
        ("\u{feff}", "empty_file", "empty"),
    ] {
        let mut job = orders(&store, json);
        job.file.format = Some(FileFormat::Json);
        let error = store.run(job).await.outcome.unwrap_err();
        if json.len() > 3 {
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
        let history = store.history().await;
        assert_eq!(history.last().unwrap().state, ImportState::Failed);
    }
    assert!(sources(&store).await.is_empty());
}

/// Not a test by itself: what the process does that dies behind the second table.
#[tokio::test(flavor = "multi_thread")]
async fn child() {
    #[expect(
        clippy::disallowed_methods,
        reason = "how a test tells its child what to do"
    )]
    let Ok(told) = std::env::var(CHILD) else {
        return;
    };
    let (folder, job): (PathBuf, ImportFile) = serde_json::from_str(&told).unwrap();
    let manager = open(&folder).await;
    let published = AtomicUsize::new(0);
    fail::cfg_callback("import-projected", move || {
        if published.fetch_add(1, Ordering::Relaxed) == 1 {
            std::process::abort();
        }
    })
    .unwrap();
    let project = job.target.project_id.clone();
    drop(run_foreground(&manager, job, Some(project), Observer::default()).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_was_killed_between_tables_goes_on_with_those_that_are_missing() {
    let store = Store::new().await;
    let told = serde_json::to_string(&(store.folder.path(), orders(&store, ORDERS))).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tables::child"])
        .env(CHILD, told)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(!status.success());
    let rescued = rescue_dead(&store.manager).await.unwrap();
    assert_eq!(rescued[0].error_code.as_deref(), Some("crashed"));
    let before = sources(&store).await;
    assert_eq!(before.len(), 2, "{before:?}");

    let testing = Testing::new(&store.manager, Registry::built_in());
    let id = rescued[0].id.parse().unwrap();
    testing.jobs().retry(&id).await.unwrap();
    testing.drain().await.unwrap();
    let job = testing.job(&id).await.unwrap();
    assert_eq!(job.state, JobState::Completed, "{:?}", job.error_message);
    assert_eq!(sources(&store).await, expected());
    let spoke = store.manager.project(&store.project).await.unwrap();
    let all = spoke.all(snapshots::Entity::find()).await.unwrap();
    assert_eq!(all.len(), 3, "none was imported twice");
    assert!(all.iter().all(|snapshot| snapshot.number == 1));
    let history = store.history().await;
    assert_eq!(history.len(), 3);
    assert!(
        history
            .iter()
            .all(|line| line.state == ImportState::Completed)
    );
    let relationships = Relationships::new(store.manager.clone());
    assert_eq!(
        relationships
            .list(&store.project, None)
            .await
            .unwrap()
            .len(),
        2
    );
}
