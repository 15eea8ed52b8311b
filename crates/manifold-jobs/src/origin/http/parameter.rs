//! What is said anew with each request.

use reqwest::Url;
use serde_json::{Map, Value as Json};

use crate::JobError;
use crate::download::decoded;
use crate::origin::section::Section;

/// A parameter that has another value with each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    name: String,
    is_in_body: bool,
}

impl Parameter {
    /// The parameter that stands under `key`; `in` beside it says where it goes.
    pub(super) fn of(section: &Section<'_>, key: &str) -> Result<Option<Self>, JobError> {
        let is_in_body = section.one_of("in", &[("query", false), ("body", true)])?;
        let name = section.text(key)?;
        Ok(name.map(|name| Self {
            name: name.to_owned(),
            is_in_body,
        }))
    }

    /// One that must be there.
    pub(super) fn needed(section: &Section<'_>, key: &str) -> Result<Self, JobError> {
        Self::of(section, key)?
            .ok_or_else(|| section.wrong(key, "is missing; it is a name in quotes"))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_in_body(&self) -> bool {
        self.is_in_body
    }

    /// Says a value, in the place of another one.
    pub(super) fn say(&self, value: &Json, url: &mut Url, body: &mut Option<Json>) {
        if !self.is_in_body {
            let text = match value {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            return set_query(url, &self.name, &text);
        }
        let mut at = body.get_or_insert_with(|| Json::Object(Map::new()));
        for name in self.name.split('.') {
            if !at.is_object() {
                *at = Json::Object(Map::new());
            }
            // A member of an object is made by this where there is none.
            at = &mut at[name];
        }
        *at = value.clone();
    }
}

/// Puts a parameter into an address, in the place of those of its name; the others stay as they are written.
pub(super) fn set_query(url: &mut Url, name: &str, value: &str) {
    let is_other = |pair: &&str| {
        let of = pair.split_once('=').map_or(*pair, |(of, _)| of);
        !pair.is_empty() && decoded(&of.replace('+', " ")) != name
    };
    let others: Vec<&str> = url
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(is_other)
        .collect();
    let others = others.join("&");
    url.set_query(
        Some(&others)
            .filter(|others| !others.is_empty())
            .map(String::as_str),
    );
    url.query_pairs_mut().append_pair(name, value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_parameter_takes_the_place_of_one_of_its_name() {
        for (before, after) in [
            ("https://h/x", "https://h/x?page=a%26b"),
            ("https://h/x?", "https://h/x?page=a%26b"),
            (
                "https://h/x?a=%20+1&page=9&p%61ge=8&b",
                "https://h/x?a=%20+1&b&page=a%26b",
            ),
        ] {
            let mut url = Url::parse(before).unwrap();
            set_query(&mut url, "page", "a&b");
            assert_eq!(url.as_str(), after);
        }
    }

    #[test]
    fn a_parameter_in_the_body_is_reached_by_its_path() {
        let parameter = Parameter {
            name: "variables.after".to_owned(),
            is_in_body: true,
        };
        let mut url = Url::parse("https://h/x").unwrap();
        for (before, after) in [
            (None, json!({"variables": {"after": 7}})),
            (
                Some(json!({"query": "q", "variables": {"first": 2, "after": null}})),
                json!({"query": "q", "variables": {"first": 2, "after": 7}}),
            ),
            (
                Some(json!({"variables": 1})),
                json!({"variables": {"after": 7}}),
            ),
        ] {
            let mut body = before;
            parameter.say(&json!(7), &mut url, &mut body);
            assert_eq!(body, Some(after));
        }
        assert_eq!(url.as_str(), "https://h/x");
    }
}
