//! Carrying rows out of the store: a snapshot, what has changed since another one, the answer of a query.
//!
//! [`ExportRequest`] says what is exported and how it is written. [`write_to`] writes it to anything, [`FileExport`] makes a file
//! of it that appears whole, with a description beside it, and [`ExportData`](crate::jobs::ExportData) is the job that does so, here
//! or at an object store.

mod changed_rows;
mod column;
mod course;
mod datapackage;
mod elsewhere;
mod error;
mod exported;
mod file;
mod format;
mod meter;
mod original;
mod plan;
mod query_rows;
mod request;
mod row_flow;
mod snapshot_rows;
mod sqlite_writer;
mod subject;
mod write;

pub use column::ExportedColumn;
pub use course::Course;
pub use datapackage::DATAPACKAGE;
pub use elsewhere::{checked_address, size_at};
pub use error::ExportError;
pub use exported::Exported;
pub use file::FileExport;
pub use format::{ExportFormat, UnknownFormat};
pub use original::{OriginalError, original};
pub use request::{ExportRequest, ExportedRows};
pub use write::write_to;

pub(crate) use column::shown as shown_column;
pub(crate) use elsewhere::send;
pub(crate) use plan::plan;
pub(crate) use row_flow::value as stored;
