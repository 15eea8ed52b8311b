//! What is asked of the other side.

use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

/// A request with its secrets in place, which is why nothing of it can be printed but where it goes.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) url: Url,
    /// Are sent to the host of `url` and to no other that it leads to.
    pub(crate) headers: HeaderMap,
    /// The user and the password, for that host too.
    pub(crate) user: Option<(String, String)>,
    /// JSON, which goes to the host of `url` alone too.
    pub(crate) body: Option<Vec<u8>>,
    /// The address as people may see it.
    pub(crate) shown: String,
}

impl Call {
    /// Asks for what is at an address.
    pub(crate) fn get(url: Url, shown: String) -> Self {
        Self {
            method: Method::GET,
            url,
            headers: HeaderMap::new(),
            user: None,
            body: None,
            shown,
        }
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Call")
            .field("shown", &self.shown)
            .finish_non_exhaustive()
    }
}

/// Whether two addresses are of the same program: scheme, host and port.
pub(crate) fn is_same_host(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host_str() == other.host_str()
        && one.port_or_known_default() == other.port_or_known_default()
}
