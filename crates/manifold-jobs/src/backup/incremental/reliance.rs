//! What a backup that is being made relies on at its place.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use manifold_store::Claim;

use super::collect;
use super::lease::{self, Lease};
use super::tombstone::Tombstone;
use crate::backup::repository::Repository;
use crate::backup::spool::Spool;
use crate::backup::{BackupError, Manifest, ManifestFile};

/// The segments at a place that a backup which is being made relies on: while this exists nobody collects them. Dropping it gives them
/// up.
#[derive(Debug)]
pub(in crate::backup) struct Reliance {
    place: Arc<dyn Repository>,
    stem: String,
    lease: Lease,
}

impl Reliance {
    /// To be had before anybody looks what is there.
    pub(super) fn begin(
        place: &Arc<dyn Repository>,
        stem: &str,
        backup_id: &str,
        claim: &Claim,
    ) -> Result<Self, BackupError> {
        Ok(Self {
            place: place.clone(),
            stem: stem.to_owned(),
            lease: Lease::take(place, stem, backup_id, claim)?,
        })
    }

    /// Ends that of other attempts at the same backup up to the one with this token.
    pub(super) fn end_others(&self, lease_token: i64) -> Result<(), BackupError> {
        self.lease.end_others(&self.stem, lease_token)
    }

    /// Goes on with a backup of which something may have been sent. `others`: the last attempt before that may have done so.
    /// `None` when a segment that it needs is gone, or on its way out: no name of one is given twice, so it must be made anew.
    pub(in crate::backup) fn resume(
        place: &Arc<dyn Repository>,
        stem: &str,
        manifest: &Manifest,
        spool: &Spool,
        claim: &Claim,
        others: i64,
    ) -> Result<Option<Self>, BackupError> {
        // Before its own lease is there, which may have the same name.
        let was_held = lease::is_held(&**place, stem, &manifest.id)?;
        let reliance = Self::begin(place, stem, &manifest.id, claim)?;
        let doomed = Tombstone::doomed(&**place, stem)?;
        let there = reliance.there()?;
        let sent = spool.sent();
        let is_sound = |segment: &ManifestFile| {
            let name = &segment.name;
            let can_be_sent = spool.has(segment) && (was_held || !sent.may_be_there(segment));
            !doomed.contains(name) && (there.get(name) == Some(&segment.size) || can_be_sent)
        };
        let are_sound = manifest.segments().all(is_sound);
        reliance.end_others(others)?;
        Ok(are_sound.then_some(reliance))
    }

    /// To be called again and again while the backup is being made.
    ///
    /// # Errors
    /// [`BackupError::Overdue`] when it was not called for too long.
    pub(in crate::backup) fn beat(&mut self) -> Result<(), BackupError> {
        self.lease.beat()
    }

    /// To be called directly before the backup appears.
    ///
    /// # Errors
    /// [`BackupError::Overdue`], [`BackupError::MissingFile`]: the backup must not appear.
    pub(in crate::backup) fn confirm(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let there = self.there()?;
        for segment in manifest.segments() {
            if there.get(&segment.name) != Some(&segment.size) {
                let path = Path::new(&self.place.location()).join(&segment.name);
                return Err(BackupError::MissingFile { path });
            }
        }
        self.lease.hold()
    }

    /// To be called once the backup is there. Takes away what waited for it to end.
    pub(in crate::backup) fn release(self) {
        self.lease.end();
        if let Err(error) = collect::sweep(&*self.place, &self.stem) {
            tracing::warn!(%error, "segments that no backup needs stay until one is deleted");
        }
    }

    /// Leaves it to who goes on with the backup, for a day.
    pub(in crate::backup) fn leave(self) {
        self.lease.leave();
    }

    /// The segments that are there, with their sizes in bytes.
    fn there(&self) -> Result<HashMap<String, u64>, BackupError> {
        let listed = self.place.list(&format!("segments/{}", self.stem))?;
        Ok(listed
            .into_iter()
            .map(|file| (file.name, file.size))
            .collect())
    }
}
