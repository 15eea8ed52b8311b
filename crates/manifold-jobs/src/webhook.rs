//! Tells another program of something by a request over HTTP.

use std::collections::BTreeMap;

use manifold_store::Secrets;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{StatusCode, redirect};
use serde_json::{Value as Json, json};

use crate::download::retry_after;
use crate::{Environment, JobError, tls};

/// The error code of a request that was not answered as it should be.
const WEBHOOK: &str = "webhook";

/// A request that is about to be made.
#[derive(Debug)]
pub(crate) struct Webhook<'a> {
    /// Where to; may refer to secrets.
    pub(crate) url: &'a str,
    /// Its headers; may refer to secrets.
    pub(crate) headers: &'a BTreeMap<String, String>,
    /// What it says.
    pub(crate) body: &'a Json,
}

impl Webhook<'_> {
    /// Sends the request as JSON with POST. No error holds the address or a header, which may hold secrets.
    ///
    /// # Errors
    /// [`JobError::Failed`] when a secret is missing or the address is none, and for what the other side will not take
    /// the next time either; [`JobError::Retryable`] when it does not answer, asks to wait, or is in trouble.
    pub(crate) async fn send(
        &self,
        secrets: &Secrets,
        environment: Environment,
    ) -> Result<(), JobError> {
        let config = json!({ "url": self.url, "headers": self.headers });
        let secrets = secrets.clone();
        let resolve = move || secrets.resolve(&config, |name| environment.value(name));
        let resolved = tokio::task::spawn_blocking(resolve)
            .await
            .map_err(|error| JobError::failed(WEBHOOK, &error))?
            .map_err(|error| JobError::failed(error.code(), &error))?;
        let config = resolved.expose();
        let url = config["url"].as_str().unwrap_or_default();
        let refused = |what: &str| JobError::failed(WEBHOOK, &what);
        let client = client().map_err(|error| JobError::failed(WEBHOOK, &error.without_url()))?;
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(refused(
                "its address does not begin with https:// or http://",
            ));
        }
        let request = client
            .post(url)
            .headers(headers(&config["headers"]).ok_or_else(|| refused("a header cannot be sent"))?)
            .header(CONTENT_TYPE, "application/json")
            .body(self.body.to_string());
        let answer = request.send().await.map_err(|error| {
            if error.is_builder() {
                return refused("its address cannot be used");
            }
            JobError::retryable(WEBHOOK, &plainly(error))
        })?;
        judge(answer.status(), answer.headers())
    }
}

fn client() -> Result<reqwest::Client, reqwest::Error> {
    tls::provide();
    reqwest::Client::builder()
        .user_agent(concat!("manifold/", env!("CARGO_PKG_VERSION")))
        // Another place than was meant must not hear of it.
        .redirect(redirect::Policy::none())
        .build()
}

fn headers(given: &Json) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in given.as_object().into_iter().flatten() {
        let mut value = HeaderValue::from_str(value.as_str()?).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(headers)
}

/// What went wrong, to its cause, without the address.
fn plainly(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    format!("the request was not answered: {text}")
}

fn judge(status: StatusCode, headers: &HeaderMap) -> Result<(), JobError> {
    if status.is_success() {
        return Ok(());
    }
    let message = format!("the request was answered with {status}");
    let passes = status.is_server_error()
        || matches!(
            status,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT
        );
    if !passes {
        return Err(JobError::failed(WEBHOOK, &message));
    }
    Err(JobError::Retryable {
        code: WEBHOOK,
        message,
        retry_after: retry_after(headers),
    })
}
