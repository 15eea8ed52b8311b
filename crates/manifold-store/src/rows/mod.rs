//! The row log: every version of a source's rows in one append-only table.
//!
//! A source keeps its rows in a table `d{n}` of its project. Each import is compared with what is
//! there, and only new versions of rows are appended; versions that are gone are closed by writing
//! the snapshot's seq into `_to`. A row version is in a snapshot iff
//! `_rid <= snapshot.rid_hi AND _to > snapshot.seq`. What `published` names is the latest snapshot;
//! rows above it and closes beyond it do not exist yet for any reader.
//!
//! Rows stand in natural order (by rid) unless `_pos` gives another place; see [`Position`]. A snapshot in which many rows
//! moved stores the order of its rows instead; it holds for the snapshots behind it too.
//!
//! Everything here is synchronous and works on a connection that the caller lends from a blocking
//! thread. Cells come in through [`Records`]; what they mean is told by codes that are opaque here.

mod cell;
mod delete;
mod diff;
mod diff_apart;
mod diff_moved;
mod diff_rows;
mod duplicates;
mod epoch;
mod error;
mod first_import;
mod fix_up;
mod history;
mod import;
mod in_order;
mod index;
mod input;
mod later_import;
mod listed;
mod load;
mod log_tail;
mod original;
mod position;
mod profiles;
mod publish;
mod pull;
mod quirks;
mod read;
mod records;
mod recover;
mod rejects;
mod rename;
mod row;
mod row_order;
mod snapshot;
mod sorter;
mod source;
mod spool;
mod tail_walk;
mod transaction;
mod unfinished;
mod unique;
mod view;
mod view_cell;
mod view_date;
mod view_name;
mod view_null;
mod watch;
mod words;

#[cfg(test)]
mod tests;

pub use cell::Cell;
pub use delete::{Deleted, Effect, delete};
pub use diff::{Change, Changes, Diff, DiffColumn, Listing, diff, each_change};
pub use diff_apart::{Side, diff_apart};
pub use error::{GuardError, ImportError, RowsError};
pub use history::{History, RowVersion, VersionOp, history};
pub use import::{ImportOptions, JobStep, Outcome, SnapshotSummary, import};
pub use index::{IndexError, SourceIndex, indexes, settle_indexes};
pub(crate) use index::{add_index, drop_index};
pub use original::{OriginalParts, original_parts};
pub use position::{NoPosition, Position};
pub use profiles::profiles;
pub use pull::PullRecord;
pub use read::{StoredRow, read};
pub use records::{
    Finished, FinishedColumn, IncomingColumn, Records, RecordsError, Rejected, Step, StoredColumn,
};
pub use recover::{Recovered, recover};
pub use rejects::{StoredReject, rejects};
pub use rename::{Rename, RenameReason, RenamedColumn};
pub use row::Row;
pub(crate) use row_order::remove_damaged as remove_damaged_orders;
pub use rusqlite::Connection as SqliteConnection;
pub use snapshot::{Column, Counts, Snapshot, before, latest, published_by, snapshot};
pub(crate) use source::{END, FIXED_COLUMNS, RowTable};
pub use transaction::Guard;
pub use unique::{Repeated, repeated};
pub use view::{create_view, snapshot_query, temp_view_sql};
pub use view_name::view_name;
pub use watch::{Unwatched, Watch};

pub(crate) use source::ROW_FORMAT;
