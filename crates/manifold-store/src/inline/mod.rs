//! Short statements of typed queries, run on the caller's thread instead of the connection's own.
//!
//! A hand-over to another thread costs several times what a read by key does. So a typed read first runs right
//! here, on the same connection, with a budget; one that proves long, or meets anything out of the ordinary, is run
//! again on the connection's thread, which also reports every error. Writes of one row run here inside a
//! transaction only; statements that commit by themselves wait for the disk and stay there. How a transaction
//! begins and ends here is in `sqlite/begun.rs`.

mod bind;
mod columns;
mod insert_statement;
mod kept;
mod load_many;
pub(crate) mod plain;
mod read;
mod rows;
mod save;
#[cfg(test)]
mod tests;
mod typed_connection;

pub use typed_connection::TypedConnection;

pub(crate) use kept::Kept;
pub(crate) use load_many::load_many;
pub(crate) use read::{all, all_kept, count, one, one_kept};
pub(crate) use save::{insert, update, update_one};
pub(crate) use typed_connection::sealed;
