//! A backup of a whole store, as it is read.

use std::collections::HashSet;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use manifold_store::{SqliteManager, StagedHub};

use super::{StoreManifest, StorePart};
use crate::backup::file_sink::measured;
use crate::backup::key::RepositoryKey;
use crate::backup::repository::Repository;
use crate::backup::source::local;
use crate::backup::stored::Stored;
use crate::backup::{BackupError, BackupSource, Location, Manifest, ManifestFile, Places};

/// A complete backup of a whole store: a folder with a manifest that can be read, and a folder for each project.
#[derive(Debug)]
pub struct StoreSource {
    places: Places,
    repository: Arc<dyn Repository>,
    /// Its name in the repository.
    name: String,
    location: Location,
    folder: PathBuf,
    manifest: StoreManifest,
    key: Option<RepositoryKey>,
}

impl StoreSource {
    /// Reads the manifest. Blocks, within a runtime.
    ///
    /// # Errors
    /// As [`BackupSource::open_in`]; [`BackupError::NotABackup`] for one of a project. An encrypted one is opened with a key of the
    /// data folder.
    pub fn open_in(places: &Places, backup: &Location) -> Result<Self, BackupError> {
        let location = match backup {
            Location::Folder(folder) => local(folder),
            elsewhere @ Location::Remote(_) => elsewhere.clone(),
        };
        let (repository, name) = places.around(&location)?;
        let find = |id: &str| places.keys().find(id);
        let (stored, key) = Stored::read_open(&*repository, &name, find)?;
        let Stored::Store(manifest) = stored else {
            return Err(BackupError::NotABackup {
                path: location.to_path(),
            });
        };
        Ok(Self {
            places: places.clone(),
            repository,
            name,
            folder: location.to_path(),
            location,
            manifest: *manifest,
            key,
        })
    }

    /// What the backup says of itself.
    #[must_use]
    pub fn manifest(&self) -> &StoreManifest {
        &self.manifest
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the backup of one of its projects is.
    #[must_use]
    pub fn location_of(&self, part: &StorePart) -> Location {
        self.location.join(&part.folder)
    }

    /// The project with this exact id, exact name (without regard to case), or unique id prefix.
    ///
    /// # Errors
    /// [`BackupError::NotInStore`].
    pub fn find(&self, reference: &str) -> Result<&StorePart, BackupError> {
        let parts = || self.manifest.parts();
        let folded = reference.to_lowercase();
        let exact = parts().find(|part| part.id == reference);
        let found = exact.or_else(|| parts().find(|part| part.name.to_lowercase() == folded));
        let mut prefixed = parts().filter(|part| part.id.starts_with(reference));
        let only = match (prefixed.next(), prefixed.next()) {
            (only, None) if !reference.is_empty() => only,
            _ => None,
        };
        found.or(only).ok_or_else(|| BackupError::NotInStore {
            path: self.folder.clone(),
            reference: reference.to_owned(),
        })
    }

    /// Opens the backup of one of its projects, which must be the one that was written with the whole. Blocks.
    ///
    /// # Errors
    /// As [`BackupSource::open_in`]; [`BackupError::Damaged`] when it is another.
    pub fn open_part(&self, part: &StorePart) -> Result<BackupSource, BackupError> {
        let location = self.location_of(part);
        let source = BackupSource::open_in(&self.places, &location)?;
        let name = format!("{}/{}/{}", self.name, part.folder, Manifest::NAME);
        let path = location.join(Manifest::NAME).to_path();
        let (_, hash) =
            measured(self.repository.open(&name)?).map_err(BackupError::io("read", &path))?;
        if hash != part.manifest_hash || source.manifest().id != part.backup_id {
            let reason = "it is not the one that was written with the backup of the store";
            return Err(BackupError::damaged(&path, reason));
        }
        Ok(source)
    }

    /// Checks that a file of the hub is, to the byte, what was written; without `content`, that it is there. Blocks.
    ///
    /// # Errors
    /// [`BackupError::MissingFile`], [`BackupError::Damaged`]; those of reading.
    pub(super) fn check_file(&self, file: &ManifestFile, content: bool) -> Result<(), BackupError> {
        let name = format!("{}/{}", self.name, file.name);
        let path = self.folder.join(&file.name);
        match self.repository.size(&name)? {
            None => return Err(BackupError::MissingFile { path }),
            Some(size) if size != file.size => {
                let reason = format!("it has {size} bytes, and {} were written", file.size);
                return Err(BackupError::damaged(&path, reason));
            }
            Some(_) if !content => return Ok(()),
            Some(_) => {}
        }
        let (_, hash) =
            measured(self.repository.open(&name)?).map_err(BackupError::io("read", &path))?;
        if hash != file.hash {
            let reason = "its content is not what was written";
            return Err(BackupError::damaged(&path, reason));
        }
        Ok(())
    }

    /// Checks that nothing lies beside what belongs to the backup. Hidden files do not matter, and folders of projects look
    /// after themselves. Blocks.
    ///
    /// # Errors
    /// [`BackupError::ForeignFile`]; those of reading.
    pub(super) fn check_nothing_else(&self) -> Result<(), BackupError> {
        let files = self.manifest.files.iter().map(|file| file.name.as_str());
        let folders = self.manifest.parts().map(|part| part.folder.as_str());
        let sealed = self.key.as_ref().map(|_| Manifest::SEALED);
        let of_itself = sealed.into_iter().chain([Manifest::NAME]);
        let known: HashSet<&str> = files.chain(folders).chain(of_itself).collect();
        let inside = format!("{}/", self.name);
        for found in self.repository.list(&self.name)? {
            let path = found.name.strip_prefix(&inside).unwrap_or(&found.name);
            let first = path.split('/').next().unwrap_or_default();
            if !first.starts_with('.') && !known.contains(first) {
                return Err(BackupError::ForeignFile {
                    path: self.location.join(path).to_path(),
                });
            }
        }
        Ok(())
    }

    /// Checks the hub's file, reads it back among the temporary files, and compares it with what was saved.
    ///
    /// # Errors
    /// [`BackupError`], naming what is wrong.
    pub(super) async fn stage_hub(
        self: &Arc<Self>,
        manager: &SqliteManager,
    ) -> Result<StagedHub, BackupError> {
        let (source, expected) = (self.clone(), self.manifest.expected_hub());
        StagedHub::copy(manager, expected, move |output| {
            let Some(file) = source.manifest.files.first() else {
                let path = source.folder.join(Manifest::NAME);
                return Err(BackupError::damaged(&path, "it lists no file of the hub"));
            };
            source.check_file(file, true)?;
            let path = source.folder.join(&file.name);
            let stored = source
                .repository
                .open(&format!("{}/{}", source.name, file.name))?;
            let copy = || -> io::Result<u64> {
                let mut stored: Box<dyn Read + '_> = Box::new(BufReader::new(stored));
                if let Some(key) = &source.key {
                    stored = Box::new(key.open(stored)?);
                }
                if source.manifest.compressed {
                    stored = Box::new(zstd::stream::read::Decoder::new(stored)?);
                }
                io::copy(&mut stored, output)
            };
            copy().map(drop).map_err(BackupError::io("copy", &path))
        })
        .await
    }
}
