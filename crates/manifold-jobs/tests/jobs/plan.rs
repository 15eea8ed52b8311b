//! Dry runs.

use manifold_jobs::import::{ImportPlan, PlanTarget, PlannedChanges, TableNaming, import_plan};
use manifold_jobs::jobs::ImportFile;
use manifold_jobs::{JobError, Observer};
use manifold_store::ImportSource;
use tokio_util::sync::CancellationToken;

use crate::store::Store;

/// Where a job would go, into its source or into one that is to be made.
fn target(job: &ImportFile, known: bool) -> PlanTarget {
    PlanTarget {
        project_id: known.then(|| job.target.project_id.clone()),
        source: match known {
            true => job.target.source.clone(),
            false => ImportSource::Named("new".to_owned()),
        },
        naming: TableNaming::default(),
        key_columns: Vec::new(),
        always: false,
        typing: Default::default(),
        renames: Vec::new(),
    }
}

async fn plan(store: &Store, bytes: &str, known: bool) -> Result<ImportPlan, JobError> {
    let job = store.import_of(&store.write("plan.csv", bytes));
    let target = target(&job, known);
    let plans = import_plan(&store.manager, &job.file, &target, Observer::default()).await?;
    let [plan] = plans.try_into().unwrap();
    Ok(plan)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_source_would_get_every_row() {
    let store = Store::new().await;
    let before = (store.dump(), store.history().await);
    let bytes = "id,id,when\n1,x,2024-01-31\n2,,2024-02-01\n3\n4,y,2024-02-03,z\n";
    for known in [false, true] {
        let plan = plan(&store, bytes, known).await.unwrap();
        assert_eq!(
            (plan.encoding.as_str(), plan.compression),
            ("utf-8", "none")
        );
        assert_eq!(plan.dialect["delimiter"], ",");
        assert_eq!((plan.rows, plan.rejected, plan.padded), (3, 1, 1));
        assert_eq!(plan.rejects[0].line, 5);
        let added = PlannedChanges {
            added: 3,
            ..PlannedChanges::default()
        };
        assert_eq!(plan.changes, added, "known: {known}");
        assert_eq!(plan.columns[1].renamed_from.as_deref(), Some("id"));
        let when = &plan.columns[2];
        assert_eq!(
            (when.column_type.as_str(), when.format.as_deref()),
            ("date", Some("%Y-%m-%d"))
        );
    }
    assert_eq!((store.dump(), store.history().await), before);
    assert!(
        store
            .jobs()
            .list(&Default::default())
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_those_against_the_latest_snapshot() {
    let store = Store::with_key(&["id"]).await;
    let bytes = "id,v\n1,a\n2,b\n3,c\n";
    store.import(bytes).await;
    let before = store.dump();
    let same = plan(&store, bytes, true).await.unwrap();
    assert!(same.changes.unchanged);
    assert_eq!(same.rows, 3);
    let other = plan(&store, "id,v\n1,a\n2,B\n4,d\n5,e\n", true)
        .await
        .unwrap();
    let expected = PlannedChanges {
        added: 2,
        removed: 1,
        changed: 1,
        duplicate_keys: Some(0),
        ..Default::default()
    };
    assert_eq!(other.changes, expected);
    assert_eq!(store.dump(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_fails_as_the_import_would() {
    let store = Store::new().await;
    for known in [false, true] {
        assert_eq!(
            plan(&store, "", known).await.unwrap_err().code(),
            "empty_file"
        );
    }
    let job = store.import_of(&store.write("k.csv", "a\n1\n"));
    let target = PlanTarget {
        key_columns: vec!["k".to_owned()],
        ..target(&job, false)
    };
    let error = import_plan(&store.manager, &job.file, &target, Observer::default())
        .await
        .unwrap_err();
    assert_eq!(error.code(), "missing_key_column");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_can_be_stopped() {
    let store = Store::new().await;
    let bytes: String = std::iter::once("a\n".to_owned())
        .chain((0..50_000).map(|n| format!("{n}\n")))
        .collect();
    let job = store.import_of(&store.write("long.csv", bytes));
    for target in [target(&job, true), target(&job, false)] {
        let token = CancellationToken::new();
        token.cancel();
        let stopped = import_plan(&store.manager, &job.file, &target, Observer::new(token).0).await;
        assert!(matches!(stopped, Err(JobError::Cancelled)));
    }
}
