//! How an answer goes on in further pages.

use super::parameter::Parameter;
use crate::JobError;
use crate::origin::section::Section;

/// How many pages are asked for, unless more are allowed.
const MOST_PAGES: u64 = 10_000;

/// How an answer goes on in further pages.
#[derive(Debug, Clone)]
pub(super) struct Paging {
    pub(super) by: By,
    /// The members that lead to how many records there are in all.
    pub(super) total: Option<Vec<String>>,
    pub(super) most: u64,
}

/// What leads from a page to the next one.
#[derive(Debug, Clone)]
pub(super) enum By {
    /// The header `Link`.
    Link,
    /// The number of the page.
    Page(Counted),
    /// The number of records before it.
    Offset(Counted),
    /// A token in the page, which the members lead to.
    Cursor(Vec<String>, Parameter),
    /// An address in the page, which the members lead to.
    NextUrl(Vec<String>),
}

/// Pages that are counted.
#[derive(Debug, Clone)]
pub(super) struct Counted {
    pub(super) parameter: Parameter,
    pub(super) first: u64,
    /// How many records a page has, and how that is asked for.
    pub(super) size: Option<u64>,
    pub(super) size_parameter: Option<Parameter>,
}

impl Paging {
    pub(super) fn of(pages: &Section<'_>) -> Result<Self, JobError> {
        const KINDS: [&str; 5] = ["link", "page", "offset", "cursor", "next_url"];
        let kinds = KINDS.map(|kind| (kind, kind));
        if !pages.has("by") {
            let what = format!("is missing; it is one of {}", KINDS.join(", "));
            return Err(pages.wrong("by", &what));
        }
        let kind = pages.one_of("by", &kinds)?;
        let own: &[&str] = match kind {
            "page" | "offset" => &["parameter", "in", "first", "size_parameter", "size"],
            "cursor" => &["path", "parameter", "in"],
            "next_url" => &["path"],
            _ => &[],
        };
        pages.only(&[&["by"], own, &["total", "max_pages"]].concat())?;
        let path = || {
            let path = pages.path("path")?;
            path.ok_or_else(|| pages.wrong("path", "is missing; it leads to what is next"))
        };
        let by = match kind {
            "page" => By::Page(Counted::of(pages, 1)?),
            "offset" => By::Offset(Counted::of(pages, 0)?),
            "cursor" => By::Cursor(path()?, Parameter::needed(pages, "parameter")?),
            "next_url" => By::NextUrl(path()?),
            _ => By::Link,
        };
        Ok(Self {
            by,
            total: pages.path("total")?,
            most: pages.number("max_pages", 1)?.unwrap_or(MOST_PAGES),
        })
    }

    /// The members that lead to what is next.
    pub(super) fn next(&self) -> Option<&[String]> {
        match &self.by {
            By::Cursor(path, _) | By::NextUrl(path) => Some(path),
            _ => None,
        }
    }

    /// Whether pages must be JSON, to be looked into.
    pub(super) fn looks_inside(&self) -> bool {
        self.total.is_some() || self.next().is_some()
    }

    /// The parameters that it sets.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        let (one, other) = match &self.by {
            By::Page(counted) | By::Offset(counted) => {
                (Some(&counted.parameter), counted.size_parameter.as_ref())
            }
            By::Cursor(_, parameter) => (Some(parameter), None),
            By::Link | By::NextUrl(_) => (None, None),
        };
        one.into_iter().chain(other)
    }
}

impl Counted {
    fn of(pages: &Section<'_>, first: u64) -> Result<Self, JobError> {
        let counted = Self {
            parameter: Parameter::needed(pages, "parameter")?,
            first: pages.number("first", 0)?.unwrap_or(first),
            size: pages.number("size", 1)?,
            size_parameter: Parameter::of(pages, "size_parameter")?,
        };
        if counted.size_parameter.is_some() && counted.size.is_none() {
            return Err(pages.wrong("size", "is missing; `size_parameter` asks for it"));
        }
        Ok(counted)
    }
}
