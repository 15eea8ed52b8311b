//! The folder of a backup while it is being made.

use std::io::Write;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use entity_core::enums::BackupType;
use manifold_store::{Claim, StoreError, fail_point, rename_durably, sync_folder};

use super::file_sink::{FileSink, measure};
use super::{BackupError, Manifest, ManifestFile};

/// The longest part of a file name that comes from a person's name, in bytes.
const LONGEST_NAME: usize = 80;

/// A hidden folder beside the place where the backup will appear. Dropping it before
/// [`BackupFolder::publish`] removes it.
#[derive(Debug)]
pub struct BackupFolder {
    partial: PathBuf,
    target: PathBuf,
    compress: bool,
    files: Vec<ManifestFile>,
    published: bool,
}

impl BackupFolder {
    /// Makes the hidden folder in which the attempt of `claim` makes backup `id`; those of earlier attempts are
    /// removed.
    pub(super) fn create(
        target: PathBuf,
        claim: &Claim,
        id: &str,
        compress: bool,
    ) -> Result<Self, BackupError> {
        let partial = target.with_file_name(partial_name(id, claim.lease_token));
        let parent = target.parent().unwrap_or(Path::new("."));
        make_private(parent, true).map_err(BackupError::io("create the folder", parent))?;
        remove_partials(&target, id, claim.lease_token)?;
        make_private(&partial, false).map_err(BackupError::io("create the folder", &partial))?;
        Ok(Self {
            partial,
            target,
            compress,
            files: Vec::new(),
            published: false,
        })
    }

    /// Writes a file through `write`; `.zst` is added to its name when it is compressed. It is on the disk
    /// when this returns.
    ///
    /// # Errors
    /// What `write` returns; [`BackupError::Io`] with the file.
    pub fn write_file(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
    ) -> Result<(), BackupError> {
        let name = if self.compress {
            format!("{name}.zst")
        } else {
            name.to_owned()
        };
        let path = self.partial.join(&name);
        let failed = |error| BackupError::io("write", &path)(error);
        let mut sink = FileSink::create(&path, self.compress).map_err(failed)?;
        write(&mut sink).map_err(|error| match error {
            WriteError::Io(error) => BackupError::io("write", &path)(error),
            WriteError::Other(error) => *error,
        })?;
        let file = sink.finish(name).map_err(BackupError::io("write", &path))?;
        self.files.push(file);
        fail_point!("backup-file-written");
        Ok(())
    }

    /// Takes in a file that `make` makes at the path it is given, where nothing is yet. `make` presses it
    /// onto the disk.
    ///
    /// # Errors
    /// What `make` returns; [`BackupError::Io`] with the file.
    pub fn take_file(
        &mut self,
        name: &str,
        make: impl FnOnce(&Path) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let path = self.partial.join(name);
        make(&path)?;
        if self.compress {
            self.write_file(name, |output| {
                let mut made = std::fs::File::open(&path)?;
                std::io::copy(&mut made, output)?;
                Ok(())
            })?;
            return std::fs::remove_file(&path).map_err(BackupError::io("remove", &path));
        }
        let (size, hash) = measure(&path)?;
        self.files.push(ManifestFile {
            name: name.to_owned(),
            size,
            hash,
        });
        fail_point!("backup-file-written");
        Ok(())
    }

