//! What can go wrong with secrets. No message holds a secret.

use std::path::PathBuf;

use crate::StoreError;

/// Why an operation on secrets failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// The name cannot be used. It is not repeated: it may be a secret that was typed in the wrong place.
    #[error(
        "the name of a secret is 1 to 100 letters, digits, `_`, `-` and `.`; choose another one"
    )]
    InvalidName,
    /// The secret cannot be kept.
    #[error("secret `{name}` was not set: {reason}")]
    InvalidSecret {
        /// Its name.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// No secret has this name.
    #[error("no secret has the name `{name}`; `manifold source secret list` shows the names")]
    NotFound {
        /// The name.
        name: String,
    },
    /// The file of secrets cannot be read.
    #[error("{} is not a table of secrets{}; each line must read `NAME = \"value\"`", path.display(),
        line.map_or_else(String::new, |line| format!(" (line {line})")))]
    BadFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where known.
        line: Option<usize>,
    },
    /// A config refers to a secret that does not exist.
    #[error(
        "`{key}` needs secret `{name}`, which is not set; set it with `manifold source secret set {name}`"
    )]
    NoSecret {
        /// The path of the key in the config.
        key: String,
        /// The secret.
        name: String,
    },
    /// A config refers to a variable that is not in the environment.
    #[error(
        "`{key}` needs the environment variable `{name}`, which is not set; set it where the job runs"
    )]
    NoVariable {
        /// The path of the key in the config.
        key: String,
        /// The variable.
        name: String,
    },
    /// A config holds something that begins like a reference and is none.
    #[error(
        "`{key}` has a reference that cannot be read; write `${{env:NAME}}` or `${{secret:NAME}}`"
    )]
    BadReference {
        /// The path of the key in the config.
        key: String,
    },
    /// The file of secrets could not be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SecretsError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidName => "invalid_name",
            Self::InvalidSecret { .. } => "invalid_value",
            Self::NotFound { .. } => "not_found",
            Self::BadFile { .. } => "bad_secrets_file",
            Self::NoSecret { .. } => "secret_not_set",
            Self::NoVariable { .. } => "variable_not_set",
            Self::BadReference { .. } => "bad_reference",
            Self::Store(error) => error.code(),
        }
    }
}
