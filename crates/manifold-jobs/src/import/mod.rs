//! Importing a file: opening it, handing its rows to the row log, and saying what was found.

mod error;
mod fetched_input;
mod findings;
mod follow;
mod imported;
mod input_file;
mod input_url;
mod kept_input;
mod known_fetch;
mod opened_file;
mod opened_input;
mod plan;
mod reading;
mod source_name;
mod sqlite_reader;
mod stoppable;
mod table_import;
mod table_records;
mod tables;
mod target;

pub use error::ImportFileError;
pub use findings::{FoundColumn, FoundReject};
pub use input_file::{Header, InputFile};
pub use input_url::InputUrl;
pub use opened_file::zip_contents;
pub use plan::{ImportPlan, PlanTarget, PlannedChanges, import_plan};
pub use reading::{Mark, Reading};
pub use source_name::source_name;
pub use tables::{TableNaming, TablesTarget, import_tables};
pub use target::ImportTarget;

pub(crate) use error::import_error;
pub(crate) use fetched_input::{FetchedInput, Fetching};
pub(crate) use findings::{Findings, SharedFindings};
pub(crate) use follow::follow;
pub use imported::Imported;
pub(crate) use input_file::blocking;
pub(crate) use kept_input::{KeptInput, PART};
pub(crate) use known_fetch::KnownFetch;
pub(crate) use opened_file::OpenedFile;
pub(crate) use opened_input::{OpenedInput, Opening};
pub(crate) use reading::remembered;
pub(crate) use stoppable::Stoppable;
pub(crate) use table_import::{TableImport, TableInput};
pub(crate) use table_records::TableRecords;
pub(crate) use tables::STEP;
