//! An address, in one answer or in pages.
//!
//! What the config says is looked at once ([`HttpConfig`]); the secrets are put in where a pull begins ([`Template`]). Each
//! answer comes to the disk ([`Page`]) before it is looked into, the pages follow a [`Course`] and are put into one file
//! ([`Gathered`]), and that is opened as any file that is imported.

mod answer_format;
mod auth;
mod came;
mod config;
mod course;
mod csv_page;
mod cursor;
mod decimal;
mod error;
mod gathered;
mod highest;
mod input;
mod lag;
mod limits;
mod moment;
mod next_link;
mod page;
mod paging;
mod parameter;
mod position;
mod pull;
mod seen;
mod template;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use manifold_format::Typing;
use serde_json::Value as Json;

pub(crate) use self::position::Position;

use self::config::HttpConfig;
use self::limits::HttpLimits;
use super::Pulled;
use crate::JobError;
use crate::import::Fetching;

/// An address, in one answer or in pages.
#[derive(Debug, Clone)]
pub(crate) struct HttpOrigin {
    config: Box<HttpConfig>,
    limits: HttpLimits,
}

impl HttpOrigin {
    /// What the config of the source of this name says.
    ///
    /// # Errors
    /// [`JobError`] with the code `bad_origin`, which names the key and what may stand there; `invalid_url` or
    /// `secret_literal` for the address.
    pub(super) fn of(source: &str, config: &Json) -> Result<Self, JobError> {
        let config = HttpConfig::of(source, config)?;
        Ok(Self {
            limits: HttpLimits::of(&config),
            config: Box::new(config),
        })
    }

    /// What is said about the columns.
    pub(super) fn typing(&self) -> &Typing {
        &self.config.typing
    }

    /// Pulls all there is, or with a `cursor` in the config what has changed since the highest value that was seen; `None`
    /// when nothing has. `since` is what an earlier pull gave as its cursor; of another request it says nothing.
    ///
    /// # Errors
    /// [`JobError`] with the code of a [`DownloadError`](crate::download::DownloadError), of an
    /// [`ImportFileError`](crate::import::ImportFileError), or `http_format`, `http_records`, `http_pages`, `http_short`,
    /// `http_too_many_pages`, `http_no_records`, `http_cursor`. Nothing but temporary files was written, which are gone then;
    /// those of a process that dies are removed when the store is opened again.
    pub(super) async fn pull(
        &self,
        fetching: &Fetching<'_>,
        since: Option<&Json>,
        null_tokens: &Arc<[String]>,
    ) -> Result<Option<Pulled>, JobError> {
        let pulled = pull::pull(&self.config, self.limits, fetching, since, null_tokens).await;
        // What fails because it was stopped tells nothing else.
        match pulled {
            Err(_) if fetching.cancel.is_cancelled() => Err(JobError::Cancelled),
            pulled => pulled,
        }
    }
}
