//! Rejected records that are mended and taken back.

use manifold_jobs::export::original;
use manifold_jobs::jobs::{Imported, ReadmitRejects};
use manifold_jobs::readmit::{Readmitted, record_text};
use manifold_jobs::{JobError, Observer, Plan, run_foreground};
use manifold_store::rows::Effect;
use manifold_store::{DataSources, ImportSource, RowLog, Snapshots};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::store::Store;

/// The rejected records of a snapshot as a list, changed by `mend`.
async fn list(store: &Store, snapshot: &str, mend: impl Fn(&str) -> String) -> String {
    let snapshots = Snapshots::new(store.manager.clone());
    let found = snapshots.find(&store.project, snapshot).await.unwrap();
    let rejects = snapshots.rejects(&store.project, &found.snapshot, 1_000);
    let rejects = rejects.await.unwrap().into_iter().map(|reject| {
        let record = record_text(&found.snapshot.dialect, &reject.raw);
        json!({ "snapshot_id": reject.snapshot_id, "id": reject.id, "record": mend(&record) })
    });
    json!({ "rejects": rejects.collect::<Vec<_>>() }).to_string()
}

fn job(store: &Store, list: &str) -> ReadmitRejects {
    ReadmitRejects {
        project_id: store.project.clone(),
        source_id: None,
        path: store.write("list.json", list),
        file_name: "list.json".to_owned(),
    }
}

async fn readmit(store: &Store, list: &str) -> Result<Readmitted, JobError> {
    let project = Some(store.project.clone());
    run_foreground(
        &store.manager,
        job(store, list),
        project,
        Observer::default(),
    )
    .await
    .unwrap()
    .outcome
}

async fn bytes(store: &Store, snapshot: &str) -> Vec<u8> {
    let id = snapshot.parse().unwrap();
    let written = original(&store.manager, &store.project, &id, Vec::new());
    written.await.unwrap()
}

/// Mends records that a test made too long by `!`.
fn without_mark(record: &str) -> String {
    record.replace(",!", "")
}

