//! A query on a database.

use entity_project::enums::SourceType;
use serde_json::Value as Json;

use super::Pulled;
use crate::JobError;
use crate::import::Fetching;

/// A query on a database.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseOrigin {}

impl DatabaseOrigin {
    pub(super) fn of(source: &str, _type: SourceType, _config: &Json) -> Result<Self, JobError> {
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
