//! Turns SQLite's errors into [`QueryError`]s by meaning.

use rusqlite::{Error, ErrorCode};

use super::error::QueryError;
use super::excess::Excess;
use super::position::Position;
use crate::error::tells_damage;

/// Messages of statements that break a limit of the language, as SQLite writes them.
const TOO_LARGE: &[&str] = &[
    "too many",
    "at most",
    "Expression tree is too large",
    "parser stack overflow",
    "Recursion limit",
    "LIKE or GLOB pattern too complex",
];

/// What an error is judged by besides itself.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    /// The whole SQL text.
    pub(super) sql: &'a str,
    /// Where in it the text given to SQLite starts, in bytes.
    pub(super) start: usize,
    /// Whether SQLite was compiling the statement, not running it.
    pub(super) compiling: bool,
    /// Every view that can be read.
    pub(super) available: &'a [String],
    /// Bytes that SQLite may use in this process.
    pub(super) heap_limit: u64,
}

/// The meaning of an error that a statement met.
pub(super) fn classify(error: Error, context: &Context<'_>) -> QueryError {
    let (code, message, offset) = match &error {
        Error::SqliteFailure(code, message) => {
            (code.code, message.clone().unwrap_or_default(), None)
        }
        Error::SqlInputError {
            error: code,
            msg,
            offset,
            ..
        } => (
            code.code,
            msg.clone(),
            usize::try_from(*offset)
                .ok()
                .map(|offset| offset + context.start),
        ),
        _ => return QueryError::Sqlite { source: error },
    };
    match code {
        ErrorCode::Unknown if context.compiling => compile_error(&message, offset, context),
        ErrorCode::Unknown if is_too_large(&message) => {
            Excess::Statement { detail: message }.into()
        }
        ErrorCode::Unknown | ErrorCode::TypeMismatch => QueryError::Evaluation { message },
        ErrorCode::AuthorizationForStatementDenied | ErrorCode::ReadOnly => QueryError::Denied {
            what: "the statement".to_owned(),
            why: message,
        },
        ErrorCode::TooBig if context.compiling => Excess::Statement { detail: message }.into(),
        ErrorCode::TooBig => Excess::Value.into(),
        ErrorCode::OutOfMemory if context.compiling => Excess::Statement {
            detail: "compiled, it does not fit in memory".to_owned(),
        }
        .into(),
        ErrorCode::OutOfMemory => Excess::Memory {
            limit: context.heap_limit,
        }
        .into(),
        ErrorCode::DiskFull => Excess::Disk { available: 0 }.into(),
        _ => file_error(error),
    }
}

/// The meaning of an error that comes from the file and not from a statement.
pub(super) fn file_error(source: Error) -> QueryError {
    if tells_damage(&source) {
        return QueryError::Corrupt { source };
    }
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => QueryError::Busy { source },
        Some(
            ErrorCode::SystemIoFailure
            | ErrorCode::CannotOpen
            | ErrorCode::FileLockingProtocolFailed
            | ErrorCode::NoLargeFileSupport
            | ErrorCode::PermissionDenied,
        ) => QueryError::Io { source },
        _ => QueryError::Sqlite { source },
    }
}

/// The meaning of a message that SQLite gave while compiling.
fn compile_error(message: &str, offset: Option<usize>, context: &Context<'_>) -> QueryError {
    let place = offset.map(|offset| Position::of(context.sql, offset));
    if let Some(name) = message.strip_prefix("no such table: ") {
        let name = name
            .strip_prefix("main.")
            .or_else(|| name.strip_prefix("temp."))
            .unwrap_or(name);
        return QueryError::UnknownTable {
            name: name.to_owned(),
            available: context.available.to_vec(),
        };
    }
    if let Some(name) = message.strip_prefix("no such column: ") {
        // SQLite goes on with "- should this be a string literal in single-quotes?".
        let name = name.split_once(" - should").map_or(name, |(name, _)| name);
        return QueryError::UnknownColumn {
            name: name.to_owned(),
            place,
        };
    }
    if let Some(name) = message.strip_prefix("ambiguous column name: ") {
        return QueryError::AmbiguousColumn {
            name: name.to_owned(),
            place,
        };
    }
    if let Some(name) = message.strip_prefix("no such function: ") {
        return QueryError::UnknownFunction {
            name: name.to_owned(),
        };
    }
    if is_too_large(message) {
        return Excess::Statement {
            detail: message.to_owned(),
        }
        .into();
    }
    // `orders@3` without quotes ends in a parameter.
    let hint = if message.starts_with("near \"@") {
        "; a snapshot's name stands in double quotes: \"orders@3\""
    } else {
        ""
    };
    QueryError::Syntax {
        message: format!("{message}{hint}"),
        place,
    }
}

fn is_too_large(message: &str) -> bool {
    TOO_LARGE
        .iter()
        .any(|beginning| message.starts_with(beginning))
}
