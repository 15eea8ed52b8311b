//! Making the request.

use reqwest::header::{
    CONTENT_TYPE, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, LOCATION, RANGE,
};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};

use super::answer::Validators;
use super::call::{Call, is_same_host};
use super::{DownloadError, DownloadLimits};
use crate::tls;

/// What is asked for.
pub(super) enum Wanted<'a> {
    /// All of it, unless it is what these say.
    Whole(Option<&'a Validators>),
    /// What is behind so many bytes, if the file is still the one that these say.
    Rest(u64, &'a Validators),
}

impl Wanted<'_> {
    fn put_into(&self, mut request: RequestBuilder) -> RequestBuilder {
        match self {
            Self::Whole(None) => {}
            Self::Whole(Some(validators)) => {
                if let Some(tag) = &validators.etag {
                    request = request.header(IF_NONE_MATCH, tag);
                }
                if let Some(time) = &validators.last_modified {
                    request = request.header(IF_MODIFIED_SINCE, time);
                }
            }
            Self::Rest(from, validators) => {
                request = request.header(RANGE, format!("bytes={from}-"));
                if let Some(same) = validators.for_range() {
                    request = request.header(IF_RANGE, same);
                }
            }
        }
        request
    }
}

/// A client that follows no redirects: [`ask`] does.
///
/// # Errors
/// [`DownloadError::Unreachable`] when the cryptography of HTTPS cannot be had.
pub(crate) fn client(limits: &DownloadLimits, shown: &str) -> Result<Client, DownloadError> {
    tls::provide();
    Client::builder()
        .user_agent(concat!("manifold/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limits.connect)
        .read_timeout(limits.silence)
        // A server may close a connection that is kept for another request, just when that is made.
        .pool_max_idle_per_host(0)
        .redirect(Policy::none())
        .build()
        .map_err(|error| DownloadError::Unreachable {
            url: shown.to_owned(),
            reason: cause(&error),
        })
}

/// Makes a request, follows a few redirects, none of them out of the protection of HTTPS, and gives the head of what is
/// answered at their end. Another host gets neither headers nor body, and no user and password.
pub(super) async fn ask(
    client: &Client,
    call: &Call,
    wanted: &Wanted<'_>,
    limits: &DownloadLimits,
) -> Result<Response, DownloadError> {
    let (mut method, mut url) = (call.method.clone(), call.url.clone());
    let (mut is_home, mut body, mut followed) = (true, call.body.as_deref(), 0);
    loop {
        let mut request = client.request(method.clone(), url.clone());
        if let Some(body) = body {
            request = request
                .header(CONTENT_TYPE, "application/json")
                .body(body.to_vec());
        }
        if is_home {
            if let Some((user, password)) = &call.user {
                request = request.basic_auth(user, Some(password));
            }
            request = request.headers(call.headers.clone());
        }
        let answer = send(wanted.put_into(request), &call.shown, limits).await?;
        let Some(location) = answer.headers().get(LOCATION).filter(|_| leads(&answer)) else {
            return Ok(answer);
        };
        let refused = |reason: String| DownloadError::Redirect {
            url: call.shown.clone(),
            reason,
        };
        if followed == limits.redirects {
            let most = limits.redirects;
            return Err(refused(format!("there are more than {most} redirects")));
        }
        followed += 1;
        let next =
            next_url(&url, location).ok_or_else(|| refused("it leads nowhere".to_owned()))?;
        if url.scheme() == "https" && next.scheme() != "https" {
            let reason = "it leads from https to http, where others can read and change it";
            return Err(refused(reason.to_owned()));
        }
        // What was asked with a body is asked for without one, as browsers do, unless the status says otherwise.
        let keeps = [
            StatusCode::TEMPORARY_REDIRECT,
            StatusCode::PERMANENT_REDIRECT,
        ];
        if !keeps.contains(&answer.status()) && method != Method::GET {
            (method, body) = (Method::GET, None);
        }
        if !is_same_host(&url, &next) {
            is_home = false;
            if body.is_some() {
                let reason = "it leads to another host, which is not sent what is sent here";
                return Err(refused(reason.to_owned()));
            }
        }
        url = next;
    }
}

/// Whether an answer only says where the real one is.
fn leads(answer: &Response) -> bool {
    matches!(
        answer.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    )
}

/// Where an answer leads to. The same host knows the user and the password already.
fn next_url(url: &Url, location: &HeaderValue) -> Option<Url> {
    let location = String::from_utf8_lossy(location.as_bytes());
    let mut next = url.join(&location).ok()?;
    if is_same_host(url, &next) && next.username().is_empty() && next.password().is_none() {
        next.set_username(url.username()).ok()?;
        next.set_password(url.password()).ok()?;
    }
    (matches!(next.scheme(), "http" | "https") && next.has_host()).then_some(next)
}

async fn send(
    request: RequestBuilder,
    shown: &str,
    limits: &DownloadLimits,
) -> Result<Response, DownloadError> {
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
        if error.is_timeout() && !error.is_connect() {
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