#[tokio::test(flavor = "multi_thread")]
async fn mended_records_go_to_their_places_once() {
    for key in [&[][..], &["id"]] {
        let store = Store::with_key(key).await;
        let file = "id,name\n1,a\n2,b,!\n3,\"c\"\n4,d,!\n4,d,x\n\n5,e\n6,f,!";
        let first = store.import(file).await;
        assert_eq!((first.row_count, first.rejected), (3, 4));
        let listed = list(&store, &first.snapshot_id, without_mark).await;

        let done = readmit(&store, &listed).await.unwrap();
        let found = &done.readmission;
        assert_eq!((found.taken, found.unedited, found.gone), (3, 1, 0));
        let second = done.imported;
        assert_eq!(
            (
                second.number,
                second.row_count,
                second.added,
                second.removed,
                second.rejected
            ),
            (2, 6, 3, 0, 1)
        );
        let rows = store.rows(&second.snapshot_id).await;
        assert_eq!(rows, ["1|a", "2|b", "3|c", "4|d", "5|e", "6|f"]);
        let mended = "id,name\n1,a\n2,b\n3,\"c\"\n4,d\n4,d,x\n\n5,e\n6,f";
        assert_eq!(bytes(&store, &second.snapshot_id).await, mended.as_bytes());
        assert_eq!(bytes(&store, &first.snapshot_id).await, file.as_bytes());

        let again = readmit(&store, &listed).await.unwrap();
        assert!(again.imported.unchanged);
        let found = &again.readmission;
        assert_eq!((found.taken, found.unedited, found.gone), (0, 1, 3));
        // The record that is left is mended in the same list.
        let rest = list(&store, &first.snapshot_id, |record| {
            record.replace(",x", "").replace(",!", "")
        })
        .await;
        let third = readmit(&store, &rest).await.unwrap();
        assert_eq!((third.readmission.taken, third.readmission.gone), (1, 3));
        assert_eq!((third.imported.rejected, third.imported.row_count), (0, 7));
        let repeated = (!key.is_empty()).then_some(1);
        assert_eq!(third.imported.duplicate_keys, repeated);

        // Undone by deleting it, it can be done again.
        RowLog::new(&store.manager)
            .delete(
                &store.project,
                &store.source,
                &[third.imported.snapshot_id.parse().unwrap()],
                Effect::Lasting,
                |_| {},
            )
            .await
            .unwrap();
        let fourth = readmit(&store, &rest).await.unwrap();
        assert_eq!((fourth.readmission.taken, fourth.imported.number), (1, 4));
        let whole = store.import(mended.replace("4,d,x", "4,d")).await;
        assert!(whole.unchanged, "the mended file is what was made");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_is_no_row_yet_stays_as_it_is() {
    let store = Store::new().await;
    let first = store.import("a,b\n1,2,3\n4,5\n6,\"7,8\n9,0\n").await;
    let before = store.dump();
    let listed = list(&store, &first.snapshot_id, |record| match &record[..1] {
        "1" => "1,\"2\"\"3,4,5".to_owned(),
        _ => " \n".to_owned(),
    });
    let done = readmit(&store, &listed.await).await.unwrap();
    assert!(done.imported.unchanged);
    let still: Vec<_> = done
        .readmission
        .still_rejected
        .iter()
        .map(|record| (record.line, &*record.reason))
        .collect();
    assert_eq!(
        still,
        [
            (2, "a quote is not closed in 1 line to the end of the input"),
            (4, "it is empty")
        ]
    );
    assert_eq!(store.dump(), before);
    // One of them is mended into two rows, and swallows nothing any more.
    let listed = list(&store, &first.snapshot_id, |record| {
        record.replace("6,\"7,8", "6,\"7,8\"")
    });
    let done = readmit(&store, &listed.await).await.unwrap();
    assert_eq!((done.readmission.taken, done.imported.added), (1, 2));
    assert_eq!(
        store.rows(&done.imported.snapshot_id).await,
        ["4|5", "6|7,8", "9|0"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn which_of_equal_records_is_meant_is_known_or_asked() {
    let store = Store::new().await;
    let file = "a,b\n1,2,3\n0,0\n1,2,3\n";
    let first = store.import(file).await;
    let whole = list(&store, &first.snapshot_id, |_| "8,8".to_owned()).await;
    let mut one: Json = serde_json::from_str(&whole).unwrap();
    drop(one["rejects"].as_array_mut().unwrap().remove(0));
    let done = readmit(&store, &one.to_string()).await.unwrap();
    assert_eq!(store.rows(&done.imported.snapshot_id).await, ["0|0", "8|8"]);
    let done = readmit(&store, &whole).await.unwrap();
    assert!(done.imported.unchanged);
    assert_eq!(
        (
            done.readmission.taken,
            done.readmission.still_rejected.len()
        ),
        (0, 2)
    );
    // The file came again as it was: so do its rejects, and the list still means them.
    store.import(file).await;
    let done = readmit(&store, &whole).await.unwrap();
    assert_eq!(
        store.rows(&done.imported.snapshot_id).await,
        ["8|8", "0|0", "8|8"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_written_in_the_encoding_of_their_file() {
    let store = Store::new().await;
    let wide = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    let first = store.import(wide("a;b\r\nä;1\r\nö;2;3\r\nü;4\r\n")).await;
    let listed = list(&store, &first.snapshot_id, |record| {
        record.replace("ö;2;3", "ß;2")
    });
    let done = readmit(&store, &listed.await).await.unwrap();
    assert_eq!(
        store.rows(&done.imported.snapshot_id).await,
        ["ä|1", "ß|2", "ü|4"]
    );
    let expected = wide("a;b\r\nä;1\r\nß;2\r\nü;4\r\n");
    assert_eq!(bytes(&store, &done.imported.snapshot_id).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_belong_to_the_source_is_refused() {
    let store = Store::new().await;
    let first = store.import("a,b\n1,2,3\n4,5\n").await;
    let listed = list(&store, &first.snapshot_id, |_| "1,2".to_owned()).await;
    let other = Store::new().await;
    other.import("a,b\n1,2,3\n4,5\n").await;
    let stranger = json!([{ "snapshot_id": first.snapshot_id, "id": 99, "record": "1,2" }]);
    let mut elsewhere = store.import_of(&store.write("t.csv", "a,b\n1,2\n"));
    elsewhere.target.source = ImportSource::Named("t".to_owned());
    store.run(elsewhere).await.outcome.unwrap();
    let sources = DataSources::new(store.manager.clone());
    let other_source = sources.find(&store.project, "t").await.unwrap();
    let mut wrong_source = job(&store, &listed);
    wrong_source.source_id = Some(other_source.id.parse().unwrap());
    let before = store.dump();
    let wrong = run_foreground(&store.manager, wrong_source, None, Observer::default());
    let refused = [
        (wrong.await.unwrap().outcome, "other_source"),
        (readmit(&other, &listed).await, "not_found"),
        (readmit(&store, &stranger.to_string()).await, "not_found"),
        (readmit(&store, "a,b\n1,2\n").await, "no_reject_list"),
        (readmit(&store, "[]").await, "no_reject_list"),
    ];
    for (outcome, code) in refused {
        let error = outcome.unwrap_err();
        assert_eq!(error.code(), code, "{error}");
    }
    assert_eq!(store.dump(), before);

    let json = store.write("records.jsonl", "{\"a\":1}\n[\n{\"a\":2}\n");
    let imported: Imported = store.run(store.import_of(&json)).await.outcome.unwrap();
    assert_eq!(imported.rejected, 1);
    let listed = list(&store, &imported.snapshot_id, |_| "{\"a\":3}".to_owned()).await;
    let error = readmit(&store, &listed).await.unwrap_err();
    assert_eq!(error.code(), "original_not_kept");
    assert!(error.to_string().contains("from jsonl"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_says_what_would_be_taken_back_and_writes_nothing() {
    let store = Store::new().await;
    let first = store.import("a,b\n1,2,!\n4,5\n6,7,8\n").await;
    let listed = list(&store, &first.snapshot_id, without_mark).await;
    let before = store.dump();
    let plan = |store: Store, listed: String| async move {
        let job = job(&store, &listed);
        let project = Some(store.project.clone());
        let plan = Plan::of(&store.manager, &job, project, Observer::default());
        (plan.await.unwrap().changes, store)
    };
    let (changes, store) = plan(store, listed.clone()).await;
    assert_eq!(changes["source_name"], "s");
    let counted =
        ["rows", "rejected", "added", "removed"].map(|name| changes[name].as_i64().unwrap());
    assert_eq!(counted, [2, 1, 1, 0]);
    assert_eq!(changes["readmission"]["taken"], 1);
    assert_eq!(store.dump(), before);
    readmit(&store, &listed).await.unwrap();
    let (changes, _store) = plan(store, listed).await;
    let counted =
        ["rows", "rejected", "added", "removed"].map(|name| changes[name].as_i64().unwrap());
    assert_eq!(counted, [2, 1, 0, 0]);
    assert_eq!(changes["readmission"]["gone"], 1);
}

/// Imports a file in which nothing is mended by itself.
async fn import_strictly(store: &Store, bytes: &str) -> Imported {
    let mut import = store.import_of(&store.write("input.csv", bytes));
    import.file.reading.strict = true;
    store.run(import).await.outcome.unwrap()
}

#[derive(Debug, Clone)]
enum Line {
    Row(String),
    /// A record that is too long, and what it is mended to; it may stay as it is.
    Bad(String, Option<String>),
    Blank,
}

fn lines() -> impl Strategy<Value = Vec<Line>> {
    let cell = "[a-c]{0,2}|\"[a-c,\n]{0,3}\"|[0-9]{1,2}";
    let row = || (cell, cell).prop_map(|(a, b)| format!("x{a},{b}").replace("x\"", "\""));
    let line = prop_oneof![
        4 => row().prop_map(Line::Row),
        3 => (row(), proptest::option::of(proptest::collection::vec(row(), 1..3)))
            .prop_map(|(row, mended)| Line::Bad(format!("{row},!"), mended.map(|rows| rows.join("\n")))),
        1 => Just(Line::Blank),
    ];
    proptest::collection::vec(line, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Taking back is importing the file that was mended by hand.
    #[test]
    fn mending_the_list_is_mending_the_file(lines in lines(), returns: bool, last: bool) {
        let end = if returns { "\r\n" } else { "\n" };
        // Rows by which the file is known for what it is, below a header that is none of the rows.
        let mut file = format!("one,two{end}{}", format!("x1,2{end}").repeat(40));
        let mut mended = file.clone();
        let mut mends = Vec::new();
        for line in &lines {
            let (before, after) = match line {
                Line::Row(row) => (row.as_str(), row.clone()),
                Line::Bad(bad, None) => (bad.as_str(), bad.clone()),
                Line::Bad(bad, Some(rows)) => {
                    mends.push(rows.clone());
                    (bad.as_str(), rows.replace('\n', if bad.contains('\n') { "\n" } else { end }))
                }
                Line::Blank => ("", String::new()),
            };
            file += &format!("{before}{end}");
            mended += &format!("{after}{end}");
        }
        if !last {
            file.truncate(file.len() - end.len());
            mended.truncate(mended.len() - end.len());
        }
        let bad: Vec<_> = lines.iter().filter_map(|line| match line {
            Line::Bad(_, mended) => Some(mended.clone()),
            _ => None,
        }).collect();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = Store::new().await;
            let first = import_strictly(&store, &file).await;
            assert_eq!(first.rejected as usize, bad.len(), "{file:?}");
            let next = std::cell::Cell::new(0);
            let listed = list(&store, &first.snapshot_id, |record| {
                let place = next.replace(next.get() + 1);
                bad[place].clone().unwrap_or_else(|| record.to_owned())
            }).await;
            if bad.is_empty() {
                return;
            }
            let done = readmit(&store, &listed).await.unwrap();
            assert_eq!(done.readmission.taken as usize, mends.len(), "{done:?}");
            assert_eq!(String::from_utf8(bytes(&store, &done.imported.snapshot_id).await).unwrap(), mended);
            let other = Store::new().await;
            let whole = import_strictly(&other, &mended).await;
            assert_eq!(store.rows(&done.imported.snapshot_id).await, other.rows(&whole.snapshot_id).await);
            // Of an import that stored nothing it is not told why.
            let shape = |imported: &Imported| {
                let columns = imported.columns.iter().cloned();
                let columns = columns.map(|c| (c.name, c.column_type, c.format, c.odd_cells));
                (imported.rejected, columns.collect::<Vec<_>>())
            };
            assert_eq!(shape(&done.imported), shape(&whole));
        });
    }
}
