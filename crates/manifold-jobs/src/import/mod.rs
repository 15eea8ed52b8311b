//! Importing a file: opening it, handing its rows to the row log, and saying what was found.

mod csv_file;
mod csv_records;
mod error;
mod findings;
mod follow;
mod imported;
mod opened_file;
mod plan;
mod reading;
mod target;

pub use csv_file::{CsvFile, Header};
pub use error::ImportFileError;
pub use findings::{FoundColumn, FoundReject};
pub use plan::{ImportPlan, PlanTarget, PlannedChanges, import_plan};
pub use reading::{Mark, Reading};
pub use target::ImportTarget;

pub(crate) use csv_file::{OpenedCsv, blocking};
pub(crate) use csv_records::CsvRecords;
pub(crate) use error::import_error;
pub(crate) use findings::{Findings, SharedFindings};
pub(crate) use follow::follow;
pub use imported::Imported;
pub(crate) use reading::remembered;
