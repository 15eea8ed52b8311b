//! A file that tests pull, in one of the two reaches.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::{Pulled, Reach};
use crate::JobError;
use crate::import::{Fetching, InputFile, Opening, blocking};

/// A file that tests pull.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct GivenOrigin {
    /// What holds all rows.
    all: PathBuf,
    /// What holds those that are new or have changed, which is pulled behind a cursor.
    since: Option<PathBuf>,
}

impl GivenOrigin {
    pub(super) fn of(config: &Json) -> Option<Self> {
        Self::deserialize(config.get("given")?).ok()
    }

    pub(super) async fn pull(
        &self,
        _fetching: &Fetching<'_>,
        since: Option<&Json>,
    ) -> Result<Option<Pulled>, JobError> {
        let part = self.since.as_ref().filter(|_| since.is_some());
        let name = part.unwrap_or(&self.all).clone();
        let file = InputFile {
            path: name.clone(),
            ..InputFile::default()
        };
        let opened = blocking(move || file.open(&Opening::new(1 << 20))).await?;
        let pulls = since.and_then(Json::as_i64).unwrap_or_default();
        Ok(Some(Pulled {
            reader: opened.reader,
            reach: match part {
                Some(_) => Reach::Since,
                None => Reach::Whole,
            },
            cursor: Some(json!(pulls + 1)),
            name,
            files: Vec::new(),
        }))
    }
}
