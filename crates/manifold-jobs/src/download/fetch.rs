//! Fetching, and taking up what dropped.

use std::time::Duration;

use manifold_store::{Scratch, free_space};
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, Response, StatusCode, Url};
use tempfile::NamedTempFile;
use tokio::fs::File;
use tokio::io::{AsyncSeekExt as _, AsyncWriteExt as _};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::answer::{self, Validators};
use super::request::{Wanted, ask, cause};
use super::{Call, DownloadError, DownloadLimits, page};

/// Bytes are written in pieces of at least this size.
const PIECE: usize = 256 << 10;

/// After how many bytes it is looked whether the disk has room.
const LOOK_EVERY: u64 = 64 << 20;

/// A file that is to be fetched.
pub(crate) struct Download<'a> {
    pub(crate) client: &'a Client,
    pub(crate) call: &'a Call,
    /// The folder of the temporary file.
    pub(crate) scratch: &'a Scratch,
    /// What was fetched before, which is not fetched again.
    pub(crate) before: Option<&'a Validators>,
    pub(crate) limits: DownloadLimits,
    pub(crate) cancel: &'a CancellationToken,
    /// Is told the bytes that have come, and how many there are if that is known.
    pub(crate) progress: &'a (dyn Fn(u64, Option<u64>) + Send + Sync),
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Downloaded {
    /// It is what was fetched before.
    NotModified,
    /// The file.
    File(Box<FetchedFile>),
}

/// A file that was fetched.
pub(crate) struct FetchedFile {
    /// Its bytes; gone when this is dropped.
    pub(crate) file: NamedTempFile,
    /// How the other side calls it.
    pub(crate) name: Option<String>,
    pub(crate) validators: Validators,
    /// Where it was in the end, which may hold secrets.
    pub(crate) url: Url,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
}

impl std::fmt::Debug for FetchedFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FetchedFile")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// A file in which nothing stands behind so many bytes is none.
const MOST_BLANK: u64 = 16 << 20;

/// What has come so far.
struct Received {
    file: File,
    bytes: u64,
    /// Whether nothing but white space and zeros has come.
    is_blank: bool,
    /// The first bytes, until it is known that they are no web page.
    start: Option<Vec<u8>>,
    total: Option<u64>,
    most: u64,
}

/// How the body of an answer ended.
enum Ended {
    Whole,
    Dropped(String),
}

