//! The job engine and the kinds of jobs, on real files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub
)]

mod cancel;
mod copies;
#[cfg(unix)]
mod deaths;
mod exports;
mod fence;
mod history;
mod import;
mod killed;
mod later_import;
mod life;
mod log;
mod made_source;
#[cfg(unix)]
#[path = "../points/names.rs"]
mod names;
mod originals;
mod own_format;
mod plan;
mod plans;
mod readmit;
mod refused;
mod rescue;
mod sqlite;
mod store;
mod syncs;
mod tables;
mod targets;
mod told_columns;
mod urls;
mod waiting;
