//! One answer.

use std::sync::Arc;

use manifold_format::FileFormat;
use manifold_store::Scratch;
use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode, Url};
use tempfile::NamedTempFile;
use tokio_util::sync::CancellationToken;

use super::answer_format::answer_format;
use super::limits::HttpLimits;
use super::template::Template;
use crate::backoff::random_share;
use crate::download::{Call, Download, DownloadError, Downloaded, FetchedFile, Validators};
use crate::import::Fetching;
use crate::{JobError, Progress};

/// One answer, on the disk.
pub(super) struct Page {
    pub(super) file: NamedTempFile,
    pub(super) format: FileFormat,
    /// From 1.
    pub(super) number: u64,
    /// The other side says that there is nothing.
    pub(super) is_empty: bool,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) validators: Validators,
    pub(super) cancel: CancellationToken,
}

/// What is answered.
pub(super) enum Answer {
    Page(Box<Page>),
    /// It is what was answered before.
    NotModified,
    /// There is no such page.
    Missing,
}

/// Who asks, and how far that is.
pub(super) struct Asking<'a> {
    pub(super) fetching: &'a Fetching<'a>,
    pub(super) template: Arc<Template>,
    pub(super) client: Client,
    pub(super) limits: HttpLimits,
    /// The format that was asked for, or that the first page has.
    pub(super) format: Option<FileFormat>,
    pub(super) scratch: &'a Scratch,
    /// Pages, bytes and records that have come.
    pub(super) pages: u64,
    pub(super) bytes: u64,
    pub(super) records: u64,
}

impl Asking<'_> {
    /// Asks for a page, and again where that may help within minutes.
    ///
    /// # Errors
    /// With the code of a [`DownloadError`], or `http_format`.
    pub(super) async fn page(
        &mut self,
        call: &Call,
        before: Option<&Validators>,
        may_be_missing: bool,
    ) -> Result<Answer, JobError> {
        let fetched = match self.fetch(call, before, may_be_missing).await? {
            Some(Downloaded::File(fetched)) => fetched,
            Some(Downloaded::NotModified) => return Ok(Answer::NotModified),
            None => return Ok(Answer::Missing),
        };
        let (template, format) = (self.template.clone(), self.format);
        let looked = manifold_store::blocking(move || {
            let format = answer_format(&fetched, format, &template)?;
            let metadata = fetched.file.as_file().metadata();
            let bytes = metadata.map_or(0, |metadata| metadata.len());
            Ok::<_, JobError>((format, bytes, fetched))
        });
        let (format, bytes, fetched) = looked.await?;
        self.format = Some(format);
        self.pages += 1;
        self.bytes += bytes;
        let FetchedFile {
            file,
            validators,
            url,
            status,
            headers,
            ..
        } = *fetched;
        Ok(Answer::Page(Box::new(Page {
            file,
            format,
            number: self.pages,
            is_empty: bytes == 0 && (status == StatusCode::NO_CONTENT || is_text(format)),
            url,
            headers,
            validators,
            cancel: self.fetching.cancel.clone(),
        })))
    }

    async fn fetch(
        &self,
        call: &Call,
        before: Option<&Validators>,
        may_be_missing: bool,
    ) -> Result<Option<Downloaded>, JobError> {
        let mut tried = 0;
        loop {
            tried += 1;
            let error = match self.download(call, before).await {
                Ok(downloaded) => return Ok(Some(downloaded)),
                Err(DownloadError::Status { status, .. })
                    if may_be_missing && status == StatusCode::NOT_FOUND =>
                {
                    return Ok(None);
                }
                Err(DownloadError::TooMuch { url, .. }) => {
                    let limit = self.limits.bytes;
                    return Err(DownloadError::TooMuch { url, limit }.into());
                }
                Err(error) => error,
            };
            let wait = match &error {
                DownloadError::Status { retry_after, .. } if error.passes() => *retry_after,
                DownloadError::Dropped { .. } => None,
                // Somebody who has answered before will be back; an address may as well be wrong.
                DownloadError::Unreachable { .. } if self.pages > 0 => None,
                _ => return Err(error.into()),
            };
            let backoff = self.limits.backoff;
            let wait = wait.unwrap_or_else(|| backoff.delay(tried, random_share()));
            if tried >= i64::from(self.limits.tries) || wait > self.limits.longest_wait {
                return Err(after(JobError::from(error), tried));
            }
            (self.fetching.report)(self.progress("waiting to ask again", 0));
            tokio::select! {
                () = self.fetching.cancel.cancelled() => return Err(JobError::Cancelled),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn download(
        &self,
        call: &Call,
        before: Option<&Validators>,
    ) -> Result<Downloaded, DownloadError> {
        let mut limits = self.limits.download;
        limits.bytes = Some(self.limits.bytes.saturating_sub(self.bytes));
        let step = match self.pages {
            0 => "downloading".to_owned(),
            pages => format!("downloading page {}", pages + 1),
        };
        (self.fetching.report)(self.progress(&step, 0));
        let download = Download {
            client: &self.client,
            call,
            scratch: self.scratch,
            before,
            limits,
            cancel: self.fetching.cancel,
            progress: &|done, _| (self.fetching.report)(self.progress(&step, done)),
        };
        download.fetch().await
    }

    fn progress(&self, step: &str, bytes: u64) -> Progress {
        Progress {
            done: self.bytes + bytes,
            unit: "bytes",
            rows: (self.pages > 0).then_some(self.records),
            ..Progress::step(step.to_owned())
        }
    }
}

/// Whether no byte at all is a way to write that there is nothing.
fn is_text(format: FileFormat) -> bool {
    !matches!(format, FileFormat::Json)
}

/// Says how often it was tried.
fn after(error: JobError, tried: i64) -> JobError {
    let say = |message: String| match tried {
        1 => message,
        tried => format!("{message} (it was asked {tried} times)"),
    };
    match error {
        JobError::Retryable {
            code,
            message,
            retry_after,
        } => JobError::Retryable {
            code,
            message: say(message),
            retry_after,
        },
        other => other,
    }
}
