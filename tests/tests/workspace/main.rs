//! The rules of the workspace itself: who may depend on whom, what a manifest says, what a source may hold.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod features;
mod file_length;
mod layers;
mod lock_file;
mod manifests;
mod members;
mod raw_sql;
mod sources;
mod tables;
mod wording;
