//! A project on its way back: a complete spoke file that is not yet a project.

mod builder;
mod carry_over;
mod check;
mod copy;
mod drill;
mod error;
mod expected_part;
mod expected_rows;
mod hub;
mod increment;
mod mend;
mod mend_sources;
mod row_table;
mod same;
mod secrets;
mod snapshot_rows;
mod spoke;
mod tables;
mod workspace;

pub use builder::StagedBuilder;
pub use drill::{Drill, Shown};
pub use error::StagedError;
pub use expected_part::ExpectedPart;
pub use expected_rows::{ExpectedRows, ExpectedTile};
pub use hub::{ExpectedHub, StagedHub};
pub use secrets::RedactedSecret;
pub use spoke::{Comparison, Expected, Staged};
pub use tables::TableLoad;
pub(crate) use workspace::Workspace;
