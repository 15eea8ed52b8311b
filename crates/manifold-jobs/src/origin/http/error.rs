//! Why nothing could be pulled.

use manifold_format::ReadError;

use crate::JobError;
use crate::import::ImportFileError;

/// Why nothing could be pulled from an address. `url` is the address without user, password and query. What the other side
/// sent is told as little as that explains it.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpError {
    /// The answer is something else than what was asked for.
    #[error(
        "{url} was to answer with {wanted}, and did with {found}; check the address, and `format` in the source's config"
    )]
    Format {
        url: String,
        wanted: String,
        found: String,
    },
    /// There are no records where they should be.
    #[error(
        "page {page} of {url} has no array of records: {what}; `records` in the source's config leads to it, as \"data.items\" does"
    )]
    Records {
        url: String,
        page: u64,
        what: String,
    },
    /// The pages cannot be put together.
    #[error(
        "page {page} of {url} does not go with the pages before it: {what}; nothing was imported"
    )]
    Pages {
        url: String,
        page: u64,
        what: String,
    },
    /// There are fewer records than were announced.
    #[error(
        "{url} announced {total} records and gave {found}; nothing was imported, try again later"
    )]
    Short { url: String, total: u64, found: u64 },
    /// There are more pages than may be asked for.
    #[error(
        "{url} has more than {most} pages, so nothing was imported; allow more with `max_pages` in the source's config"
    )]
    TooManyPages { url: String, most: u64 },
    /// Nothing was answered of which the columns could be known.
    #[error("{url} has no records, so nothing says what the columns are; nothing was imported")]
    NoRecords { url: String },
    /// The column that tells what is new cannot be used.
    #[error(
        "the column `{column}` of {url}, which tells what is new, cannot be used: {what}; check `cursor` in the source's config"
    )]
    Cursor {
        url: String,
        column: String,
        what: String,
    },
}

impl HttpError {
    /// The stable name of this error, as scripts see it.
    fn code(&self) -> &'static str {
        match self {
            Self::Format { .. } => "http_format",
            Self::Records { .. } => "http_records",
            Self::Pages { .. } => "http_pages",
            Self::Short { .. } => "http_short",
            Self::TooManyPages { .. } => "http_too_many_pages",
            Self::NoRecords { .. } => "http_no_records",
            Self::Cursor { .. } => "http_cursor",
        }
    }
}

impl From<HttpError> for JobError {
    fn from(error: HttpError) -> Self {
        match error {
            // What was deleted meanwhile is missing then, and not the next time.
            HttpError::Short { .. } => Self::retryable(error.code(), &error),
            error => Self::failed(error.code(), &error),
        }
    }
}

/// Whether an answer could not be opened because there is no record in it.
pub(super) fn has_no_records(error: &ImportFileError) -> bool {
    let ImportFileError::Format { source, .. } = error else {
        return false;
    };
    matches!(
        source,
        ReadError::Empty | ReadError::NoRecords { first: None }
    )
}
