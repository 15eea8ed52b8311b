//! Sources whose rows come from another source.

use std::collections::BTreeMap;

use entity_project::sync_states;
use manifold_jobs::jobs::{SyncSource, Synced};
use manifold_jobs::sync::{
    Deletes, MaxDeletes, OnConflict, SyncMode, SyncPlan, SyncRequest, Winner, open_conflicts,
};
use manifold_jobs::{JobError, Observer, Plan, run_foreground};
use manifold_store::rows::Effect;
use manifold_store::{
    DataSources, NewProject, NewSource, ProjectId, Projects, RowLog, SnapshotId, SourceId,
    SyncStates,
};
use proptest::prelude::*;
use serde_json::json;

use crate::store::Store;

/// A store whose source `s` is copied into a source `copy` of another project.
struct Pair {
    store: Store,
    project: ProjectId,
    copy: SourceId,
}

impl Pair {
    async fn new(key: &[&str]) -> Self {
        let store = Store::with_key(key).await;
        let project = NewProject {
            name: "other".to_owned(),
            description: None,
        };
        let project = Projects::new(&store.manager).create(project).await.unwrap();
        let project = Projects::id(&project).unwrap();
        let source = NewSource {
            config: json!({"from": {"project": "p", "source": "s"}}),
            key_columns: key.iter().map(|name| (*name).to_owned()).collect(),
            ..NewSource::file("copy")
        };
        let copy = DataSources::new(store.manager.clone())
            .create(&project, source)
            .await
            .unwrap();
        Self {
            store,
            project,
            copy: copy.id.parse().unwrap(),
        }
    }

    fn request(&self) -> SyncRequest {
        SyncRequest {
            max_deletes: MaxDeletes::ALL,
            ..SyncRequest::new(self.project.clone(), self.copy.clone())
        }
    }

    fn merge(&self) -> SyncRequest {
        SyncRequest {
            mode: Some(SyncMode::Merge),
            ..self.request()
        }
    }

    async fn sync(&self, request: SyncRequest) -> Result<Synced, JobError> {
        let job = SyncSource { request };
        let project = Some(self.project.clone());
        run_foreground(&self.store.manager, job, project, Observer::default())
            .await
            .unwrap()
            .outcome
    }

    async fn plan(&self, request: SyncRequest) -> SyncPlan {
        let job = SyncSource { request };
        let project = Some(self.project.clone());
        let plan = Plan::of(&self.store.manager, &job, project, Observer::default()).await;
        serde_json::from_value(plan.unwrap().changes).unwrap()
    }

    async fn state(&self) -> Option<sync_states::Model> {
        let states = SyncStates::new(self.store.manager.clone());
        states.find(&self.project, &self.copy).await.unwrap()
    }

    async fn rows(&self, synced: &Synced) -> Vec<String> {
        let view = Store {
            project: self.project.clone(),
            source: self.copy.clone(),
            manager: self.store.manager.clone(),
            folder: tempfile::tempdir().unwrap(),
        };
        view.rows(&synced.imported.snapshot_id).await
    }

