//! Why a query was not run or did not finish.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::excess::Excess;
use super::params::ParameterError;
use super::position::Position;

/// Why a query was not run or did not finish. In every case nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The project file could not be opened for reading.
    #[error("cannot open {} for reading: {source}; check that it exists and that its folder may be written, \
             which SQLite needs for its shared memory", .path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// The text holds no statement.
    #[error("there is no statement in the SQL; write one SELECT")]
    NoStatement,
    /// The text holds more than one statement.
    #[error(
        "only one SELECT statement is run; a second one starts with `{second}` at byte {offset}: run it by itself"
    )]
    SeveralStatements {
        /// The first word of the second statement.
        second: String,
        /// Where it starts, in bytes.
        offset: usize,
    },
    /// The statement is of a kind that is never run.
    #[error("only one SELECT statement is run; {keyword} is not: {why}")]
    NotSelect {
        /// Its first word.
        keyword: &'static str,
        /// What it would do.
        why: &'static str,
    },
    /// SQLite does not understand the statement.
    #[error("{message}{}", Place(.place))]
    Syntax {
        /// SQLite's message.
        message: String,
        /// Where, if SQLite says.
        place: Option<Position>,
    },
    /// It names a table that does not exist.
    #[error("there is no source or snapshot `{name}`; {}", Readable(.available))]
    UnknownTable {
        /// The name as SQLite understood it.
        name: String,
        /// Every view that can be read, sorted.
        available: Vec<String>,
    },
    /// It names a column that does not exist.
    #[error("there is no column {name}{}; text stands in single quotes, and SELECT name FROM pragma_table_info('SOURCE') lists a source's columns", Place(.place))]
    UnknownColumn {
        /// The name as SQLite understood it.
        name: String,
        /// Where, if SQLite says.
        place: Option<Position>,
    },
    /// It names a column that several tables have.
    #[error("the column {name} is in several tables{}; write the table before it: orders.{name}", Place(.place))]
    AmbiguousColumn {
        /// The column.
        name: String,
        /// Where, if SQLite says.
        place: Option<Position>,
    },
    /// It calls a function that does not exist.
    #[error(
        "there is no function {name}(); SQLite's core, aggregate, window, date and JSON functions can be called"
    )]
    UnknownFunction {
        /// The function.
        name: String,
    },
    /// It asks for something that users' SQL may not do.
    #[error("{what} is refused: {why}")]
    Denied {
        /// What it asked for.
        what: String,
        /// Why it is refused and what to do instead.
        why: String,
    },
    /// It ran longer than the timeout.
    #[error("the query was stopped after {} ms; narrow it with WHERE, or allow more time", .after.as_millis())]
    TimedOut {
        /// How long it ran.
        after: Duration,
    },
    /// The caller asked it to stop.
    #[error("the query was cancelled")]
    Cancelled,
    /// It needs more than a query may use.
    #[error(transparent)]
    TooBig(#[from] Excess),
    /// Its parameters and the values given for them do not fit.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// A quoted name with `@` could not be looked up.
    #[error("cannot look up the snapshot `{name}`: {source}")]
    Snapshot {
        /// The name.
        name: String,
        /// The resolver's error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// An expression failed on a row, such as malformed JSON or an integer overflow.
    #[error(
        "the query failed while running: {message}; rows already delivered are right but not all"
    )]
    Evaluation {
        /// SQLite's message.
        message: String,
    },
    /// Another connection held a lock for longer than the busy timeout.
    #[error(
        "the project file was locked by another connection for longer than the busy timeout; try again"
    )]
    Busy {
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// The file is damaged or not a database.
    #[error(
        "the project file is damaged or not a database ({}); restore it from a backup",
        crate::error::plainly(source)
    )]
    Corrupt {
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// The operating system could not read the file or its temporary files.
    #[error(
        "cannot read the project file or write temporary files: {source}; check the disk and permissions"
    )]
    Io {
        /// SQLite's error.
        source: rusqlite::Error,
    },
    /// SQLite failed in a way that has no better name here.
    #[error("SQLite failed: {source}")]
    Sqlite {
        /// SQLite's error.
        source: rusqlite::Error,
    },
}

impl QueryError {
    /// A syntax error in `sql`, `offset` bytes into it if that is known.
    pub(super) fn syntax(message: impl Into<String>, sql: &str, offset: Option<usize>) -> Self {
        Self::Syntax {
            message: message.into(),
            place: offset.map(|offset| Position::of(sql, offset)),
        }
    }
}

/// ` at line 1, column 8`, or nothing.
struct Place<'a>(&'a Option<Position>);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .as_ref()
            .map_or(Ok(()), |place| write!(f, " at {place}"))
    }
}

/// The sources that can be read, the first of them if they are many.
pub(super) struct Readable<'a>(pub(super) &'a [String]);

impl Readable<'_> {
    const SHOWN: usize = 20;
}

impl fmt::Display for Readable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the project has no source that can be read yet: import one");
        }
        f.write_str("what can be read: ")?;
        for (index, name) in self.0.iter().take(Self::SHOWN).enumerate() {
            write!(f, "{}\"{name}\"", if index > 0 { ", " } else { "" })?;
        }
        match self.0.len().saturating_sub(Self::SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
