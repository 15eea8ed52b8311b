//! Making the request.

use reqwest::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, RANGE};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};

use super::answer::Validators;
use super::{DownloadError, DownloadLimits};
use crate::tls;

/// What is asked for.
pub(super) enum Wanted<'a> {
    /// All of it, unless it is what these say.
    Whole(Option<&'a Validators>),
    /// What is behind so many bytes, if the file is still the one that these say.
    Rest(u64, &'a Validators),
}

/// A client that follows a few redirects, and none out of the protection of HTTPS.
pub(super) fn client(limits: &DownloadLimits) -> Result<Client, reqwest::Error> {
    tls::provide();
    let most = limits.redirects;
    let redirects = Policy::custom(move |attempt| {
        let before = attempt.previous();
        if before.len() > most {
            return attempt.error(format!("there are more than {most} redirects"));
        }
        let was_safe = before.last().is_some_and(|url| url.scheme() == "https");
        if was_safe && attempt.url().scheme() != "https" {
            return attempt
                .error("it leads from https to http, where others can read and change it");
        }
        attempt.follow()
    });
    Client::builder()
        .user_agent(concat!("manifold/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .read_timeout(limits.silence)
        // A server may close a connection that is kept for another request, just when that is made.
        .pool_max_idle_per_host(0)
        .redirect(redirects)
        .build()
}

/// Makes a request, and gives the head of what is answered; `shown`: the address as people may see it.
pub(super) async fn ask(
    client: &Client,
    url: &Url,
    shown: &str,
    wanted: Wanted<'_>,
    limits: &DownloadLimits,
) -> Result<Response, DownloadError> {
    let mut request = client.get(url.clone());
    match wanted {
        Wanted::Whole(None) => {}
        Wanted::Whole(Some(validators)) => {
            if let Some(tag) = &validators.etag {
                request = request.header(IF_NONE_MATCH, tag);
            }
            if let Some(time) = &validators.last_modified {
                request = request.header(IF_MODIFIED_SINCE, time);
            }
        }
        Wanted::Rest(from, validators) => {
            request = request.header(RANGE, format!("bytes={from}-"));
            if let Some(same) = validators.for_range() {
                request = request.header(IF_RANGE, same);
            }
        }
    }
    // A server may accept the connection and never answer.
    let answered = tokio::time::timeout(limits.connect + limits.silence, request.send()).await;
    let silent = || DownloadError::Silent {
        url: shown.to_owned(),
        after: limits.silence,
        bytes: 0,
    };
    let answered = answered.map_err(|_| silent())?;
    answered.map_err(|error| {
        let (url, reason) = (shown.to_owned(), cause(&error));
        if error.is_redirect() {
            DownloadError::Redirect { url, reason }
        } else if error.is_timeout() && !error.is_connect() {
            silent()
        } else if error.is_builder() {
            DownloadError::Address { url, reason }
        } else {
            DownloadError::Unreachable { url, reason }
        }
    })
}

/// What went wrong, to its cause. The outermost error, which holds the address, is left out.
pub(super) fn cause(error: &reqwest::Error) -> String {
    let mut words = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words.push(inner.to_string());
        cause = inner.source();
    }
    match words.is_empty() {
        true if error.is_timeout() => "it takes too long".to_owned(),
        true => "the answer is not understood".to_owned(),
        false => words.join(": "),
    }
}