    /// Imports a file into the copy, as somebody else would.
    async fn import_here(&self, bytes: &str) {
        let path = self.store.write("here.csv", bytes);
        let mut job = self.store.import_of(&path);
        job.target.project_id = self.project.clone();
        job.target.source = manifold_store::ImportSource::Id(self.copy.clone());
        let project = Some(self.project.clone());
        run_foreground(&self.store.manager, job, project, Observer::default())
            .await
            .unwrap()
            .outcome
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_follows_its_source() {
    let pair = Pair::new(&["id"]).await;
    let empty = pair.sync(pair.request()).await.unwrap_err();
    assert_eq!(empty.code(), "no_snapshot");
    pair.store
        .import("id,n,d,t,x\n1,1.50,31.12.2020,007,NA\n2,2.25,30.01.2021,008,4\n")
        .await;
    let first = pair.sync(pair.request()).await.unwrap();
    assert_eq!((first.mode, first.whole), (Some(SyncMode::Full), true));
    assert_eq!((first.inserted, first.updated, first.deleted), (2, 0, 0));
    assert_eq!(
        pair.rows(&first).await,
        ["1|1.5|2020-12-31|007|-", "2|2.25|2021-01-30|008|4"]
    );
    let types: Vec<_> = first
        .imported
        .columns
        .iter()
        .map(|c| &*c.column_type)
        .collect();
    assert_eq!(types, ["integer", "decimal", "date", "text", "integer"]);
    let state = pair.state().await.unwrap();
    assert_eq!(state.snapshot_id, first.imported.snapshot_id);

    let again = pair.sync(pair.request()).await.unwrap();
    assert!(again.imported.unchanged && again.mode.is_none());
    let pulled = pair.state().await.unwrap();
    assert!(pulled.pulled_at > state.pulled_at && pulled.cursor == state.cursor);
    assert_eq!((pulled.inserted, pulled.job_id == state.job_id), (0, false));
    let source = DataSources::new(pair.store.manager.clone());
    let source = source.find(&pair.project, "copy").await.unwrap();
    assert_eq!(source.last_sync_at, Some(pulled.pulled_at));

    for mode in [SyncMode::Full, SyncMode::Append, SyncMode::Merge] {
        let whole = SyncRequest {
            mode: Some(mode),
            whole: true,
            ..pair.request()
        };
        let whole = pair.sync(whole).await.unwrap();
        assert!(
            whole.imported.unchanged && whole.whole,
            "{mode:?}: {whole:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_merged_by_their_key() {
    let pair = Pair::new(&["id"]).await;
    pair.store.import("id,v\n1,a\n2,b\n3,c\n").await;
    pair.sync(pair.merge()).await.unwrap();
    pair.store.import("id,v,w\n4,d,x\n3,C,y\n1,a,\n").await;
    let plan = pair.plan(pair.merge()).await;
    assert_eq!((plan.inserted, plan.updated, plan.deleted), (1, 1, 1));
    let merged = pair.sync(pair.merge()).await.unwrap();
    assert_eq!((merged.inserted, merged.deleted), (1, 1), "{merged:?}");
    // In the order that they had, and new ones behind.
    assert_eq!(pair.rows(&merged).await, ["1|a|-", "3|C|y", "4|d|x"]);

    pair.store.import("id,v,w\n1,a,\n4,d,x\n").await;
    let soft = SyncRequest {
        deletes: Deletes::Soft,
        ..pair.merge()
    };
    let marked = pair.sync(soft.clone()).await.unwrap();
    assert_eq!((marked.updated, marked.deleted, marked.marked), (0, 1, 1));
    let rows = pair.rows(&marked).await;
    assert!(rows[1].starts_with("3|C|y|20"), "{rows:?}");
    assert_eq!((&*rows[0], &*rows[2]), ("1|a|-|-", "4|d|x|-"));
    // What is marked stays as it is, and a row that comes again is not deleted any more.
    let again = SyncRequest {
        whole: true,
        ..soft.clone()
    };
    assert!(pair.sync(again).await.unwrap().imported.unchanged);
    pair.store.import("id,v,w\n1,a,\n3,z,\n4,d,x\n").await;
    let back = pair.sync(pair.merge()).await.unwrap();
    assert_eq!(pair.rows(&back).await, ["1|a|-|-", "3|z|-|-", "4|d|x|-"]);
    pair.store.import("id,v\n9,q\n").await;
    let none = SyncRequest {
        deletes: Deletes::None,
        ..pair.merge()
    };
    let kept = pair.sync(none).await.unwrap();
    assert_eq!(
        (kept.inserted, kept.deleted, kept.imported.row_count),
        (1, 0, 4)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_came_before_are_not_added_again() {
    let pair = Pair::new(&[]).await;
    let append = || SyncRequest {
        mode: Some(SyncMode::Append),
        ..pair.request()
    };
    pair.store.import("t,v\n1,a\n1,a\n2,b\n").await;
    pair.sync(append()).await.unwrap();
    pair.store.import("t,v\n1,a\n1,a\n1,a\n3,c\n").await;
    let added = pair.sync(append()).await.unwrap();
    assert_eq!((added.inserted, added.deleted), (2, 0));
    assert_eq!(pair.rows(&added).await, ["1|a", "1|a", "2|b", "1|a", "3|c"]);
    let refused = pair.sync(pair.merge()).await.unwrap_err();
    assert_eq!(refused.code(), "no_key");
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_rows_are_not_deleted() {
    let pair = Pair::new(&["id"]).await;
    let file = |from: usize| {
        let rows = (from..100).map(|n| format!("{n},v{n}\n"));
        format!("id,v\n{}", rows.collect::<String>())
    };
    pair.store.import(file(0)).await;
    pair.sync(pair.request()).await.unwrap();
    pair.store.import(file(6)).await;
    let before = pair.state().await;
    for mode in [SyncMode::Full, SyncMode::Merge] {
        let bounded = SyncRequest {
            mode: Some(mode),
            max_deletes: MaxDeletes::default(),
            ..pair.request()
        };
        let plan = pair.plan(bounded.clone()).await;
        assert!(plan.too_many_deletions && plan.deleted == 6, "{plan:?}");
        let error = pair.sync(bounded).await.unwrap_err();
        assert_eq!(error.code(), "too_many_deletions", "{error}");
        for part in ["6 of 100 rows", "--max-deletes 6%"] {
            assert!(error.to_string().contains(part), "{error}");
        }
        assert_eq!(pair.state().await, before);
    }
    let enough = SyncRequest {
        max_deletes: "6%".parse().unwrap(),
        ..pair.request()
    };
    assert_eq!(pair.sync(enough).await.unwrap().deleted, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undo_takes_the_cursor_back() {
    let pair = Pair::new(&["id"]).await;
    pair.store.import("id,v\n1,a\n").await;
    pair.sync(pair.request()).await.unwrap();
    pair.store.import("id,v\n1,a\n2,b\n").await;
    let second = pair.sync(pair.request()).await.unwrap();
    let id: SnapshotId = second.imported.snapshot_id.parse().unwrap();
    RowLog::new(&pair.store.manager)
        .delete(&pair.project, &pair.copy, &[id], Effect::Lasting, |_| {})
        .await
        .unwrap();
    // The other side has not changed since, but what came of it is gone.
    let again = pair.sync(pair.request()).await.unwrap();
    assert!(!again.imported.unchanged);
    assert_eq!(pair.rows(&again).await, ["1|a", "2|b"]);
    // So does an import by somebody else.
    pair.import_here("id,v\n1,a\n").await;
    let back = pair.sync(pair.request()).await.unwrap();
    assert_eq!((back.inserted, pair.rows(&back).await.len()), (1, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_changed_on_both_sides_are_listed() {
    let pair = Pair::new(&["id"]).await;
    pair.store.import("id,v\n1,a\n2,b\n3,c\n4,d\n").await;
    pair.sync(pair.merge()).await.unwrap();
    // Here 1 and 2 are others, 4 is gone and 5 is new; there 2 and 3 are others.
    pair.import_here("id,v\n1,A\n2,B\n3,c\n5,e\n").await;
    pair.store.import("id,v\n1,a\n2,x\n3,y\n4,d\n").await;
    let list = SyncRequest {
        on_conflict: OnConflict::List,
        ..pair.merge()
    };
    let plan = pair.plan(list.clone()).await;
    assert_eq!((plan.conflicts, plan.updated, plan.inserted), (1, 1, 0));
    let listed = pair.sync(list.clone()).await.unwrap();
    assert_eq!(pair.rows(&listed).await, ["1|A", "2|B", "3|y", "5|e"]);
    assert_eq!(
        (listed.conflicts, &listed.conflict_keys),
        (1, &vec![vec!["2".to_owned()]])
    );
    // It is one still when all rows come again, and none any more when both sides are the same.
    let whole = SyncRequest {
        whole: true,
        ..list.clone()
    };
    let still = pair.sync(whole.clone()).await.unwrap();
    assert_eq!((still.conflicts, still.imported.unchanged), (1, true));
    pair.import_here("id,v\n1,A\n2,x\n3,y\n5,e\n").await;
    let settled = pair.sync(whole).await.unwrap();
    assert_eq!(settled.conflicts, 0);
    assert_eq!(
        open_conflicts(&pair.state().await.unwrap().conflicts.unwrap()),
        0
    );
    let source = SyncRequest {
        whole: true,
        ..pair.merge()
    };
    let forced = pair.sync(source).await.unwrap();
    assert_eq!(pair.rows(&forced).await, ["1|a", "2|x", "3|y", "4|d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_here_alone_stays_sync_after_sync() {
    for on_conflict in [OnConflict::List, OnConflict::Target] {
        let pair = Pair::new(&["id"]).await;
        pair.store.import("id,v\n1,a\n2,b\n3,c\n9,z\n").await;
        pair.sync(pair.merge()).await.unwrap();
        // 1 is another here, 2 is gone, 4 is new.
        pair.import_here("id,v\n1,A\n3,c\n9,z\n4,d\n").await;
        let keep = SyncRequest {
            on_conflict: on_conflict.clone(),
            ..pair.merge()
        };
        for other in ["x", "y"] {
            pair.store
                .import(format!("id,v\n1,a\n2,b\n3,c\n9,{other}\n"))
                .await;
            let kept = pair.sync(keep.clone()).await.unwrap();
            assert_eq!((kept.conflicts, kept.updated), (0, 1));
            let rows = ["1|A", "3|c", &format!("9|{other}"), "4|d"].map(str::to_owned);
            assert_eq!(pair.rows(&kept).await, rows);
        }
        // There 1 is another too, 2 is another than it was, and 4 comes: three conflicts.
        pair.store.import("id,v\n1,aa\n2,bb\n3,c\n4,D\n9,y\n").await;
        let left = pair.sync(keep.clone()).await.unwrap();
        assert_eq!((left.conflicts, left.conflicts_taken), (3, 0));
        assert_eq!(pair.rows(&left).await, ["1|A", "3|c", "9|y", "4|d"]);
        // What came is taken when that is asked for.
        let whole = SyncRequest {
            whole: true,
            ..pair.merge()
        };
        let taken = pair.sync(whole).await.unwrap();
        assert_eq!(
            pair.rows(&taken).await,
            ["1|aa", "3|c", "9|y", "4|D", "2|bb"]
        );
        assert_eq!(pair.state().await.unwrap().conflicts, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_here_is_known_still_when_deletes_count_again() {
    let pair = Pair::new(&["id"]).await;
    pair.store.import("id,v\n1,a\n2,b\n3,c\n").await;
    pair.sync(pair.merge()).await.unwrap();
    // 1 is another here, and 4 is new; there 1 and 2 are gone.
    pair.import_here("id,v\n1,A\n2,b\n3,c\n4,d\n").await;
    pair.store.import("id,v\n3,x\n").await;
    let keep = |deletes| SyncRequest {
        deletes,
        on_conflict: OnConflict::Target,
        ..pair.merge()
    };
    let none = pair.sync(keep(Deletes::None)).await.unwrap();
    assert_eq!(none.conflicts, 0);
    assert_eq!(pair.rows(&none).await, ["1|A", "2|b", "3|x", "4|d"]);
    pair.store.import("id,v\n3,y\n").await;
    let hard = pair.sync(keep(Deletes::Hard)).await.unwrap();
    assert_eq!((hard.conflicts, hard.deleted), (1, 1));
    assert_eq!(pair.rows(&hard).await, ["1|A", "3|y", "4|d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_of_two_changes_holds() {
    let pair = Pair::new(&["id"]).await;
    let newest = |column: &str| SyncRequest {
        on_conflict: OnConflict::Newest {
            column: column.to_owned(),
        },
        ..pair.merge()
    };
    pair.store
        .import("id,v,at\n1,a,2024-01-01\n2,a,2024-01-01\n3,a,2024-01-01\n4,a,2024-01-01\n5,a,\n6,a,2024-01-01\n")
        .await;
    pair.sync(newest("at")).await.unwrap();
    // 1 is later there, 2 here, 3 the same, 4 gone here, 5 without a time here, 6 gone there.
    pair.import_here(
        "id,v,at\n1,here,2024-01-02\n2,here,2024-01-05T00:00:00Z\n3,here,2024-01-03\n5,here,\n6,here,2024-01-02\n",
    )
    .await;
    pair.store
        .import("id,v,at\n1,there,2024-01-03\n2,there,2024-01-04\n3,there,2024-01-03\n4,there,2024-01-02\n5,there,2024-01-02\n")
        .await;
    let plan = pair.plan(newest("AT")).await;
    assert_eq!((plan.conflicts, plan.conflicts_taken), (6, 3));
    let done = pair.sync(newest("AT")).await.unwrap();
    assert_eq!(
        (&done.conflict_keys, &done.conflict_winners),
        (&plan.conflict_keys, &plan.conflict_winners)
    );
    let of = |winner: Winner| {
        let told = done.conflict_keys.iter().zip(&done.conflict_winners);
        let of_it = told.filter(|(_, found)| **found == winner);
        of_it.map(|(key, _)| key[0].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of(Winner::Source), ["1", "5", "4"]);
    assert_eq!(of(Winner::Target), ["2", "3", "6"]);
    let values: Vec<_> = pair
        .rows(&done)
        .await
        .iter()
        .map(|row| row.split('|').take(2).collect::<Vec<_>>().join("|"))
        .collect();
    assert_eq!(
        values,
        [
            "1|there", "2|here", "3|here", "5|there", "6|here", "4|there"
        ]
    );
    // A later change there is taken the next time.
    pair.store
        .import("id,v,at\n1,there,2024-01-03\n2,last,2024-02-01\n3,there,2024-01-03\n4,there,2024-01-02\n5,there,2024-01-02\n")
        .await;
    let next = pair.sync(newest("at")).await.unwrap();
    assert_eq!((next.conflicts, next.conflicts_taken), (3, 1));
    assert!(pair.rows(&next).await[1].starts_with("2|last|"));

    let missing = pair
        .sync(SyncRequest {
            whole: true,
            ..newest("when")
        })
        .await
        .unwrap_err();
    assert_eq!(missing.code(), "missing_newest_column", "{missing}");
    let no_time = pair
        .sync(SyncRequest {
            whole: true,
            ..newest("v")
        })
        .await
        .unwrap_err();
    assert_eq!(no_time.code(), "incomparable_values", "{no_time}");
    assert!(
        no_time.to_string().contains("`here`, there `there`"),
        "{no_time}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_synced_says_why() {
    let pair = Pair::new(&["id"]).await;
    let source = SyncRequest::new(pair.store.project.clone(), pair.store.source.clone());
    let job = SyncSource { request: source };
    let project = Some(pair.store.project.clone());
    let error = run_foreground(&pair.store.manager, job, project, Observer::default()).await;
    assert_eq!(error.unwrap().outcome.unwrap_err().code(), "no_origin");
    pair.store.import("id,v\n1,a\n").await;
    pair.sync(pair.merge()).await.unwrap();
    pair.import_here("id,v\n1,a\n1,b\n").await;
    let whole = SyncRequest {
        whole: true,
        ..pair.merge()
    };
    let error = pair.sync(whole).await.unwrap_err();
    assert_eq!(error.code(), "repeated_key", "{error}");
    pair.store.import("id,v\n1,a\n,b\n").await;
    assert_eq!(
        pair.sync(pair.merge()).await.unwrap_err().code(),
        "null_key"
    );
}

type Model = BTreeMap<u8, (String, u8)>;

fn csv(rows: &[(u8, String, u8)]) -> String {
    let rows = rows
        .iter()
        .map(|(key, text, n)| format!("{key},\"{text}\",{n}\n"));
    format!("id,v,n\n{}", rows.collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Any rows merged by key are what they are in a map, whatever came before.
    #[test]
    fn merging_is_what_a_map_does(
        pulls in prop::collection::vec(
            (prop::collection::vec((0_u8..12, "[a-c1-3]{1,3}", 0_u8..3), 1..12), prop::bool::ANY),
            1..5,
        )
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let pair = Pair::new(&["id"]).await;
            let mut model = Model::new();
            for (rows, deletes) in pulls {
                pair.store.import(csv(&rows)).await;
                let came: Model = rows.into_iter().map(|(key, text, n)| (key, (text, n))).collect();
                if deletes {
                    model = came;
                } else {
                    model.extend(came);
                }
                let request = SyncRequest {
                    deletes: if deletes { Deletes::Hard } else { Deletes::None },
                    whole: true,
                    ..pair.merge()
                };
                let synced = pair.sync(request).await.unwrap();
                let mut found = pair.rows(&synced).await;
                found.sort();
                let mut expected: Vec<String> = model
                    .iter()
                    .map(|(key, (text, n))| format!("{key}|{text}|{n}"))
                    .collect();
                expected.sort();
                assert_eq!(found, expected);
            }
        });
    }
}
