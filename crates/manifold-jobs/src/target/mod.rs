//! Tables of databases elsewhere, made equal to the latest snapshot of a source.
//!
//! The rows and a line in the table [`STATE`] beside them, which says what was written last, change in one transaction of the
//! target: what dies, is stopped or fails leaves the target as it was, and what is done again finds that it was done.
//!
//! Rows go through in batches, and are compared in the target, in temporary tables: memory does not grow with them, but for about a
//! hundred bytes for each row that differs between two snapshots.

mod cell;
mod column;
mod connection;
mod difference;
mod error;
mod load;
mod merge;
mod modes;
mod prepared;
mod rows;
mod source;
mod state;
mod sync;
mod synced;
mod table;

pub use crate::database::DatabaseError;
pub use error::TargetError;
pub use synced::SyncedTarget;

pub(crate) use source::Pair;
pub(crate) use sync::{Course, Sync};

/// The table beside the target that says what was written last.
pub const STATE: &str = "manifold_sync";
