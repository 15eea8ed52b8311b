//! Why a database elsewhere could not be read or written.

use std::time::Duration;

use manifold_store::{ForeignError, SecretsError};

use crate::JobError;

/// Why a database elsewhere could not be read or written. Messages have no secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatabaseError {
    /// The address is none.
    #[error("{url} cannot be used: {reason}")]
    Address {
        /// The address, without secrets.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A secret stands in the address.
    #[error(
        "the address of the database has {what} in it; put ${{secret:NAME}} there, and the secret with `manifold source secret set`"
    )]
    SecretLiteral {
        /// What is a secret.
        what: String,
    },
    /// What is referred to is not there.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The server cannot be reached, or takes nobody.
    #[error("cannot connect to {url}: {reason}")]
    Unreachable {
        /// The address, without secrets.
        url: String,
        /// What the system or the server says.
        reason: String,
    },
    /// The server does not let the user in.
    #[error("{url} refuses the user: {reason}")]
    Login {
        /// The address, without secrets.
        url: String,
        /// What the server says.
        reason: String,
    },
    /// There is no such database, table or column.
    #[error("{url}: {reason}")]
    NotFound {
        /// The address, without secrets.
        url: String,
        /// What there is not.
        reason: String,
    },
    /// The user may not do that.
    #[error("{url}: the user may not do that: {reason}")]
    Denied {
        /// The address, without secrets.
        url: String,
        /// What the server says.
        reason: String,
    },
    /// The server does not understand the statement, or fails at it.
    #[error("{url}: {reason}")]
    Query {
        /// The address, without secrets.
        url: String,
        /// What the server says.
        reason: String,
    },
    /// The query would do something else than read.
    #[error("{url}: the query does not only read, and was not run: {reason}")]
    Writes {
        /// The address, without secrets.
        url: String,
        /// What is said of it.
        reason: String,
    },
    /// The server takes too long.
    #[error("{url} did not answer within {} s", after.as_secs())]
    Timeout {
        /// The address, without secrets.
        url: String,
        /// How long was waited.
        after: Duration,
    },
    /// The connection broke.
    #[error("the connection to {url} was lost: {reason}")]
    Lost {
        /// The address, without secrets.
        url: String,
        /// What the system or the server says.
        reason: String,
    },
    /// Somebody else holds what is needed, or was served first.
    #[error("{url} is busy: {reason}")]
    Busy {
        /// The address, without secrets.
        url: String,
        /// What the server says.
        reason: String,
    },
    /// A value does not fit where it is to go.
    #[error("{url}: a value does not fit, and nothing was changed: {reason}")]
    Value {
        /// The address, without secrets.
        url: String,
        /// What the server says.
        reason: String,
    },
    /// A cell is larger than is imported.
    #[error(
        "{url}: a cell of the column `{column}` has {bytes} bytes, more than the setting import.max_cell allows"
    )]
    TooLarge {
        /// The address, without secrets.
        url: String,
        /// The column.
        column: String,
        /// The size of the cell.
        bytes: u64,
    },
    /// An SQLite file cannot be read.
    #[error(transparent)]
    File(#[from] ForeignError),
    /// An SQLite file is one of the store, which alone works with it.
    #[error(
        "{url} is a file of the data folder; `manifold query` and `manifold export` read what is in it"
    )]
    OfStore {
        /// The address.
        url: String,
    },
    /// The disk here cannot keep the rows.
    #[error("cannot keep the rows of {url} meanwhile: {source}")]
    Temporary {
        /// The address, without secrets.
        url: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Somebody asked to stop.
    #[error("it was stopped; nothing was changed")]
    Stopped,
}

impl DatabaseError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "invalid_database_url",
            Self::SecretLiteral { .. } => "secret_literal",
            Self::Secrets(error) => error.code(),
            Self::Unreachable { .. } => "database_unreachable",
            Self::Login { .. } => "database_login",
            Self::NotFound { .. } => "database_not_found",
            Self::Denied { .. } => "database_denied",
            Self::Query { .. } => "database_query",
            Self::Writes { .. } => "database_read_only",
            Self::Timeout { .. } => "database_timeout",
            Self::Lost { .. } => "database_lost",
            Self::Busy { .. } => "database_busy",
            Self::Value { .. } => "database_value",
            Self::TooLarge { .. } => "cell_too_large",
            Self::File(error) => match error {
                ForeignError::TooLarge { .. } => "cell_too_large",
                ForeignError::Changed { .. } => "input_changed",
                ForeignError::Writes { .. } => "database_read_only",
                ForeignError::Statement { .. } => "database_query",
                ForeignError::Refused { .. } => "database_value",
                ForeignError::Busy { .. } => "database_busy",
                ForeignError::Stopped => "cancelled",
                _ => "unreadable_database",
            },
            Self::OfStore { .. } => "file_of_store",
            Self::Temporary { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                "disk_full"
            }
            Self::Temporary { .. } => "temporary_file",
            Self::Stopped => "cancelled",
        }
    }

    /// Whether the same may succeed later.
    fn passes(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Timeout { .. }
                | Self::Lost { .. }
                | Self::Busy { .. }
                | Self::File(ForeignError::Changed { .. } | ForeignError::Busy { .. })
        )
    }
}

impl From<DatabaseError> for JobError {
    fn from(error: DatabaseError) -> Self {
        match &error {
            DatabaseError::Stopped | DatabaseError::File(ForeignError::Stopped) => Self::Cancelled,
            error if error.passes() => Self::retryable(error.code(), error),
            error => Self::of(error.code(), error),
        }
    }
}
