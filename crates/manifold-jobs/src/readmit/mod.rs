//! Taking rejected records back into their source, after somebody has mended them in a list.
//!
//! The bytes that the latest snapshot was imported from are written into a temporary file, the mended records are put in
//! the places of the rejected ones, and what comes of it is imported: the next snapshot is the one that the mended file
//! would have given.

mod chosen;
mod error;
mod expected;
mod list;
mod places;
mod prepared;
mod readmitted;
mod spliced;

pub use error::ReadmitError;
pub use readmitted::{Readmission, ReadmitPlan, Readmitted, StillRejected};

pub(crate) use prepared::{Prepared, prepare};

/// A rejected record of a snapshot with this recorded dialect as the text that is mended in a list.
#[must_use]
pub fn record_text(dialect: &serde_json::Value, raw: &[u8]) -> String {
    let encoding = chosen::recorded_encoding(dialect);
    let record = manifold_format::RejectedText::new(raw, encoding);
    record.text().to_owned()
}
