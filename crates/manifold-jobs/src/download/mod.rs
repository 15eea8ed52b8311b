//! Fetching a file over HTTP into a temporary one.
//!
//! An [`Address`] may refer to secrets, which are put in where the request is made and nowhere else: what is shown, stored or
//! logged of it has neither user, password nor query. A connection that drops is taken up where it ended, if the other
//! side offers that and still has the same file.

mod address;
mod answer;
mod error;
mod fetch;
mod limits;
mod page;
mod request;
#[cfg(test)]
mod tests;

pub use address::Address;
pub use error::DownloadError;
pub use limits::DownloadLimits;

pub(crate) use answer::Validators;
pub(crate) use fetch::{Download, Downloaded, FetchedFile};
