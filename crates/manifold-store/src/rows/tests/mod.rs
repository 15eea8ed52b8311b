//! Tests of the row log on real files with the migrated schema of a project.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod apart;
mod csvish;
mod deleting;
mod failing;
mod first;
mod fuzz;
mod later;
mod model;
mod names;
mod orders;
mod originals;
mod parts;
mod project;
mod resumed;
mod seen;
mod views;

pub(crate) use csvish::Csvish;
pub(crate) use project::Project;