    /// The files so far.
    pub(super) fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    /// Writes the manifest and makes the folder appear, complete.
    pub(super) fn publish(mut self, manifest: &Manifest) -> Result<(), BackupError> {
        let path = self.partial.join(Manifest::NAME);
        let write = || -> std::io::Result<()> {
            let mut sink = FileSink::create(&path, false)?;
            sink.write_all(&manifest.sealed()?)?;
            sink.finish(Manifest::NAME.to_owned()).map(drop)
        };
        write().map_err(BackupError::io("write", &path))?;
        sync_folder(&self.partial)?;
        fail_point!("backup-manifest-written");
        rename_durably(&self.partial, &self.target)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for BackupFolder {
    fn drop(&mut self) {
        if self.published {
            return;
        }
        if let Err(error) = remove_folder(&self.partial) {
            tracing::warn!(%error, "an incomplete backup stays, hidden, until the next backup of the project");
        }
    }
}

/// What stops a file from being written.
pub enum WriteError {
    /// The file itself.
    Io(std::io::Error),
    /// Where its content comes from.
    Other(Box<BackupError>),
}

impl From<std::io::Error> for WriteError {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<BackupError> for WriteError {
    fn from(error: BackupError) -> Self {
        Self::Other(Box::new(error))
    }
}

impl From<StoreError> for WriteError {
    fn from(error: StoreError) -> Self {
        Self::Other(Box::new(error.into()))
    }
}

/// The name of a backup's folder: what it is of, its type, when (UTC), and the end of its id.
pub(super) fn folder_name(
    project: &str,
    backup_type: BackupType,
    at: DateTime<Utc>,
    id: &str,
) -> String {
    let end: Vec<char> = id.chars().rev().take(8).collect();
    let end: String = end.into_iter().rev().collect();
    format!(
        "{}-{backup_type}-{}-{}",
        file_stem(project),
        at.format("%Y%m%dT%H%M%SZ"),
        file_stem(&end)
    )
}

/// A person's name as a part of a file name that every system takes.
pub(super) fn file_stem(name: &str) -> String {
    let mut stem = String::new();
    for character in name.chars() {
        if stem.len() + character.len_utf8() > LONGEST_NAME {
            break;
        }
        stem.push(if character.is_alphanumeric() || "-_".contains(character) {
            character
        } else {
            '_'
        });
    }
    if stem.is_empty() {
        "_".to_owned()
    } else {
        stem
    }
}

/// The name of the folder in which the attempt with this token makes a backup. An attempt that lost its job must not
/// get between the files of a later one.
fn partial_name(id: &str, lease_token: i64) -> String {
    format!("{}{lease_token}", partial_prefix(id))
}

fn partial_prefix(id: &str) -> String {
    format!(".partial-{}-", file_stem(id))
}

/// Removes what attempts up to the one with this token left of a backup that was never completed.
pub(super) fn remove_partials(
    target: &Path,
    id: &str,
    lease_token: i64,
) -> Result<(), BackupError> {
    let (parent, prefix) = (
        target.parent().unwrap_or(Path::new(".")),
        partial_prefix(id),
    );
    let failed = |error| BackupError::io("list", parent)(error);
    let entries = match std::fs::read_dir(parent) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(failed)?,
    };
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        let token = name.and_then(|name| name.strip_prefix(&prefix)?.parse::<i64>().ok());
        if token.is_some_and(|token| token <= lease_token) {
            remove_folder(&path)?;
        }
    }
    Ok(())
}

fn remove_folder(partial: &Path) -> Result<(), BackupError> {
    match std::fs::remove_dir_all(partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(BackupError::io("remove", partial)(error))
        }
        _ => Ok(()),
    }
}

fn make_private(folder: &Path, recursive: bool) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(recursive);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_file_names() {
        for (name, stem) in [
            ("aviation", "aviation"),
            ("ça va 日本", "ça_va_日本"),
            ("../../etc", "______etc"),
            ("a\"b'c\\d", "a_b_c_d"),
            ("🚀", "_"),
            ("", "_"),
        ] {
            assert_eq!(file_stem(name), stem);
        }
        assert!(file_stem(&"é".repeat(200)).len() <= LONGEST_NAME);
        let at = "2026-11-22T10:00:00Z".parse().unwrap();
        let name = folder_name("My data", BackupType::Full, at, "0123456789abcdef");
        assert_eq!(name, "My_data-full-20261122T100000Z-89abcdef");
    }
}
