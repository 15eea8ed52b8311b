//! Rows that are set aside on the disk until they are stored.
//!
//! They are in files without a name, which are gone with the process. A cell is bytes behind what it is and how long it is
//! ([`pack`]); a row is found again by its place ([`RowSpool::push`]), and all of them are read as any other table
//! ([`SpooledTable`]).

mod packed_row;
mod row_spool;
mod spooled_table;

pub(crate) use packed_row::{PackedCells, identity, pack};
pub(crate) use row_spool::{RowSpool, SpoolScan, Spooled, SpooledRows, row_at};
pub(crate) use spooled_table::SpooledTable;
