//! Says at a place that a backup is being made there, so that nobody collects what it relies on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use manifold_store::{Claim, Timestamp};
use serde::{Deserialize, Serialize};

use super::{put_json, read_json};
use crate::backup::BackupError;
use crate::backup::repository::Repository;

/// How often a lease is renewed while its backup is being made.
const RENEWED: Duration = Duration::from_secs(60);

/// A backup whose lease was not renewed for so long does not publish.
const HELD: Duration = Duration::from_secs(12 * 60 * 60);

/// A lease that was not renewed for so long holds nobody up. Much longer than [`HELD`], since clocks differ.
const EXPIRES: TimeDelta = TimeDelta::hours(24);

/// The file of a lease.
#[derive(Debug, Serialize, Deserialize)]
struct LeaseFile {
    backup_id: String,
    lease_token: i64,
    renewed_at: DateTime<Utc>,
}

/// A backup that is being made. Dropping it ends the lease; a process that dies leaves it until it expires, or until the backup is
/// gone on with or given up.
#[derive(Debug)]
pub(super) struct Lease {
    repository: Arc<dyn Repository>,
    name: String,
    file: LeaseFile,
    renewed: Instant,
    is_left: bool,
}

impl Lease {
    /// Takes the lease of an attempt to make a backup.
    pub(super) fn take(
        repository: &Arc<dyn Repository>,
        stem: &str,
        backup_id: &str,
        claim: &Claim,
    ) -> Result<Self, BackupError> {
        let token = claim.lease_token;
        let mut lease = Self {
            repository: repository.clone(),
            name: format!("{}/{backup_id}-{token}.json", folder(stem)),
            file: LeaseFile {
                backup_id: backup_id.to_owned(),
                lease_token: token,
                renewed_at: Timestamp::now(),
            },
            renewed: Instant::now(),
            is_left: false,
        };
        lease.renew()?;
        Ok(lease)
    }

    /// Ends those of other attempts up to the one with this token to make the same backup.
    pub(super) fn end_others(&self, stem: &str, lease_token: i64) -> Result<(), BackupError> {
        let id = &self.file.backup_id;
        end_but(&*self.repository, stem, id, lease_token, &self.name)
    }

    /// Ends it, so that who collects from here on does not wait for it.
    pub(super) fn end(mut self) {
        self.is_left = true;
        if let Err(error) = self.repository.remove(&self.name) {
            tracing::warn!(%error, "the lease of a backup stays until it expires");
        }
    }

    /// Leaves it for who goes on with the backup.
    pub(super) fn leave(mut self) {
        self.is_left = true;
    }

    /// Renews it when it is time.
    pub(super) fn beat(&mut self) -> Result<(), BackupError> {
        if self.renewed.elapsed() < RENEWED {
            return Ok(());
        }
        self.hold()?;
        self.renew()
    }

    /// # Errors
    /// [`BackupError::Overdue`] when others do not count on this backup any more.
    pub(super) fn hold(&self) -> Result<(), BackupError> {
        let held = self.renewed.elapsed() < HELD && self.repository.size(&self.name)?.is_some();
        if held {
            return Ok(());
        }
        Err(BackupError::Overdue {
            place: self.repository.location(),
        })
    }

    fn renew(&mut self) -> Result<(), BackupError> {
        let renewed = Instant::now();
        self.file.renewed_at = Timestamp::now();
        put_json(&*self.repository, &self.name, &self.file)?;
        self.renewed = renewed;
        Ok(())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.is_left {
            self.repository.remove_soon(&self.name);
        }
    }
}

fn folder(stem: &str) -> String {
    format!("leases/{stem}")
}

/// Ends the leases that attempts up to the one with this token left of a backup.
pub(super) fn end(
    repository: &dyn Repository,
    stem: &str,
    backup_id: &str,
    lease_token: i64,
) -> Result<(), BackupError> {
    end_but(repository, stem, backup_id, lease_token, "")
}

fn end_but(
    repository: &dyn Repository,
    stem: &str,
    backup_id: &str,
    lease_token: i64,
    but: &str,
) -> Result<(), BackupError> {
    let has_ended =
        |name: &str| token_of(name, backup_id).is_some_and(|token| token <= lease_token);
    for name in names(repository, stem)? {
        if name != but && has_ended(&name) {
            repository.remove(&name)?;
        }
    }
    repository.clear(&folder(stem), &|name, _| has_ended(name))
}

/// The token in the name of a lease, if that is one of this backup.
fn token_of(name: &str, backup_id: &str) -> Option<i64> {
    let name = name.rsplit('/').next()?;
    let rest = name.strip_prefix(backup_id)?.strip_prefix('-')?;
    let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
    rest[..digits].parse().ok()
}

/// Whether an attempt to make a backup has a lease that nobody has taken for dead. Whatever it has put at the place is then still
/// there, or on its way out.
pub(super) fn is_held(
    repository: &dyn Repository,
    stem: &str,
    backup_id: &str,
) -> Result<bool, BackupError> {
    let held = TimeDelta::from_std(HELD).unwrap_or_default();
    for name in names(repository, stem)? {
        if token_of(&name, backup_id).is_none() {
            continue;
        }
        let file: Option<LeaseFile> = read_json(repository, &name)?;
        if file.is_some_and(|file| (Timestamp::now() - file.renewed_at).abs() < held) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The leases on the segments of a project that hold others up. Those that expired are ended.
pub(super) fn living(repository: &dyn Repository, stem: &str) -> Result<Vec<String>, BackupError> {
    let mut living = Vec::new();
    for name in names(repository, stem)? {
        let file: Option<LeaseFile> = read_json(repository, &name)?;
        let age = file.map(|file| Timestamp::now() - file.renewed_at);
        match age {
            Some(age) if age.abs() < EXPIRES => living.push(name),
            // It ended meanwhile, or it never was one.
            None if repository.size(&name)?.is_none() => {}
            _ => {
                tracing::warn!(
                    lease = name,
                    "a backup that was begun long ago is taken for dead"
                );
                repository.remove(&name)?;
            }
        }
    }
    Ok(living)
}

fn names(repository: &dyn Repository, stem: &str) -> Result<Vec<String>, BackupError> {
    let listed = repository.list(&folder(stem))?;
    Ok(listed.into_iter().map(|file| file.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::repository::Folder;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a crash of a test loses nothing")]
    fn what_dead_attempts_left_goes_and_what_lives_stays() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("leases/p");
        std::fs::create_dir_all(&folder).unwrap();
        let files = [
            "b1-1.json",
            ".tmp-b1-2.json-x",
            "b1-3.json",
            ".tmp-b1-3.json-x",
            "b12-1.json",
            ".tmp-b12-1.json-x",
        ];
        for name in files {
            std::fs::write(folder.join(name), b"{}").unwrap();
        }
        let place = Folder::new(scratch.path().to_owned());
        end(&place, "p", "b1", 2).unwrap();
        let left = files.map(|name| folder.join(name).exists());
        assert_eq!(left, [false, false, true, true, true, true]);
        end(&place, "q", "b1", 2).unwrap();
    }
}
