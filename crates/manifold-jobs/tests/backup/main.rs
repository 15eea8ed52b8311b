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
mod damage;
mod in_place;
mod leftovers;
mod round_trip;
mod schema;
mod store;
mod without_data;
