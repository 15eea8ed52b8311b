//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.
//!
//! The SeaORM entities of the hub: projects, jobs, backups, settings and an index of every project's contents.
//!
//! Each module is a table and has its name; [`enums`] holds the types of columns whose text is one of a fixed list.
//! [`CoreEntity`] marks every entity here, so that the compiler knows where it is stored.
#![allow(
    missing_docs,
    reason = "the migrations and their checks say what a column is"
)]

pub mod app_settings;
pub mod backups;
mod core_entity;
pub mod data_sources;
pub mod enums;
pub mod import_history;
pub mod job_checkpoints;
pub mod job_crews;
pub mod job_dependencies;
pub mod job_executions;
pub mod job_lanes;
pub mod job_limits;
pub mod job_logs;
pub mod job_queues;
pub mod job_schedules;
pub mod job_workers;
pub mod jobs;
pub mod project_operations;
pub mod projects;
mod routing;
mod table_counts;

pub use core_entity::CoreEntity;
pub use table_counts::{TableCount, TableCounts};
