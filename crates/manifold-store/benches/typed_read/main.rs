//! CPU of typed queries through the manager (lookup, lease, handle and query), against the same on a bare SeaORM
//! pool of one connection with sqlx's defaults: a read by key, ten parents with their children, an insert in a
//! transaction of a hundred.
//!
//! `cargo bench -p manifold-store --bench typed_read`: one task, five interleaved rounds; medians and ratios are
//! printed, and the exit code is 1 when a ratio is above its limit. The arguments `key`, `list` and `insert` choose.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod insert_in_transaction;
mod list_with_relation;
mod read_by_key;
#[path = "../support/mod.rs"]
mod support;

use std::process::ExitCode;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> ExitCode {
    // In a task of its own, as real callers are: on the main thread every await would hop threads.
    tokio::spawn(run()).await.unwrap()
}

async fn run() -> ExitCode {
    let chosen: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let asked = |name: &str| chosen.is_empty() || chosen.iter().any(|argument| argument == name);
    let mut kept = true;
    if asked("key") {
        kept &= read_by_key::bench().await;
    }
    if asked("list") {
        kept &= list_with_relation::bench().await;
    }
    if asked("insert") {
        kept &= insert_in_transaction::bench().await;
    }
    if kept {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
