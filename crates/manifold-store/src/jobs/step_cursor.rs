//! How far a step of a job has come in its project.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// How far a step has come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepCursor {
    /// Where the step goes on.
    pub cursor: Json,
    /// What it reads, to tell whether it is still the same.
    pub input: Option<Json>,
}

impl StepCursor {
    /// Whether a stored value is a cursor of this form.
    pub(super) fn is_in(stored: &Json) -> bool {
        serde_json::from_value::<Self>(stored.clone()).is_ok()
    }
}
