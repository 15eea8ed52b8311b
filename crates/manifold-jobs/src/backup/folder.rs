//! The folder of a backup while it is being made.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manifold_store::{Claim, FileDigest, StoreError, fail_point, rename_durably, sync_folder};
use tempfile::TempDir;

use super::file_sink::FileSink;
use super::incremental::Ground;
use super::key::RepositoryKey;
use super::manifest::Header;
use super::names::file_stem;
use super::repository::{Folder, Repository};
use super::store::StoreManifest;
use super::{BackupError, Manifest, ManifestFile};

/// A hidden folder beside the place where the backup will appear. Dropping it before
/// [`BackupFolder::publish`] removes it.
#[derive(Debug)]
pub struct BackupFolder {
    partial: PathBuf,
    target: PathBuf,
    compress: bool,
    seal: Option<Seal>,
    files: Vec<ManifestFile>,
    names: BTreeMap<String, String>,
    ground: Option<Ground>,
    published: bool,
}

/// How the files of a backup are encrypted.
#[derive(Debug, Clone)]
pub(super) struct Seal {
    pub(super) key: RepositoryKey,
    /// A folder for files of a moment, which are not encrypted.
    pub(super) scratch: PathBuf,
}

impl BackupFolder {
    /// Makes the hidden folder in which the attempt of `claim` makes backup `id`; those of earlier attempts are
    /// removed.
    pub(super) fn create(
        target: PathBuf,
        claim: &Claim,
        id: &str,
        compress: bool,
        seal: Option<Seal>,
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
            seal,
            files: Vec::new(),
            names: BTreeMap::new(),
            ground: None,
            published: false,
        })
    }

    /// Sets what was found at its place before the state was taken, where the backup shares something there.
    pub(super) fn stand_on(&mut self, ground: Option<Ground>) {
        self.ground = ground;
    }

    /// What was found at its place, once.
    pub(super) fn take_ground(&mut self) -> Option<Ground> {
        self.ground.take()
    }

    /// Writes a file through `write`; `.zst` is added to its name when it is compressed, and one that is encrypted has a
    /// number for a name. It is on the disk when this returns.
    ///
    /// # Errors
    /// What `write` returns; [`BackupError::Io`] with the file.
    pub fn write_file(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> Result<(), WriteError>,
    ) -> Result<(), BackupError> {
        let plain = name;
        let name = if self.seal.is_some() {
            format!("{:04}.age", self.files.len() + 1)
        } else if self.compress {
            format!("{name}.zst")
        } else {
            name.to_owned()
        };
        let path = self.partial.join(&name);
        let failed = |error| BackupError::io("write", &path)(error);
        let key = self.seal.as_ref().map(|seal| &seal.key);
        let mut sink = FileSink::create(&path, self.compress, key).map_err(failed)?;
        write(&mut sink).map_err(|error| match error {
            WriteError::Io(error) => BackupError::io("write", &path)(error),
            WriteError::Other(error) => *error,
        })?;
        let file = sink.finish(name).map_err(BackupError::io("write", &path))?;
        if self.seal.is_some() {
            self.names.insert(file.name.clone(), plain.to_owned());
        }
        self.files.push(file);
        fail_point!("backup-file-written");
        Ok(())
    }

    /// Takes in a file that `make` makes at the path it is given, where nothing is yet. `make` presses it
    /// onto the disk, and returns what it is.
    ///
    /// # Errors
    /// What `make` returns; [`BackupError::Io`] with the file.
    pub fn take_file(
        &mut self,
        name: &str,
        make: impl FnOnce(&Path) -> Result<FileDigest, BackupError>,
    ) -> Result<(), BackupError> {
        let scratch = self.seal.as_ref().map(|_| self.scratch()).transpose()?;
        let path = scratch
            .as_ref()
            .map_or(&*self.partial, |folder| folder.path());
        let path = path.join(name);
        let FileDigest { size, hash } = make(&path)?;
        if self.compress || self.seal.is_some() {
            self.write_file(name, |output| {
                let mut made = std::fs::File::open(&path)?;
                io::copy(&mut made, output)?;
                Ok(())
            })?;
            return std::fs::remove_file(&path).map_err(BackupError::io("remove", &path));
        }
        self.files.push(ManifestFile {
            name: name.to_owned(),
            size,
            hash,
        });
        fail_point!("backup-file-written");
        Ok(())
    }

    /// Where it will be, with what backups share there.
    pub(super) fn repository(&self) -> Arc<dyn Repository> {
        let place = self.target.parent().unwrap_or(Path::new("."));
        Arc::new(Folder::new(place.to_owned()))
    }

    /// With what its files are encrypted.
    pub(super) fn key(&self) -> Option<&RepositoryKey> {
        self.seal.as_ref().map(|seal| &seal.key)
    }

    /// How its files are encrypted.
    pub(super) fn seal(&self) -> Option<&Seal> {
        self.seal.as_ref()
    }

    /// The hidden folder, in which the backups lie that are parts of this one.
    pub(super) fn hidden(&self) -> &Path {
        &self.partial
    }

    /// Makes a folder in which files may lie for a moment, also those that are to be encrypted.
    pub(super) fn scratch(&self) -> Result<TempDir, BackupError> {
        // What is not encrypted yet must not lie where the backup will be.
        let within = self
            .seal
            .as_ref()
            .map_or(&self.partial, |seal| &seal.scratch);
        tempfile::tempdir_in(within).map_err(BackupError::io("create a folder in", within))
    }

    /// The files so far.
    pub(super) fn files(&self) -> &[ManifestFile] {
        &self.files
    }

    /// Under which names the files of an encrypted backup were written.
    pub(super) fn names(&self) -> &BTreeMap<String, String> {
        &self.names
    }

    /// Their size, in bytes.
    pub(super) fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Writes the manifest of a whole store and makes the folder appear, complete.
    pub(super) fn publish_store(self, manifest: &StoreManifest) -> Result<(), BackupError> {
        self.remove_others(false)?;
        self.write_manifest(manifest.sealed(), |key, manifest_hash| Header {
            id: manifest.id.clone(),
            created_at: manifest.created_at,
            key,
            manifest_hash,
            segments: BTreeSet::new(),
        })?;
        self.appear()
    }

    /// Writes the manifest and makes the folder appear, complete.
    pub(super) fn publish(self, manifest: &Manifest) -> Result<(), BackupError> {
        self.remove_others(true)?;
        self.write_manifest(manifest.sealed(), |key, manifest_hash| Header {
            id: manifest.id.clone(),
            created_at: manifest.created_at,
            key,
            manifest_hash,
            segments: manifest.segment_names(),
        })?;
        self.appear()
    }

    /// Writes a manifest: encrypted where there is a key, with what `header` makes of the key's id and its hash beside it.
    fn write_manifest(
        &self,
        bytes: io::Result<Vec<u8>>,
        header: impl FnOnce(String, String) -> Header,
    ) -> Result<(), BackupError> {
        let write = |name: &str, bytes: io::Result<Vec<u8>>, key: Option<&RepositoryKey>| {
            let path = self.partial.join(name);
            let write = || -> io::Result<ManifestFile> {
                let mut sink = FileSink::create(&path, false, key)?;
                sink.write_all(&bytes?)?;
                sink.finish(name.to_owned())
            };
            write().map_err(BackupError::io("write", &path))
        };
        let Some(seal) = &self.seal else {
            return write(Manifest::NAME, bytes, None).map(drop);
        };
        let sealed = write(Manifest::SEALED, bytes, Some(&seal.key))?;
        let header = header(seal.key.id().to_owned(), sealed.hash);
        write(Manifest::NAME, header.sealed(), None).map(drop)
    }

    /// Removes what lies beside the files and is none of them, such as a journal that SQLite could not remove.
    fn remove_others(&self, folders: bool) -> Result<(), BackupError> {
        let listing = || BackupError::io("list", &self.partial);
        for entry in std::fs::read_dir(&self.partial).map_err(listing())? {
            let entry = entry.map_err(listing())?;
            let name = entry.file_name();
            if self.files.iter().any(|file| *file.name == *name) {
                continue;
            }
            let path = entry.path();
            if !path.is_dir() {
                std::fs::remove_file(&path).map_err(BackupError::io("remove", &path))?;
            } else if folders {
                std::fs::remove_dir_all(&path).map_err(BackupError::io("remove", &path))?;
            }
        }
        Ok(())
    }

    fn appear(mut self) -> Result<(), BackupError> {
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
    Io(io::Error),
    /// Where its content comes from.
    Other(Box<BackupError>),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> Self {
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
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
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

pub(super) fn remove_folder(partial: &Path) -> Result<(), BackupError> {
    match std::fs::remove_dir_all(partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BackupError::io("remove", partial)(error))
        }
        _ => Ok(()),
    }
}

pub(super) fn make_private(folder: &Path, recursive: bool) -> io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(recursive);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