impl Download<'_> {
    /// Fetches the file.
    ///
    /// # Errors
    /// [`DownloadError`]; nothing is left then.
    pub(crate) async fn fetch(&self) -> Result<Downloaded, DownloadError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(DownloadError::Stopped),
            fetched = self.fetch_all() => fetched,
        }
    }

    async fn fetch_all(&self) -> Result<Downloaded, DownloadError> {
        let wanted = Wanted::Whole(self.before);
        let answer = ask(self.client, self.call, &wanted, &self.limits).await?;
        if answer.status() == StatusCode::NOT_MODIFIED && self.before.is_some() {
            return Ok(Downloaded::NotModified);
        }
        let file = self.scratch.file().map_err(|error| self.temporary(error))?;
        let opened = file.reopen().map_err(|error| self.temporary(error))?;
        let received = Received {
            file: File::from_std(opened),
            bytes: 0,
            is_blank: true,
            start: Some(Vec::new()),
            total: None,
            most: self.room(0),
        };
        self.receive(file, received, answer).await
    }

    /// Receives the whole file, in as many answers as that takes.
    async fn receive(
        &self,
        file: NamedTempFile,
        mut received: Received,
        mut answer: Response,
    ) -> Result<Downloaded, DownloadError> {
        let shown = self.call.shown.clone();
        let mut validators = Validators::default();
        let (mut name, mut ranges) = (None, false);
        let mut told = (answer.url().clone(), answer.status(), HeaderMap::new());
        let (mut resumed, mut pause) = (0, self.limits.pause);
        loop {
            if self.judge(&answer, &received, &validators)? == StatusCode::OK {
                self.begin_anew(&mut received).await?;
                validators = Validators::of(answer.headers());
                name = answer::file_name(answer.headers());
                ranges = self.call.method == Method::GET && answer::gives_ranges(answer.headers());
                let headers = answer.headers().clone();
                told = (answer.url().clone(), answer.status(), headers);
                received.total = answer.content_length();
            }
            let before = received.bytes;
            let reason = match self.body(&mut received, answer).await? {
                Ended::Whole => break,
                Ended::Dropped(reason) => reason,
            };
            if received.bytes > before {
                (resumed, pause) = (0, self.limits.pause);
            }
            loop {
                if !ranges || resumed == self.limits.resumptions {
                    return Err(DownloadError::Dropped {
                        url: shown,
                        bytes: received.bytes,
                        total: received.total,
                        reason,
                    });
                }
                resumed += 1;
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(60));
                let rest = Wanted::Rest(received.bytes, &validators);
                match ask(self.client, self.call, &rest, &self.limits).await {
                    Ok(next) => {
                        answer = next;
                        break;
                    }
                    // It may be back in a moment.
                    Err(DownloadError::Unreachable { .. } | DownloadError::Silent { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        if let Some(title) = received.start.as_deref().and_then(page::page) {
            return Err(DownloadError::Page { url: shown, title });
        }
        let flushed = received.file.flush().await;
        flushed.map_err(|error| self.temporary(error))?;
        let (url, status, headers) = told;
        Ok(Downloaded::File(Box::new(FetchedFile {
            file,
            name,
            validators,
            url,
            status,
            headers,
        })))
    }

    /// What the status of an answer means: 200 that all of the file follows, 206 that the rest of it does.
    fn judge(
        &self,
        answer: &Response,
        received: &Received,
        validators: &Validators,
    ) -> Result<StatusCode, DownloadError> {
        let (status, headers) = (answer.status(), answer.headers());
        let url = self.call.shown.clone();
        match status {
            StatusCode::OK => Ok(status),
            StatusCode::PARTIAL_CONTENT if received.total.is_some() || received.bytes > 0 => {
                let is_rest = answer::range_start(headers) == Some(received.bytes);
                let found = Validators::of(headers);
                if is_rest && (found.etag.is_none() || found.etag == validators.etag) {
                    return Ok(status);
                }
                Err(DownloadError::Dropped {
                    url,
                    bytes: received.bytes,
                    total: received.total,
                    reason: "what was answered then is not the rest of the file".to_owned(),
                })
            }
            // An empty file.
            StatusCode::NO_CONTENT => Ok(StatusCode::OK),
            _ => Err(DownloadError::Status {
                url,
                status,
                retry_after: answer::retry_after(headers),
            }),
        }
    }

    async fn begin_anew(&self, received: &mut Received) -> Result<(), DownloadError> {
        let mut anew = async || {
            received.file.set_len(0).await?;
            received.file.rewind().await
        };
        anew().await.map_err(|error| self.temporary(error))?;
        received.bytes = 0;
        received.is_blank = true;
        received.start = Some(Vec::new());
        Ok(())
    }

    /// Writes the body of an answer behind what has come before.
    async fn body(
        &self,
        received: &mut Received,
        mut answer: Response,
    ) -> Result<Ended, DownloadError> {
        let url = || self.call.shown.clone();
        let room = |most: u64| {
            let (url, limit) = (url(), most);
            match self.limits.bytes {
                Some(taken) if taken <= most => DownloadError::TooMuch { url, limit },
                _ => DownloadError::TooLarge { url, limit },
            }
        };
        if received.total.is_some_and(|total| total > received.most) {
            return Err(room(received.most));
        }
        let (mut piece, mut looked_at) = (Vec::with_capacity(PIECE), received.bytes);
        let (mut window, mut window_bytes) = (Instant::now(), 0);
        loop {
            let chunk = match answer.chunk().await {
                Ok(chunk) => chunk,
                Err(error) => {
                    self.write(received, &mut piece).await?;
                    if error.is_timeout() {
                        return Err(DownloadError::Silent {
                            url: url(),
                            after: self.limits.silence,
                            bytes: received.bytes,
                        });
                    }
                    return Ok(Ended::Dropped(cause(&error)));
                }
            };
            let Some(chunk) = chunk else {
                self.write(received, &mut piece).await?;
                return Ok(Ended::Whole);
            };
            let next = received.bytes + (piece.len() + chunk.len()) as u64;
            if next > received.most {
                return Err(room(received.most));
            }
            if next - looked_at > LOOK_EVERY {
                (looked_at, received.most) = (next, self.room(received.bytes));
            }
            piece.extend_from_slice(&chunk);
            (self.progress)(next, received.total);
            if piece.len() >= PIECE {
                self.write(received, &mut piece).await?;
            }
            window_bytes += chunk.len() as u64;
            let longest = self.limits.silence * DownloadLimits::WINDOW;
            if window.elapsed() > longest {
                if window_bytes < DownloadLimits::LEAST {
                    return Err(DownloadError::Silent {
                        url: url(),
                        after: longest,
                        bytes: received.bytes,
                    });
                }
                (window, window_bytes) = (Instant::now(), 0);
            }
        }
    }

    async fn write(
        &self,
        received: &mut Received,
        piece: &mut Vec<u8>,
    ) -> Result<(), DownloadError> {
        if let Some(start) = &mut received.start {
            start.extend_from_slice(&piece[..piece.len().min(page::LOOKED_AT)]);
            if start.len() >= page::LOOKED_AT {
                if let Some(title) = page::page(start) {
                    let url = self.call.shown.clone();
                    return Err(DownloadError::Page { url, title });
                }
                received.start = None;
            }
        }
        let written = received.file.write_all(piece).await;
        written.map_err(|error| self.temporary(error))?;
        received.bytes += piece.len() as u64;
        received.is_blank &= is_blank(piece);
        if received.is_blank && received.bytes > MOST_BLANK {
            return Err(DownloadError::Blank {
                url: self.call.shown.clone(),
                bytes: received.bytes,
            });
        }
        piece.clear();
        Ok(())
    }

    /// The most bytes that the file may have, of which `written` are on the disk already.
    fn room(&self, written: u64) -> u64 {
        let free = free_space(self.scratch.folder()).map_or(u64::MAX, |free| {
            free.saturating_sub(DownloadLimits::LEFT_FREE.min(free / 2))
        });
        let room = written.saturating_add(free);
        self.limits.bytes.map_or(room, |bytes| bytes.min(room))
    }

    fn temporary(&self, source: std::io::Error) -> DownloadError {
        DownloadError::Temporary {
            url: self.call.shown.clone(),
            source,
        }
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    bytes
        .iter()
        .all(|byte| byte.is_ascii_whitespace() || *byte == 0)
}
