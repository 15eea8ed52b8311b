//! Takes segments away that no backup needs any more, beside backups that are being made. Nobody locks anything: a place may be an
//! object store, which has no locks.
//!
//! A backup takes a lease before it looks which segments are on their way out, and relies on none of these. Who collects writes down
//! what is to go before it looks who has a lease, and waits until those leases have ended. Either the backup sees what is to go, or
//! the collector waits for it; and then the manifests are looked at again. No name of a segment is ever given twice, so a collector
//! that is slow takes nothing away that came later.

use std::collections::BTreeSet;

use manifold_store::{ProjectId, fail_point};
use serde::{Deserialize, Serialize};

use super::tombstone::Tombstone;
use super::{lease, manifests};
use crate::backup::repository::Repository;
use crate::backup::{BackupError, Location, Places, blocking};

/// What was taken away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collected {
    /// Segments.
    pub segments: u64,
    /// What they took, in bytes.
    pub bytes: u64,
}

/// Takes the segments of a project away that no backup at a place needs. What a backup might need that is being made now
/// goes when that is done. Can be repeated.
///
/// # Errors
/// [`BackupError`] when a manifest there cannot be read: nobody knows what that backup needs, so nothing was taken away. No key is
/// needed for those of encrypted backups. [`BackupError::Unreachable`]; others when a file cannot be read or removed.
pub async fn collect(
    places: &Places,
    place: &Location,
    project: &ProjectId,
) -> Result<Collected, BackupError> {
    let (places, place, stem) = (places.clone(), place.clone(), project.namespace());
    blocking(move || {
        let repository = places.repository(&place)?;
        let mut collected = sweep(&*repository, &stem)?;
        if let Some(name) = mark(&*repository, &stem)? {
            fail_point!("segments-marked");
            collected.add(sweep_one(&*repository, &stem, &name)?);
        }
        Ok(collected)
    })
    .await
}

impl Collected {
    fn add(&mut self, more: Self) {
        self.segments += more.segments;
        self.bytes += more.bytes;
    }
}

/// Writes down which segments nobody needs, unless that was done. Returns the name of what was written.
fn mark(repository: &dyn Repository, stem: &str) -> Result<Option<String>, BackupError> {
    let listed = repository.list(&format!("segments/{stem}"))?;
    let mut segments: BTreeSet<String> = listed.into_iter().map(|file| file.name).collect();
    for (_, tombstone) in Tombstone::list(repository, stem)? {
        segments.retain(|name| !tombstone.segments.contains(name));
    }
    if !segments.is_empty() {
        let needed = manifests::needed(repository)?;
        segments.retain(|name| !needed.contains(name));
    }
    if segments.is_empty() {
        return Ok(None);
    }
    let name = Tombstone::new_name(stem);
    let leases = None;
    Tombstone { segments, leases }.put(repository, &name)?;
    Ok(Some(name))
}

/// Takes away what waited, as far as nobody may need it.
pub(super) fn sweep(repository: &dyn Repository, stem: &str) -> Result<Collected, BackupError> {
    let mut collected = Collected::default();
    Tombstone::clear(repository, stem)?;
    for (name, tombstone) in Tombstone::list(repository, stem)? {
        collected.add(bury(repository, stem, &name, tombstone)?);
    }
    Ok(collected)
}

fn sweep_one(
    repository: &dyn Repository,
    stem: &str,
    name: &str,
) -> Result<Collected, BackupError> {
    let mut tombstones = Tombstone::list(repository, stem)?.into_iter();
    match tombstones.find(|(found, _)| found == name) {
        Some((name, tombstone)) => bury(repository, stem, &name, tombstone),
        None => Ok(Collected::default()),
    }
}

fn bury(
    repository: &dyn Repository,
    stem: &str,
    name: &str,
    tombstone: Tombstone,
) -> Result<Collected, BackupError> {
    let living: BTreeSet<String> = lease::living(repository, stem)?.into_iter().collect();
    let waits = match &tombstone.leases {
        Some(leases) => leases.intersection(&living).next().is_some(),
        None => !living.is_empty(),
    };
    if waits {
        if tombstone.leases.is_none() {
            let leases = Some(living);
            Tombstone {
                leases,
                ..tombstone
            }
            .put(repository, name)?;
        }
        return Ok(Collected::default());
    }
    // A backup that was being made may have appeared.
    let needed = manifests::needed(repository)?;
    let mut collected = Collected::default();
    for segment in tombstone.segments.difference(&needed) {
        if let Some(bytes) = repository.size(segment)? {
            repository.remove(segment)?;
            fail_point!("segment-removed");
            collected.add(Collected { segments: 1, bytes });
        }
    }
    repository.remove(name)?;
    Ok(collected)
}
