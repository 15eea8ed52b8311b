//! Runs users' SQL against one project file, and nothing but reads of its sources.
//!
//! A [`Sandbox`] owns a read-only connection. What a statement may do is decided in layers, so that
//! a hole in one is closed by another:
//!
//! 1. the file is opened read-only, with `query_only`, defensive and untrusted-schema modes on;
//! 2. the text must be exactly one SELECT (`SELECT`, `WITH` or `VALUES`), judged by a tokenizer
//!    that follows SQLite's own rules for strings, names and comments;
//! 3. an authorizer with an allow list lets through SELECT, READ of sources, listed functions,
//!    recursion and `pragma_table_info` of a source; everything else is refused;
//! 4. limits bound the statement, every value, SQLite's memory and its temporary files;
//! 5. a progress handler stops a statement that is cancelled or runs out of time or disk.
//!
//! **What can be read:** the stored views, one per source, and TEMP views that a resolver supplies
//! for quoted names containing `@` (`"orders@3"`). The tables behind the views are readable only
//! through them. A run sees one state of the file: views, snapshots and rows come from the same
//! read transaction, whatever is imported meanwhile.
//!
//! **What cannot be stopped at once:** SQLite asks the progress handler between its instructions.
//! One instruction works on at most two values of [`MAX_VALUE`] bytes, which takes tens of
//! milliseconds; the functions whose cost grows with the product of their arguments (`instr`,
//! `replace`, `trim`) are replaced by equal ones that can be stopped, and `LIKE` patterns are short.
//! A statement written to chain thousands of such values without a row between them can still
//! outlive its timeout by minutes: a caller that must answer waits no longer than it wants to.
//!
//! Names in users' SQL compare as in SQLite: ASCII letters without case.

mod authorizer;
mod classify;
mod effort;
mod error;
mod excess;
mod functions;
mod limits;
mod open;
mod params;
mod position;
mod run;
mod schema;
mod sink;
mod statement;
mod stop;
mod temp_space;
mod temp_views;
mod text_functions;
mod tokenizer;
mod touched;

pub use error::QueryError;
pub use excess::Excess;
pub use limits::{MAX_SQL, MAX_VALUE, SandboxOptions};
pub use open::Sandbox;
pub use params::{ParameterError, Parameters};
pub use position::Position;
pub use run::Finished;
/// A value of a result.
pub use rusqlite::types::ValueRef;
pub use sink::{ResultColumn, RowColumn, RowSink};
pub use temp_views::ViewResolver;

#[cfg(test)]
mod tests;
