//! Jobs in the hub: their states, whose turn it is, what they wait for. On real files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

#[path = "../support/mod.rs"]
mod support;

mod dependencies;
mod explain;
mod limits;
mod prune;
mod release;
mod scene;
mod steps;
mod transitions;
mod turnover;
mod turns;
mod unique;
