//! Pulls of files, of all rows and of those behind a cursor.

mod scene;

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::SyncMode::{Append, Full, Merge};
use super::{OnConflict, SyncRequest};
use crate::Observer;
use scene::Scene;

const BASE: &str = "id,code,price,day,yes,note\n\
    1,007,1.50,31.12.2020,yes,NA\n\
    2,008,2.25,30.01.2021,no,\"a,b\"\n\
    3,,10.00,,yes,\"\"\n";

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rows_again_are_unchanged_however_they_are_written() {
    let scene = Scene::new(&["id"], "all.csv", Some("part")).await;
    scene.write("all.csv", BASE);
    let first = scene.sync(None).await;
    assert_eq!(
        (first.mode, first.inserted, first.whole),
        (Some(Full), 3, true)
    );
    let before = scene.rows().await;
    let part = scene.folder.path().join("part");
    // Delimited text whose cells have no type, with fewer rows, columns and another order; and JSON, whose cells have one.
    let texts = [
        BASE,
        "id,code,price,day,yes,note\n2,008,2.25,30.01.2021,no,\"a,b\"\n",
        "yes;id;price\nyes;1;1.50\n",
    ];
    for text in texts {
        scene.write("part", text);
        for mode in [None, Some(Merge), Some(Append)] {
            let again = scene.sync(mode).await;
            assert!(
                again.imported.unchanged && !again.whole,
                "{mode:?} {text}: {again:?}"
            );
            assert_eq!(again.mode, Some(mode.unwrap_or(Merge)));
        }
    }
    std::fs::remove_file(&part).unwrap();
    scene.write(
        "part",
        "{\"id\": 1, \"code\": \"007\", \"day\": \"31.12.2020\"}\n",
    );
    assert!(scene.sync(None).await.imported.unchanged);
    assert_eq!(scene.rows().await, before);
    // Each of them moved the cursor.
    assert_eq!(scene.cursor().await, Some(json!(11)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_behind_a_cursor_is_merged() {
    let scene = Scene::new(&["id"], "all.csv", Some("part.csv")).await;
    scene.write("all.csv", BASE);
    scene.sync(None).await;
    scene.write("part.csv", "id,code,price,day,yes,note\n4,010,7.75,01.02.2021,no,x\n2,009,3.00,30.01.2021,no,y\n4,011,7.75,01.02.2021,no,z\n");
    let merged = scene.sync(None).await;
    assert_eq!(
        (
            merged.mode,
            merged.inserted,
            merged.updated,
            merged.deleted,
            merged.repeated
        ),
        (Some(Merge), 1, 1, 0, 1)
    );
    assert_eq!(
        scene.rows().await,
        [
            "1|007|1.50|2020-12-31|1|NA",
            "2|009|3.00|2021-01-30|0|y",
            "3|-|10.00|-|1|",
            "4|011|7.75|2021-02-01|0|z",
        ]
    );
    let types: Vec<_> = merged
        .imported
        .columns
        .iter()
        .map(|c| &*c.column_type)
        .collect();
    assert_eq!(
        types,
        ["integer", "text", "decimal", "date", "boolean", "text"]
    );
    // What is asked to be all is never a part.
    let full = scene.sync(Some(Full)).await;
    assert!(full.whole && full.deleted == 1);
    assert_eq!(scene.rows().await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_behind_a_cursor_is_added() {
    let scene = Scene::new(&[], "all.csv", Some("part.csv")).await;
    scene.write("all.csv", "t,v\n1,a\n2,b\n2,b\n");
    scene.sync(None).await;
    scene.write("part.csv", "t,v\n2,b\n2,b\n2,b\n3,c\n");
    let added = scene.sync(None).await;
    assert_eq!((added.mode, added.inserted), (Some(Append), 2));
    assert_eq!(scene.rows().await, ["1|a", "2|b", "2|b", "2|b", "3|c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_no_row_deletes_nothing() {
    let scene = Scene::new(&["id"], "all.csv", None).await;
    scene.write("all.csv", "id,v\n1,a\n2,b\n3,c\n");
    scene.sync(Some(Merge)).await;
    scene.write("all.csv", "id,v\n1,A\n2,b,too many\n");
    let merged = scene.sync(Some(Merge)).await;
    assert_eq!(
        (merged.updated, merged.deleted, merged.imported.rejected),
        (1, 0, 1)
    );
    assert_eq!(merged.warnings.len(), 1, "{:?}", merged.warnings);
    assert_eq!(scene.rows().await, ["1|A", "2|b", "3|c"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_is_the_same_again() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nycflights13");
    for (file, key) in [("planes.csv", "tailnum"), ("airports.csv", "faa")] {
        let bytes = std::fs::read_to_string(fixtures.join(file)).unwrap();
        let scene = Scene::new(&[key], "all.csv", None).await;
        scene.write("all.csv", &bytes);
        scene.sync(None).await;
        for mode in [Merge, Append, Full] {
            let again = scene.sync(Some(mode)).await;
            assert!(again.imported.unchanged, "{file} {mode:?}: {again:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_syncs_at_once_do_not_mix() {
    let scene = Scene::new(&["id"], "all.csv", Some("part.csv")).await;
    scene.write("all.csv", "id,v\n1,a\n");
    scene.write("part.csv", "id,v\n2,b\n");
    let mut done = 0;
    for _ in 0..4 {
        let both = tokio::join!(
            scene.run(scene.request(None)),
            scene.run(scene.request(None))
        );
        for outcome in [both.0, both.1] {
            match outcome {
                Ok(_) => done += 1,
                // A worker would try again.
                Err(error) => assert!(error.is_retryable() && error.code() == "source_moved"),
            }
        }
    }
    assert!(done >= 4);
    assert_eq!(scene.rows().await, ["1|a", "2|b"]);
    let pulls = scene.cursor().await.unwrap().as_i64().unwrap();
    assert!((4..=done).contains(&pulls), "{pulls} of {done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_that_is_cancelled_leaves_nothing() {
    let scene = Scene::new(&["id"], "all.csv", None).await;
    scene.write("all.csv", "id,v\n1,a\n");
    let cancel = CancellationToken::new();
    cancel.cancel();
    let (observer, _) = Observer::new(cancel);
    let stopped = scene.observed(scene.request(Some(Merge)), observer).await;
    assert_eq!(stopped.unwrap_err().code(), "cancelled");
    assert_eq!(scene.cursor().await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_that_does_not_come_again_stays_one() {
    let scene = Scene::new(&["id"], "all.csv", Some("part.csv")).await;
    scene.write("all.csv", "id,v\n1,a\n2,b\n");
    scene.sync(None).await;
    let list = || SyncRequest {
        on_conflict: OnConflict::List,
        ..scene.request(None)
    };
    // Somebody changes both rows here: the cursor holds no more, and all rows come.
    scene.write("here.csv", "id,v\n1,A\n2,B\n");
    let import = crate::jobs::ImportFile {
        target: crate::import::ImportTarget {
            project_id: scene.project.clone(),
            source: manifold_store::ImportSource::Id(scene.source.clone()),
            key_columns: Vec::new(),
            always: false,
            typing: manifold_format::Typing::default(),
            renames: Vec::new(),
        },
        file: crate::import::InputFile {
            path: scene.folder.path().join("here.csv"),
            ..crate::import::InputFile::default()
        },
        file_name: "here.csv".to_owned(),
        naming: crate::import::TableNaming::default(),
    };
    let project = Some(scene.project.clone());
    let imported =
        crate::run_foreground(&scene.manager, import, project, Observer::default()).await;
    imported.unwrap().outcome.unwrap();
    scene.write("all.csv", "id,v\n1,x\n2,b\n");
    let merge = SyncRequest {
        mode: Some(Merge),
        ..list()
    };
    assert_eq!(scene.run(merge).await.unwrap().conflicts, 1);
    assert_eq!(scene.rows().await, ["1|A", "2|B"]);
    scene.write("part.csv", "id,v\n3,c\n");
    assert_eq!(scene.run(list()).await.unwrap().conflicts, 0);
    scene.write("part.csv", "id,v\n1,y\n");
    let again = scene.run(list()).await.unwrap();
    assert_eq!(
        (again.conflicts, &again.conflict_keys),
        (1, &vec![vec!["1".to_owned()]])
    );
    assert_eq!(scene.rows().await, ["1|A", "2|B", "3|c"]);
}

type Part = Vec<(u8, String, u8)>;

fn csv(rows: &[(u8, String, u8)]) -> String {
    let rows = rows
        .iter()
        .map(|(key, text, n)| format!("{key},{text},{n}\n"));
    format!("id,v,n\n{}", rows.collect::<String>())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    /// Any increments of untyped text, merged or added, are what a model in plain Rust says, in its order.
    #[test]
    fn increments_are_what_a_model_says(
        parts in prop::collection::vec(
            prop::collection::vec((0_u8..10, "[a-c1-3]{1,3}", 0_u8..3), 1..10), 2..5,
        ),
        merges in prop::bool::ANY,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let key: &[&str] = if merges { &["id"] } else { &[] };
            let scene = Scene::new(key, "all.csv", Some("part.csv")).await;
            let mode = if merges { Merge } else { Append };
            let mut model: Part = Vec::new();
            for (index, part) in parts.into_iter().enumerate() {
                let name = if index == 0 { "all.csv" } else { "part.csv" };
                scene.write(name, &csv(&part));
                scene.sync(Some(mode)).await;
                if merges {
                    merge(&mut model, part);
                } else if index == 0 {
                    model = part;
                } else {
                    add(&mut model, part);
                }
                let expected: Vec<String> = model
                    .iter()
                    .map(|(key, text, n)| format!("{key}|{text}|{n}"))
                    .collect();
                assert_eq!(scene.rows().await, expected);
            }
        });
    }
}

/// The last row of each key holds, where that key stands, or at its place behind the others.
fn merge(model: &mut Part, part: Part) {
    let mut last = BTreeMap::new();
    for (at, row) in part.iter().enumerate() {
        last.insert(row.0, at);
    }
    for (at, row) in part.into_iter().enumerate() {
        if last[&row.0] != at {
            continue;
        }
        match model.iter_mut().find(|known| known.0 == row.0) {
            Some(known) => *known = row,
            None => model.push(row),
        }
    }
}

/// Of equal rows there are as many as the side has that has more.
fn add(model: &mut Part, part: Part) {
    let mut known = model.clone();
    for row in part {
        match known.iter().position(|other| *other == row) {
            Some(at) => drop(known.remove(at)),
            None => model.push(row),
        }
    }
}
