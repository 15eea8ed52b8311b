//! Backups and restores, on real files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

mod as_new;
mod busy;
mod cells;
mod compare;
mod damage;
mod drill;
mod histories;
mod in_place;
mod increments;
mod leftovers;
mod round_trip;
mod schema;
mod segments;
mod store;
mod undo;
mod whole;
mod whole_restore;
mod whole_store;
mod without_data;
