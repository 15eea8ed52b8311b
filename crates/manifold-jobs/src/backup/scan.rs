//! Looks for backups in a place.

use super::{BackupError, Location, Opened, Places, blocking};

/// Something that looks like a backup.
#[derive(Debug)]
pub struct Scanned {
    /// Where it is.
    pub location: Location,
    /// The backup, or why it cannot be read: it is damaged, newer, or encrypted with a key that is not at hand.
    pub backup: Result<Opened, BackupError>,
}

/// Looks for backups in a place, or at the one that the location itself is. No hub is needed. In the order of
/// their names, which is that of their times for backups of one project and type.
///
/// # Errors
/// [`BackupError::Unreachable`], [`BackupError::Io`] when the place cannot be looked at.
pub async fn scan(places: &Places, location: &Location) -> Result<Vec<Scanned>, BackupError> {
    let (places, location) = (places.clone(), location.clone());
    blocking(move || {
        if let Ok(backup) = Opened::open_in(&places, &location) {
            let location = backup.location().clone();
            let backup = Ok(backup);
            return Ok(vec![Scanned { location, backup }]);
        }
        scan_place(&places, &location)
    })
    .await
}

/// As [`scan`], for a place. Blocks.
pub(super) fn scan_place(places: &Places, place: &Location) -> Result<Vec<Scanned>, BackupError> {
    let mut names = places.repository(place)?.folders()?;
    names.sort_unstable();
    let mut scanned = Vec::new();
    for name in names {
        let location = place.join(&name);
        match Opened::open_in(places, &location) {
            Err(BackupError::NotABackup { .. }) => {}
            Err(error @ BackupError::Unreachable { .. }) => return Err(error),
            backup => scanned.push(Scanned { location, backup }),
        }
    }
    Ok(scanned)
}
