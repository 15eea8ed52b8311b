//! A source whose rows were saved without those of others.

use std::collections::BTreeSet;

use manifold_store::{Frozen, StoreError};
use serde::{Deserialize, Serialize};

use super::{BackupError, BackupRequest};

/// A source whose rows were saved without those of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedSource {
    /// Its id.
    pub id: String,
    /// Its name at that time.
    pub name: String,
}

/// The sources that a request names, each once, by their ids; `None` when it names none. One that is no more is an error: who
/// named it relies on its rows.
pub(super) fn named_sources(
    frozen: &Frozen,
    request: &BackupRequest,
) -> Result<Option<Vec<SavedSource>>, BackupError> {
    let Some(ids) = &request.sources else {
        return Ok(None);
    };
    let mut names = frozen.source_names()?;
    let ids: BTreeSet<&String> = ids.iter().collect();
    let named = ids.into_iter().map(|id| match names.remove(id) {
        Some(name) => Ok(SavedSource {
            id: id.clone(),
            name,
        }),
        None => Err(BackupError::from(StoreError::NotFound {
            what: "source",
            name: id.clone(),
        })),
    });
    named.collect::<Result<_, _>>().map(Some)
}
