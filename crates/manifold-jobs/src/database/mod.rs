//! Databases elsewhere, from which rows are pulled and into which they are written: PostgreSQL, MySQL and MariaDB, SQLite files.
//!
//! A [`DatabaseUrl`] may refer to secrets, which are put in where the connection is made and nowhere else. What a server says is
//! shown with them blotted out.

mod connect;
mod duration;
mod error;
mod kind;
mod name;
mod server_error;
mod session;
mod timed;
mod url;

pub(crate) use connect::{Reached, reach};
pub(crate) use duration::seconds_of;
pub use error::DatabaseError;
pub(crate) use kind::DatabaseKind;
pub(crate) use name::TableName;
pub(crate) use session::Session;
pub(crate) use timed::Timed;
pub(crate) use url::DatabaseUrl;
