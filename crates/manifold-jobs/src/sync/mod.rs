//! Pulling the rows of a source from where they come from.
//!
//! What is pulled is set aside on the disk, laid over the rows of the latest snapshot where rows are merged or added, and
//! imported as any other input: so only what differs is written, and nothing is visible until all of it is. How far a source was
//! pulled is kept in the transaction that publishes ([`PullRecord`](manifold_store::rows::PullRecord)).

mod ancestor;
mod came;
mod columns;
mod conflicts;
mod error;
mod incoming;
mod max_deletes;
mod mode;
mod newest;
mod overlay;
mod plan;
mod prepared;
mod request;
mod shown_rows;
mod stored_cells;
mod synced;
mod syncing;
#[cfg(test)]
mod tests;

pub use conflicts::{Winner, open_conflicts};
pub use error::SyncError;
pub use max_deletes::{InvalidPercentage, MaxDeletes};
pub use mode::{Deletes, OnConflict, SyncMode};
pub use plan::SyncPlan;
pub use request::{SyncRequest, can_sync};
pub use synced::Synced;

pub(crate) use prepared::{PreparedPull, Pull};
pub(crate) use shown_rows::shown_rows;
pub(crate) use syncing::Syncing;
