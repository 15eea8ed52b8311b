//! One SELECT on every project.
#![allow(clippy::unwrap_used, missing_docs, clippy::disallowed_methods)]

mod support;
#[path = "support/text_records.rs"]
mod text_records;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use manifold_store::rows::{ImportOptions, Unwatched};
use manifold_store::sandbox::Parameters;
use manifold_store::{
    DataSources, LeftOut, NewSource, ProjectId, RowLog, SnapshotId, StoreOptions, Timestamp,
    UnionColumn, UnionDone, UnionSink, UserQueries, UserQuery, UserQueryError, WhyLeftOut,
};
use rusqlite::types::ValueRef;
use support::{Store, store, store_with};
use text_records::TextRecords;

/// Keeps what it takes.
#[derive(Debug, Default)]
struct Kept {
    columns: Vec<UnionColumn>,
    rows: Vec<(String, String)>,
    /// Set to true when the first row comes.
    cancel: Option<Arc<AtomicBool>>,
}

impl UnionSink for Kept {
    fn columns(&mut self, columns: &[UnionColumn]) -> ControlFlow<()> {
        assert!(self.columns.is_empty(), "columns come once");
        self.columns = columns.to_vec();
        ControlFlow::Continue(())
    }

    fn row(&mut self, project: &str, values: &[ValueRef<'_>]) -> ControlFlow<()> {
        assert_eq!(values.len(), self.columns.len());
        if let Some(cancel) = &self.cancel {
            cancel.store(true, Ordering::Relaxed);
        }
        let first = match values[0] {
            ValueRef::Text(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
            ValueRef::Integer(number) => number.to_string(),
            other => format!("{other:?}"),
        };
        self.rows.push((project.to_owned(), first));
        ControlFlow::Continue(())
    }
}

async fn with_rows(store: &Store, name: &str, columns: &[&str], rows: &[&[&str]]) -> ProjectId {
    let project = store.project(name).await;
    let source = DataSources::new(store.manager.clone())
        .create(&project, NewSource::file("planes"))
        .await
        .unwrap();
    let options = ImportOptions::new(SnapshotId::new().to_string(), Timestamp::now());
    let records = TextRecords::new(columns, rows);
    let source = source.id.parse().unwrap();
    RowLog::new(&store.manager)
        .import(&project, &source, records, options, Unwatched, |_| {})
        .await
        .unwrap();
    project
}

fn query(sql: &str) -> UserQuery {
    UserQuery {
        sql: sql.to_owned(),
        parameters: Parameters::default(),
        limit: None,
        timeout: Some(Duration::from_secs(60)),
    }
}

async fn ask(store: &Store, query: UserQuery) -> Result<(UnionDone, Kept), UserQueryError> {
    UserQueries::new(&store.manager)
        .run_all(query, Arc::default(), Kept::default())
        .await
}

fn pairs(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter()
        .map(|(project, value)| ((*project).to_owned(), (*value).to_owned()))
        .collect()
}

async fn two(store: &Store) {
    with_rows(store, "beta", &["tail"], &[&["N3"]]).await;
    with_rows(store, "Alpha", &["tail"], &[&["N1"], &["N2"]]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_by_project_in_the_order_of_their_names() {
    let store = store().await;
    two(&store).await;
    let (done, kept) = ask(&store, query("SELECT tail FROM planes ORDER BY 1"))
        .await
        .unwrap();
    assert_eq!(
        kept.rows,
        pairs(&[("Alpha", "N1"), ("Alpha", "N2"), ("beta", "N3")])
    );
    assert_eq!(kept.columns[0].name, "tail");
    assert_eq!(kept.columns[0].column_type.as_deref(), Some("text"));
    assert_eq!((done.rows, done.truncated), (3, false));
    assert_eq!(done.answered, ["Alpha", "beta"]);
    assert!(done.left_out.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_is_one_of_all_rows() {
    let store = store().await;
    two(&store).await;
    for (limit, truncated) in [(0, true), (1, true), (2, true), (3, false), (4, false)] {
        let limited = UserQuery {
            limit: Some(limit),
            ..query("SELECT tail FROM planes ORDER BY 1")
        };
        let (done, kept) = ask(&store, limited).await.unwrap();
        assert_eq!(kept.rows.len() as u64, limit.min(3), "limit {limit}");
        assert_eq!(done.truncated, truncated, "limit {limit}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_that_cannot_answer_does_not_stop_the_others() {
    let store = store().await;
    two(&store).await;
    store.project("aaa without planes").await;
    let broken = with_rows(&store, "broken", &["tail"], &[&["N9"]]).await;
    with_rows(&store, "other", &["name"], &[&["x"]]).await;
    assert!(store.manager.close(&broken).await.unwrap());
    let file = store.manager.layout().spoke(&broken.namespace());
    std::fs::write(file, vec![7_u8; 8192]).unwrap();

    let (done, kept) = ask(&store, query("SELECT * FROM planes ORDER BY 1"))
        .await
        .unwrap();
    assert_eq!(
        kept.rows,
        pairs(&[("Alpha", "N1"), ("Alpha", "N2"), ("beta", "N3")])
    );
    let said: Vec<_> = done.left_out.iter().map(said).collect();
    assert_eq!(
        said,
        [
            ("aaa without planes", "unknown_table"),
            ("broken", "quarantined"),
            ("other", "it answers with the columns name, not tail as `Alpha` does; name the columns in the SELECT"),
        ]
        .map(|(project, why)| (project.to_owned(), why.to_owned()))
    );
}

fn said(left_out: &LeftOut) -> (String, String) {
    let why = match &left_out.why {
        WhyLeftOut::Failed(error) => error.code().to_owned(),
        other => other.to_string(),
    };
    (left_out.project.clone(), why)
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_project_answers_the_first_error_is_told() {
    let store = store().await;
    two(&store).await;
    let error = ask(&store, query("SELECT * FROM ships")).await.unwrap_err();
    assert_eq!(error.code(), "unknown_table");
    let error = ask(&store, query("DROP TABLE planes")).await.unwrap_err();
    assert_eq!(error.code(), "not_one_select");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_project_is_no_row() {
    let (done, kept) = ask(&store().await, query("SELECT 1")).await.unwrap();
    assert_eq!((done.rows, kept.rows.len()), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_before_an_error_are_counted() {
    let store = store().await;
    two(&store).await;
    // The first project fails beyond its first batches, the second answers.
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000) \
               SELECT CASE WHEN i = 60000 AND (SELECT count(*) FROM planes) = 2 THEN abs(-9223372036854775807 - 1) ELSE i END AS i FROM n";
    let (done, kept) = ask(&store, query(sql)).await.unwrap();
    assert_eq!(done.answered, ["beta"]);
    let [left_out] = &done.left_out[..] else {
        panic!("{done:?}");
    };
    let of_alpha = kept
        .rows
        .iter()
        .filter(|(project, _)| project == "Alpha")
        .count() as u64;
    assert_eq!(
        (left_out.project.as_str(), left_out.rows),
        ("Alpha", of_alpha)
    );
    assert!(of_alpha > 0 && of_alpha < 60_000, "{of_alpha}");
    assert_eq!(done.rows, of_alpha + 60_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_timeout_is_one_of_the_whole() {
    let store = store().await;
    two(&store).await;
    let forever = UserQuery {
        timeout: Some(Duration::from_millis(300)),
        ..query(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n",
        )
    };
    assert_eq!(ask(&store, forever).await.unwrap_err().code(), "timed_out");
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_cancelled() {
    let store = store().await;
    two(&store).await;
    let cancel = Arc::new(AtomicBool::new(false));
    let sink = Kept {
        cancel: Some(cancel.clone()),
        ..Kept::default()
    };
    let forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT i FROM n";
    let queries = UserQueries::new(&store.manager);
    let ran = queries.run_all(query(forever), cancel, sink).await;
    assert_eq!(ran.unwrap_err().code(), "cancelled");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_projects_with_many_rows_need_one_open_spoke() {
    let store = store_with(StoreOptions {
        descriptors: Some(8),
        ..StoreOptions::default()
    })
    .await;
    for number in 0..6 {
        store.project(&format!("p{number}")).await;
    }
    let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) SELECT i FROM n";
    let (done, kept) = ask(&store, query(sql)).await.unwrap();
    assert_eq!((done.rows, done.answered.len()), (300_000, 6));
    assert!(kept.rows.is_sorted_by_key(|(project, _)| project.clone()));
}
