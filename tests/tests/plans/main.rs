//! Every statement that the product runs has a plan without a scan or a sort, or a reason.
//!
//! One tour calls the operations while a recorder keeps each SQL text; each is then explained on the files that
//! the tour left, with the query planner as stable as in production. What scans a table or sorts must be in
//! `tests/plan_allow.txt`, with the reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs
)]

mod jobs;
mod syncs;
mod tour;
mod trash;

use std::collections::BTreeSet;
use std::path::Path;

use manifold_store::recorder::{self, Place};
use manifold_store::{Layout, SqliteManager, StoreOptions};
use rusqlite::config::DbConfig;

#[tokio::test]
async fn no_statement_scans_or_sorts_without_a_reason() {
    recorder::start();
    let folder = tempfile::tempdir().unwrap();
    let manager = SqliteManager::open(
        Layout::new(folder.path().join("data")),
        StoreOptions::default(),
    )
    .await
    .unwrap();
    let project = Box::pin(tour::tour(&manager, folder.path())).await;
    let recorded = recorder::recorded();
    assert!(
        recorded.len() > 60,
        "the tour ran only {} statements",
        recorded.len()
    );

    let hub = manager.layout().core();
    let spoke = manager.layout().spoke(&project.namespace());
    let allowed =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/plan_allow.txt")).unwrap();
    let allowed: Vec<&str> = allowed
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            line.split_once(" # ")
                .expect("`part of the SQL # reason`")
                .0
                .trim_end()
        })
        .collect();
    let mut used = BTreeSet::new();
    let mut unexpected = Vec::new();
    for (place, sql) in recorded.iter().filter(|(_, sql)| is_query(sql)) {
        let file = match place {
            Place::Hub => &hub,
            Place::Spoke => &spoke,
        };
        let flat = sql.split_whitespace().collect::<Vec<_>>().join(" ");
        for step in explain(file, sql).iter().filter(|step| is_costly(step)) {
            match allowed.iter().find(|line| flat.contains(**line)) {
                Some(line) => {
                    used.insert(*line);
                }
                None => unexpected.push(format!("{place:?}: {step}: {flat}")),
            }
        }
    }
    assert!(
        unexpected.is_empty(),
        "without a reason in plan_allow.txt:\n{}",
        unexpected.join("\n")
    );
    let unused: Vec<_> = allowed
        .iter()
        .filter(|line| !used.contains(**line))
        .collect();
    assert!(
        unused.is_empty(),
        "no statement needs these lines of plan_allow.txt any more: {unused:?}"
    );
}

fn is_query(sql: &str) -> bool {
    let word = sql
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .to_ascii_uppercase();
    ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"].contains(&word.as_str())
}

fn is_costly(step: &str) -> bool {
    let scan =
        step.contains("SCAN") && !step.contains("CONSTANT ROW") && !step.contains("VALUES CLAUSE");
    scan || step.contains("TEMP B-TREE")
}

/// The steps of a statement's plan on this file; none when it is about a table that is gone since.
fn explain(file: &Path, sql: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        file,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .unwrap();
    let mut statement = match connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")) {
        Ok(statement) => statement,
        Err(error) if error.to_string().contains("no such table: d") => return Vec::new(),
        Err(error) if error.to_string().contains("no such table: @trash") => return Vec::new(),
        Err(error) => panic!("{error}: {sql}"),
    };
    let mut rows = statement.raw_query();
    let mut steps = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get::<_, String>("detail").unwrap());
    }
    steps
}
