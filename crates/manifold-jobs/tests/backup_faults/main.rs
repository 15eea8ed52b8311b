//! Backups and restores in which something goes wrong, on real files. A process has one registry of
//! failpoints, so these tests have a program of their own and run one after the other.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

mod busy;
mod faults;
mod increments;
#[path = "../backup/store.rs"]
#[allow(dead_code, reason = "shared with the other tests of backups")]
mod store;
