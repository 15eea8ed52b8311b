//! Why nothing could be fetched.

use std::time::Duration;

use manifold_store::SecretsError;
use reqwest::StatusCode;

use crate::JobError;

/// Why nothing could be fetched. `url` is the address without user, password and query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The address cannot be used.
    #[error("the address {url} cannot be used: {reason}")]
    Address {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The address holds a secret.
    #[error(
        "the address holds {what} as it is: keep it with `manifold source secret set NAME` and write ${{secret:NAME}} in its place, or ${{env:NAME}} for a variable"
    )]
    SecretLiteral {
        /// `a password`, or the name of the parameter.
        what: String,
    },
    /// A secret that the address refers to cannot be had.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The other side cannot be reached.
    #[error("{url} cannot be reached: {reason}; check the address and the network")]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        reason: String,
    },
    /// The other side is silent, or nearly so.
    #[error("{url} sent nothing, or next to nothing, for {} s after {bytes} bytes; try again later", after.as_secs_f32())]
    Silent {
        /// The address.
        url: String,
        /// For how long.
        after: Duration,
        /// What had come.
        bytes: u64,
    },
    /// A redirect is not followed.
    #[error("{url} redirects in a way that is not followed: {reason}")]
    Redirect {
        /// The address.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The answer is no file.
    #[error("{url} was answered with {status}{}", words(*status))]
    Status {
        /// The address.
        url: String,
        /// What the other side says.
        status: StatusCode,
        /// How long it asks to wait.
        retry_after: Option<Duration>,
    },
    /// The answer is a web page.
    #[error("{url} is a web page{}, and no data: check the address, and whether one must be logged in", title.as_ref().map_or_else(String::new, |title| format!(" (\"{title}\")")))]
    Page {
        /// The address.
        url: String,
        /// Its title.
        title: Option<String>,
    },
    /// The connection dropped, and could not be taken up.
    #[error("the connection to {url} dropped after {bytes} bytes{}: {reason}; try again", total.map_or_else(String::new, |total| format!(" of {total}")))]
    Dropped {
        /// The address.
        url: String,
        /// What had come.
        bytes: u64,
        /// What should have come.
        total: Option<u64>,
        /// What went wrong.
        reason: String,
    },
    /// There is more than there is room for.
    #[error(
        "{url} has more than the {limit} bytes that there is room for; free space on the disk of the data folder"
    )]
    TooLarge {
        /// The address.
        url: String,
        /// How many bytes there is room for.
        limit: u64,
    },
    /// There is more than may be taken.
    #[error(
        "{url} has more than the {limit} bytes that are taken; allow more with `max_bytes` in the source's config, if that much is meant"
    )]
    TooMuch {
        /// The address.
        url: String,
        /// How many bytes are taken.
        limit: u64,
    },
    /// Nothing but white space comes.
    #[error("{url} has sent {bytes} bytes of white space and nothing else; check the address")]
    Blank {
        /// The address.
        url: String,
        /// What has come, in bytes.
        bytes: u64,
    },
    /// The temporary file cannot be written.
    #[error("the temporary file for {url} cannot be written: {source}")]
    Temporary {
        /// The address.
        url: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Somebody asked to stop.
    #[error("the download was stopped; nothing was changed")]
    Stopped,
}

/// What a status means for who asked.
fn words(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
            "; check whether it needs a user and a password, or a token"
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => "; check the address",
        StatusCode::TOO_MANY_REQUESTS => "; it was asked too often, try again later",
        status if status.is_server_error() => "; try again later",
        _ => "",
    }
}

impl DownloadError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "invalid_url",
            Self::SecretLiteral { .. } => "secret_literal",
            Self::Secrets(error) => error.code(),
            Self::Unreachable { .. } => "http_unreachable",
            Self::Silent { .. } => "http_silent",
            Self::Redirect { .. } => "http_redirect",
            Self::Status { .. } => "http_status",
            Self::Page { .. } => "http_page",
            Self::Dropped { .. } => "http_dropped",
            Self::TooLarge { .. } => "disk_full",
            Self::TooMuch { .. } => "http_too_large",
            Self::Blank { .. } => "http_blank",
            Self::Temporary { source, .. } if source.kind() == std::io::ErrorKind::StorageFull => {
                "disk_full"
            }
            Self::Temporary { .. } => "temporary_file",
            Self::Stopped => "cancelled",
        }
    }

    /// Whether the same request may succeed later.
    pub(crate) fn passes(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Silent { .. } | Self::Dropped { .. } => true,
            Self::Status { status, .. } => {
                status.is_server_error()
                    || matches!(
                        *status,
                        StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
                    )
            }
            _ => false,
        }
    }
}

impl From<DownloadError> for JobError {
    fn from(error: DownloadError) -> Self {
        let retry_after = match &error {
            DownloadError::Stopped => return Self::Cancelled,
            DownloadError::Status { retry_after, .. } => *retry_after,
            _ => None,
        };
        if error.passes() {
            Self::Retryable {
                code: error.code(),
                message: error.to_string(),
                retry_after,
            }
        } else {
            Self::of(error.code(), &error)
        }
    }
}
