//! Where an input is fetched from.

use serde::{Deserialize, Serialize};

/// Where an input is fetched from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputUrl {
    /// The [`Address`](crate::download::Address), with references in the place of secrets.
    pub url: String,
    /// For how many seconds the other side may be silent; `None`: as long as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_seconds: Option<u32>,
    /// Whether the source is called as the other side calls the file, if it gives it a name.
    #[serde(default)]
    pub named_by_answer: bool,
}
