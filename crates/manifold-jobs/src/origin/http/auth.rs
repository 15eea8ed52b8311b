//! Who asks.

use reqwest::header::HeaderName;
use serde_json::{Value as Json, json};

use crate::JobError;
use crate::origin::section::Section;

/// Who asks, with references in the place of secrets.
#[derive(Debug, Clone)]
pub(super) enum Auth {
    /// `Authorization: Bearer ..`
    Bearer(String),
    /// `Authorization: Basic ..`, of a user and a password.
    Basic(String, String),
    /// A header and its value.
    Header(String, String),
    /// A parameter in the address and its value.
    Query(String, String),
}

impl Auth {
    pub(super) fn of(auth: &Section<'_>) -> Result<Self, JobError> {
        const KINDS: [&str; 4] = ["bearer", "basic", "header", "query"];
        auth.only(&KINDS)?;
        let mut said = KINDS.into_iter().filter(|kind| auth.has(kind));
        let (Some(kind), None) = (said.next(), said.next()) else {
            let what = "holds one of bearer, basic, header and query";
            return Err(auth.wrong_itself(what));
        };
        if kind == "bearer" {
            return Ok(Self::Bearer(auth.needed(kind)?.to_owned()));
        }
        let part = auth
            .section(kind)?
            .ok_or_else(|| auth.wrong(kind, "is missing"))?;
        let (first, second) = match kind {
            "basic" => ("user", "password"),
            _ => ("name", "value"),
        };
        part.only(&[first, second])?;
        let (name, value) = (
            part.needed(first)?.to_owned(),
            part.needed(second)?.to_owned(),
        );
        Ok(match kind {
            "basic" => Self::Basic(name, value),
            "header" if HeaderName::from_bytes(name.as_bytes()).is_err() => {
                return Err(part.wrong(first, "is no name of a header"));
            }
            "header" => Self::Header(name, value),
            _ => Self::Query(name, value),
        })
    }

    /// What refers to secrets in it.
    pub(super) fn secrets(&self) -> Json {
        match self {
            Self::Bearer(token) => json!({ "bearer": token }),
            Self::Basic(user, password) => json!({ "user": user, "password": password }),
            Self::Header(_, value) | Self::Query(_, value) => json!({ "value": value }),
        }
    }
}
