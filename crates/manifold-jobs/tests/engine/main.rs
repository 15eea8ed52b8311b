//! Workers, retries, crashes, steps and cursors, on real files and in real processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

mod attempts;
mod clocks;
mod crash;
mod cursors;
mod hub_fails;
mod import_kills;
mod kills;
mod kinds;
#[cfg(unix)]
#[path = "../points/names.rs"]
mod names;
mod overtaken;
mod processes;
mod resumed;
mod retries;
mod scene;
mod shutdown;
mod silent;
mod steps;
mod stopping;
mod turnover;
