//! What an earlier pull has seen.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use super::config::HttpConfig;
use crate::download::Validators;

/// What an earlier pull has seen, as it is kept beside the rows. Nothing in it is secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seen {
    /// What tells the request from others: what was seen in another one is of no use.
    asked: String,
    /// The highest value of the column that tells what is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) highest: Option<String>,
    /// What was asked for in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sent: Option<String>,
    /// What the other side calls that answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validators: Option<Validators>,
}

impl Seen {
    /// What is of use in what was kept.
    pub(super) fn of(kept: Option<&Json>, config: &HttpConfig) -> Self {
        let asked = asked(config);
        let kept = kept.and_then(|kept| Self::deserialize(kept).ok());
        let kept = kept.filter(|kept| kept.asked == asked);
        kept.unwrap_or(Self {
            asked,
            ..Self::default()
        })
    }

    /// What the answer to the same question was called.
    pub(super) fn validators(&self, sent: Option<&str>) -> Option<&Validators> {
        let validators = self.validators.as_ref()?;
        (self.sent.as_deref() == sent && !validators.is_empty()).then_some(validators)
    }

    /// What this pull has seen: the `highest` value, and what the answer to `sent` is called, if it is one answer.
    pub(super) fn next(
        self,
        config: &HttpConfig,
        highest: Option<String>,
        sent: Option<String>,
        validators: Option<Validators>,
    ) -> Option<Json> {
        let mut validators = validators.filter(|_| !config.address.refers());
        if let Some(validators) = &mut validators
            && config.refers()
        {
            // Who asks may be somebody else next time, who gets something else of the same time. A tag is of one answer.
            validators.last_modified = None;
        }
        let validators = validators.filter(|validators| !validators.is_empty());
        if highest.is_none() && validators.is_none() {
            return None;
        }
        Some(json!(Self {
            asked: self.asked,
            highest,
            sent,
            validators,
        }))
    }
}

/// What tells a request from others: all that may choose other rows, or read them otherwise. References stand in it, and not
/// what they refer to.
fn asked(config: &HttpConfig) -> String {
    let told = json!([
        config.address.text(),
        config.method.as_str(),
        config.query,
        config.body,
        config.format,
        config.records,
        config.cursor.as_ref().map(|cursor| &cursor.column),
    ]);
    format!(
        "blake3:{}",
        blake3::hash(told.to_string().as_bytes()).to_hex()
    )
}
