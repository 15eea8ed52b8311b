//! Fetching a file over HTTP into a temporary one.
//!
//! An [`Address`] may refer to secrets, which are put in where the request is made and nowhere else: what is shown, stored or
//! logged of it has neither user, password nor query. They make a `Call` together with headers and what else is sent, which
//! goes to the host of the address and to no other that it leads to. A connection that drops is taken up where it ended, if the other
//! side offers that and still has the same file.

mod address;
mod answer;
mod call;
mod error;
mod fetch;
mod limits;
mod page;
mod request;
#[cfg(test)]
pub(crate) mod tests;

pub use address::Address;
pub use error::DownloadError;
pub use limits::DownloadLimits;

pub(crate) use address::decoded;
pub(crate) use answer::{Validators, header, retry_after};
pub(crate) use call::{Call, is_same_host};
pub(crate) use fetch::{Download, Downloaded, FetchedFile};
pub(crate) use request::client;
