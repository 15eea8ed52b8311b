//! Processes that make, prune and restore backups and are killed while they do.
//!
//! `MANIFOLD_KILLS` says how many die in the first test, 200 unless it says more, and half as many in the second.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub
)]

mod beside;
mod check;
mod child;
mod kills;
mod scene;
mod work;
