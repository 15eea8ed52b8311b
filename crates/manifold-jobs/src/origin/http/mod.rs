//! An address, in one answer or in pages.

use serde_json::Value as Json;

use super::Pulled;
use crate::JobError;
use crate::import::Fetching;

/// An address, in one answer or in pages.
#[derive(Debug, Clone)]
pub(crate) struct HttpOrigin {}

impl HttpOrigin {
    pub(super) fn of(source: &str, _config: &Json) -> Result<Self, JobError> {
        Err(JobError::failed(
            "bad_origin",
            &format!("{source} cannot be pulled yet"),
        ))
    }

    pub(super) async fn pull(
        &self,
        _fetching: &Fetching<'_>,
        _since: Option<&Json>,
    ) -> Result<Option<Pulled>, JobError> {
        Ok(None)
    }
}
