//! A project on its way back: a complete spoke file that is not yet a project.

mod builder;
mod check;
mod copy;
mod error;
mod mend;
mod mend_sources;
mod row_table;
mod secrets;
mod spoke;
mod tables;
mod workspace;

pub use builder::StagedBuilder;
pub use error::StagedError;
pub use secrets::RedactedSecret;
pub use spoke::{Comparison, Expected, Staged};
pub use tables::TableLoad;
pub(crate) use workspace::Workspace;
