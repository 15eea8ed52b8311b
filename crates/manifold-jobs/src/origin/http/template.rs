//! The requests of one pull.

use manifold_format::FileFormat;
use manifold_store::Secrets;
use reqwest::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Url};
use serde_json::{Value as Json, json};

use super::auth::Auth;
use super::config::HttpConfig;
use super::parameter::{Parameter, set_query};
use crate::download::{Call, DownloadError};
use crate::{Environment, JobError};

/// What the requests of one pull have in common, with its secrets in place. It lives as long as the pull, and cannot be
/// printed.
pub(super) struct Template {
    method: Method,
    url: Url,
    headers: HeaderMap,
    user: Option<(String, String)>,
    body: Option<Json>,
    /// A parameter that says who asks, also where the other side says what is next.
    auth: Option<(String, String)>,
    shown: String,
    secrets: Vec<String>,
}

impl Template {
    /// Puts secrets in their places. Blocks.
    ///
    /// # Errors
    /// With the code of a [`SecretsError`](manifold_store::SecretsError), or `invalid_url`.
    pub(super) fn of(
        config: &HttpConfig,
        secrets: &Secrets,
        environment: Environment,
    ) -> Result<Self, JobError> {
        let pairs = |pairs: &[(String, String)]| -> Json {
            let pairs = pairs.iter().map(|(name, value)| json!({ name: value }));
            Json::Array(pairs.collect())
        };
        let written = json!({
            "headers": pairs(&config.headers),
            "query": pairs(&config.query),
            "body": config.body,
            "auth": config.auth.as_ref().map(Auth::secrets),
        });
        let look_up = |name: &str| environment.value(name);
        let resolve = |json: &Json| {
            let resolved = secrets.resolve(json, look_up);
            resolved.map_err(|error| JobError::failed(error.code(), &error))
        };
        let resolved = resolve(&written)?;
        let resolved = resolved.expose();
        let url = config.address.resolve(secrets, environment)?;
        let mut references = Vec::new();
        collect_references(config.address.text(), &mut references);
        collect_references(&written.to_string(), &mut references);
        let values = resolve(&json!(references))?;
        let mut template = Self {
            method: config.method.clone(),
            url,
            headers: HeaderMap::new(),
            user: None,
            body: Some(resolved["body"].clone()).filter(|body| !body.is_null()),
            auth: None,
            shown: config.address.shown(),
            secrets: texts(values.expose()),
        };
        let wants_json = config.format == Some(FileFormat::Json) || config.records.is_some();
        if wants_json {
            let json = HeaderValue::from_static("application/json");
            template.headers.insert(ACCEPT, json);
        }
        for (name, value) in members(&resolved["headers"]) {
            template.put(name, value)?;
        }
        for (name, value) in members(&resolved["query"]) {
            template.url.query_pairs_mut().append_pair(name, value);
        }
        let text = |key: &str| resolved["auth"][key].as_str().unwrap_or_default();
        match &config.auth {
            None => {}
            Some(Auth::Bearer(_)) => {
                template.put("authorization", &format!("Bearer {}", text("bearer")))?;
            }
            Some(Auth::Basic(..)) => {
                template.user = Some((text("user").to_owned(), text("password").to_owned()));
            }
            Some(Auth::Header(name, _)) => template.put(name, text("value"))?,
            Some(Auth::Query(name, _)) => {
                template.auth = Some((name.clone(), text("value").to_owned()));
            }
        }
        Ok(template)
    }

    fn put(&mut self, name: &str, value: &str) -> Result<(), JobError> {
        let header = HeaderName::from_bytes(name.as_bytes()).ok();
        let value = HeaderValue::from_str(value).ok();
        let Some((name, mut value)) = header.zip(value) else {
            // The value may be a secret.
            return Err(JobError::from(DownloadError::Address {
                url: self.shown.clone(),
                reason: format!(
                    "the value of the header `{name}` has characters that no header may have"
                ),
            }));
        };
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }

    /// The address as people may see it.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// The address of the first request.
    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// A request with these parameters, to `url` where the other side says what is next.
    pub(super) fn call(&self, next: Option<Url>, said: &[(&Parameter, Json)]) -> Call {
        let (mut url, mut body) = (next.unwrap_or_else(|| self.url.clone()), self.body.clone());
        for (parameter, value) in said {
            parameter.say(value, &mut url, &mut body);
        }
        if let Some((name, value)) = &self.auth {
            set_query(&mut url, name, value);
        }
        Call {
            method: self.method.clone(),
            url,
            headers: self.headers.clone(),
            user: self.user.clone(),
            body: body.map(|body| body.to_string().into_bytes()),
            shown: self.shown.clone(),
        }
    }

    /// The beginning of a text, unless there is a secret in it.
    pub(super) fn beginning(&self, text: &[u8]) -> Option<String> {
        const SHOWN: usize = 24;
        let text = String::from_utf8_lossy(&text[..text.len().min(4096)]);
        if self.secrets.iter().any(|secret| text.contains(secret)) {
            return None;
        }
        let line = text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .lines()
            .next()?;
        let shown: String = line
            .chars()
            .filter(|c| !c.is_control())
            .take(SHOWN)
            .collect();
        (!shown.is_empty()).then_some(shown)
    }
}

/// The names and texts in a list of objects with one member each.
fn members(list: &Json) -> impl Iterator<Item = (&str, &str)> {
    let objects = list.as_array().into_iter().flatten();
    let members = objects.filter_map(Json::as_object).flatten();
    members.filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
}

/// The texts in a list, as they are and as they stand in an address.
fn texts(list: &Json) -> Vec<String> {
    let texts = list.as_array().into_iter().flatten();
    let texts = texts
        .filter_map(Json::as_str)
        .filter(|text| !text.is_empty());
    let encoded = |text: &str| {
        let mut url = Url::parse("http://x/").ok()?;
        url.query_pairs_mut().append_pair("", text);
        url.query()?.strip_prefix('=').map(str::to_owned)
    };
    texts
        .flat_map(|text| [Some(text.to_owned()), encoded(text)])
        .flatten()
        .collect()
}

/// The references to secrets and variables in a text.
fn collect_references(text: &str, found: &mut Vec<String>) {
    for (at, _) in text.match_indices("${") {
        let is_reference = text[at..].starts_with("${secret:") || text[at..].starts_with("${env:");
        if let Some(end) = text[at..].find('}').filter(|_| is_reference) {
            found.push(text[at..=at + end].to_owned());
        }
    }
}
