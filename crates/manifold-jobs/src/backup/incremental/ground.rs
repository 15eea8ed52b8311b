//! What an incremental backup finds at its place before the state is taken.

use std::sync::Arc;

use manifold_store::fail_point;

use super::manifests;
use super::reliance::Reliance;
use super::segments::Segments;
use crate::backup::key::RepositoryKey;
use crate::backup::repository::Repository;
use crate::backup::{BackupError, BackupRequest, Manifest};

/// What a backup finds at its place, and may rely on. It is looked for before the state is taken: a state that is held while a place
/// answers slowly would let the log of the project grow.
#[derive(Debug)]
pub(in crate::backup) struct Ground {
    pub(super) reliance: Reliance,
    pub(super) segments: Segments,
    /// The newest backup of the project that it can build upon.
    pub(super) earlier: Option<Manifest>,
    /// The size of the project's file, in bytes; 0 where it is not known.
    pub(in crate::backup) project_bytes: u64,
}

impl Ground {
    /// Looks at a place. Blocks.
    pub(in crate::backup) fn look(
        place: &Arc<dyn Repository>,
        request: &BackupRequest,
        project_name: &str,
        key: Option<&RepositoryKey>,
    ) -> Result<Self, BackupError> {
        let stem = request.project_id.namespace();
        let reliance = Reliance::begin(place, &stem, request.id.as_str(), &request.claim)?;
        reliance.end_others(request.claim.lease_token - 1)?;
        fail_point!("backup-lease-taken");
        let earlier = match request.options.without_data {
            true => None,
            false => manifests::newest(&**place, &request.project_id, project_name, key)?,
        };
        Ok(Self {
            segments: Segments::look(place, &stem, key)?,
            reliance,
            earlier,
            project_bytes: 0,
        })
    }

    /// Whether there is nothing to build upon: then all of the project is written.
    pub(in crate::backup) fn is_bare(&self) -> bool {
        self.earlier.is_none()
    }
}
