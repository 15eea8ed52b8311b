//! Importing a file: opening it, handing its rows to the row log, and saying what was found.

mod error;
mod findings;
mod follow;
mod imported;
mod input_file;
mod opened_file;
mod opened_input;
mod plan;
mod reading;
mod sqlite_reader;
mod table_import;
mod table_records;
mod tables;
mod target;

pub use error::ImportFileError;
pub use findings::{FoundColumn, FoundReject};
pub use input_file::{Header, InputFile};
pub use opened_file::zip_contents;
pub use plan::{ImportPlan, PlanTarget, PlannedChanges, import_plan};
pub use reading::{Mark, Reading};
pub use tables::{TableNaming, TablesTarget, import_tables};
pub use target::ImportTarget;

pub(crate) use error::import_error;
pub(crate) use findings::{Findings, SharedFindings};
pub(crate) use follow::follow;
pub use imported::Imported;
pub(crate) use input_file::blocking;
pub(crate) use opened_input::{OpenedInput, Opening};
pub(crate) use reading::remembered;
pub(crate) use table_import::{TableImport, TableInput};
pub(crate) use table_records::{TableRecords, value};
pub(crate) use tables::STEP;
