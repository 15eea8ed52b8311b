//! Schedules: which slots are due, by any clock, and that each has one job, on real files and in real processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs,
    unreachable_pub
)]

mod calendar;
mod doctor;
mod on_failure;
mod planting;
mod policies;
mod processes;
mod scene;
mod slots;
mod webhook;
