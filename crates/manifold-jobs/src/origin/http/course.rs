//! The way from page to page.

use std::collections::HashSet;

use reqwest::Url;
use serde_json::{Value as Json, json};

use super::error::HttpError;
use super::gathered::PageRead;
use super::next_link::next_link;
use super::page::Page;
use super::paging::{By, Counted, Paging};
use super::parameter::Parameter;
use crate::download::is_same_host;

/// The way from page to page, and how to tell that it goes in a circle.
pub(super) struct Course<'a> {
    paging: &'a Paging,
    /// Where the first page was asked for.
    home: Url,
    url: String,
    pages: u64,
    records: u64,
    /// How many records the first page has.
    first: u64,
    total: Option<u64>,
    last: Option<blake3::Hash>,
    /// What was next once.
    went: HashSet<blake3::Hash>,
    /// Whether the page at hand may be the last one.
    is_short: bool,
}

/// What is asked for next.
#[derive(Debug, PartialEq)]
pub(super) enum Next<'a> {
    /// The same address with these parameters.
    Said(Vec<(&'a Parameter, Json)>),
    /// Another address.
    At(Url),
}

impl<'a> Course<'a> {
    pub(super) fn new(paging: &'a Paging, home: &Url, url: &str) -> Self {
        let mut went = HashSet::new();
        went.insert(blake3::hash(home.as_str().as_bytes()));
        Self {
            paging,
            home: home.clone(),
            url: url.to_owned(),
            pages: 0,
            records: 0,
            first: 0,
            total: None,
            last: None,
            went,
            is_short: false,
        }
    }

    /// The parameters of the first page.
    pub(super) fn begin(&self) -> Vec<(&'a Parameter, Json)> {
        match &self.paging.by {
            By::Page(counted) | By::Offset(counted) => said(counted, counted.first),
            By::Link | By::Cursor(..) | By::NextUrl(_) => Vec::new(),
        }
    }

    /// Whether it is the end, and no failure, if there is no next page.
    pub(super) fn may_be_missing(&self) -> bool {
        self.is_short
    }

    /// What comes behind a page; `None` behind the last one.
    ///
    /// # Errors
    /// `http_pages` for one that was there before, or where what is next cannot be asked for; `http_too_many_pages`.
    pub(super) fn next(
        &mut self,
        page: &Page,
        read: &PageRead,
    ) -> Result<Option<Next<'a>>, HttpError> {
        self.pages += 1;
        self.records += read.records;
        self.total = read.total.or(self.total);
        if self.pages == 1 {
            self.first = read.records;
        }
        if read.records > 0 && self.last.replace(read.hash) == Some(read.hash) {
            let what = "it has the very records of the page before, so what is asked for next seems not to be understood";
            return Err(self.wrong(what));
        }
        let next = match &self.paging.by {
            By::Page(counted) => self
                .goes_on(counted, read)
                .then(|| Next::Said(said(counted, counted.first.saturating_add(self.pages)))),
            By::Offset(counted) => self
                .goes_on(counted, read)
                .then(|| Next::Said(said(counted, counted.first.saturating_add(self.records)))),
            By::Link => self.address(page, next_link(&page.headers), read)?,
            By::NextUrl(_) => {
                let next = self.token(read)?.map(|next| match next {
                    Json::String(text) => text,
                    other => other.to_string(),
                });
                self.address(page, next, read)?
            }
            By::Cursor(_, parameter) => match self.token(read)? {
                Some(token) if self.is_new(&token.to_string(), read)? => {
                    Some(Next::Said(vec![(parameter, token)]))
                }
                _ => None,
            },
        };
        if next.is_some() && self.pages >= self.paging.most {
            let (url, most) = (self.url.clone(), self.paging.most);
            return Err(HttpError::TooManyPages { url, most });
        }
        Ok(next)
    }

    /// Behind the last page: whether all came that was announced.
    pub(super) fn end(&self) -> Result<(), HttpError> {
        match self.total.filter(|total| *total > self.records) {
            None => Ok(()),
            Some(total) => Err(HttpError::Short {
                url: self.url.clone(),
                total,
                found: self.records,
            }),
        }
    }

    /// Whether there is a page behind one that is counted.
    fn goes_on(&mut self, counted: &Counted, read: &PageRead) -> bool {
        let is_all = self.total.is_some_and(|total| self.records >= total);
        if read.records == 0 || is_all {
            return false;
        }
        let Some(size) = counted.size else {
            return true;
        };
        // The first page may be short because there are no larger ones: the second shows it.
        self.is_short = read.records < size;
        self.pages == 1 || read.records >= size.min(self.first)
    }

    /// What a page says is next; nothing, `""`, `false` and `null` say that it is the last.
    fn token(&self, read: &PageRead) -> Result<Option<Json>, HttpError> {
        let Some(text) = &read.next else {
            return Ok(None);
        };
        match serde_json::from_slice(text) {
            Ok(Json::Null | Json::Bool(false)) => Ok(None),
            Ok(Json::String(token)) if token.is_empty() => Ok(None),
            Ok(Json::String(token)) => Ok(Some(Json::String(token))),
            Ok(Json::Number(_)) => {
                // As it is written: a number may have more digits than any type.
                let digits = String::from_utf8_lossy(text).into_owned();
                let number = digits
                    .parse::<i64>()
                    .map_or(Json::String(digits), Json::from);
                Ok(Some(number))
            }
            _ => Err(self.wrong("what leads to the next page is neither text nor a number")),
        }
    }

    fn address(
        &mut self,
        page: &Page,
        next: Option<String>,
        read: &PageRead,
    ) -> Result<Option<Next<'a>>, HttpError> {
        let Some(next) = next else {
            return Ok(None);
        };
        let url = page.url.join(&next).ok().and_then(|url| self.at_home(url));
        let url = url.ok_or_else(|| {
            self.wrong("what it says is next is at another host, which is not asked: it would have to be told who asks")
        })?;
        let is_new = self.is_new(url.as_str(), read)?;
        Ok(is_new.then_some(Next::At(url)))
    }

    /// An address of the host that is asked, with its user and password.
    fn at_home(&self, mut url: Url) -> Option<Url> {
        // Who stands behind a proxy may not know that it is asked over HTTPS.
        if self.home.scheme() == "https" && url.scheme() == "http" && url.port().is_none() {
            url.set_scheme("https").ok()?;
        }
        url.set_username(self.home.username()).ok()?;
        url.set_password(self.home.password()).ok()?;
        is_same_host(&self.home, &url).then_some(url)
    }

    /// Whether what is next was not there before. An empty page that leads to itself is the last one.
    fn is_new(&mut self, next: &str, read: &PageRead) -> Result<bool, HttpError> {
        if self.went.insert(blake3::hash(next.as_bytes())) {
            return Ok(true);
        }
        if read.records == 0 {
            return Ok(false);
        }
        Err(self.wrong("it leads to a page that was there before"))
    }

    fn wrong(&self, what: &str) -> HttpError {
        HttpError::Pages {
            url: self.url.clone(),
            page: self.pages,
            what: what.to_owned(),
        }
    }
}

fn said(counted: &Counted, at: u64) -> Vec<(&Parameter, Json)> {
    let mut said = vec![(&counted.parameter, json!(at))];
    if let (Some(parameter), Some(size)) = (&counted.size_parameter, counted.size) {
        said.push((parameter, json!(size)));
    }
    said
}
