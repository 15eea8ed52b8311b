//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.
//!
//! The SeaORM entities of a spoke: one project's sources, snapshots, relationships and models.
//!
//! Each module is a table and has its name; [`enums`] holds the types of columns whose text is one of a fixed list.
//! [`ProjectEntity`] marks every entity here, so that the compiler knows where it is stored.
#![allow(
    missing_docs,
    reason = "the migrations and their checks say what a column is"
)]

pub mod consolidated_models;
pub mod data_sources;
pub mod enums;
pub mod import_history;
pub mod job_cursors;
pub mod original_parts;
pub mod project;
mod project_entity;
pub mod published;
pub mod rejected_rows;
pub mod relationships;
mod routing;
pub mod row_epochs;
pub mod row_orders;
pub mod row_quirks;
pub mod snapshot_columns;
pub mod snapshots;
pub mod source_columns;
pub mod source_indexes;
mod string_list;
pub mod sync_states;
pub mod trashed_sources;

pub use project_entity::ProjectEntity;
pub use string_list::StringList;
