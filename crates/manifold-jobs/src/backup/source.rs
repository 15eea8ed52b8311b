//! A backup that exists, as it is read.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::file_sink::measured;
use super::key::RepositoryKey;
use super::repository::{Folder, Repository};
use super::stored::Stored;
use super::{BackupError, Location, Manifest, ManifestFile, Places};

/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// A complete backup: a folder, here or elsewhere, with a manifest that can be read.
#[derive(Debug)]
pub struct BackupSource {
    repository: Arc<dyn Repository>,
    /// Its name in the repository.
    name: String,
    location: Location,
    folder: PathBuf,
    manifest: Manifest,
    key: Option<RepositoryKey>,
}

impl BackupSource {
    /// Reads the manifest of the backup in `path`, a folder of this machine: its folder, or the manifest itself.
    ///
    /// # Errors
    /// [`BackupError::NotABackup`], [`BackupError::NewerFormat`], [`BackupError::Damaged`]; [`BackupError::NoKey`] for
    /// one that is encrypted, which [`Self::open_in`] opens; [`BackupError::WholeStore`] for one of a whole store, which
    /// [`Opened`](super::Opened) opens.
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        let location = local(path);
        let (place, name) = location.split().ok_or_else(|| BackupError::NotABackup {
            path: path.to_owned(),
        })?;
        let folder = Folder::new(place.to_path());
        Self::read(Arc::new(folder), name, location, |_| Ok(None))
    }

    /// As [`Self::open`], for a backup anywhere. An encrypted one is opened with a key of the data folder. Blocks, within
    /// a runtime.
    ///
    /// # Errors
    /// As [`Self::open`]; [`BackupError::Unreachable`]; [`BackupError::NoKey`].
    pub fn open_in(places: &Places, backup: &Location) -> Result<Self, BackupError> {
        let location = match backup {
            Location::Folder(folder) => local(folder),
            Location::Remote(address) => {
                let folder = address.strip_suffix(Manifest::NAME);
                Location::from(folder.unwrap_or(address))
            }
        };
        let (repository, name) = places.around(&location)?;
        Self::read(repository, name, location, |id| places.keys().find(id))
    }

    fn read(
        repository: Arc<dyn Repository>,
        name: String,
        location: Location,
        find: impl FnOnce(&str) -> Result<Option<RepositoryKey>, BackupError>,
    ) -> Result<Self, BackupError> {
        let (stored, key) = Stored::read_open(&*repository, &name, find)?;
        let Stored::Open(manifest) = stored else {
            return Err(BackupError::WholeStore {
                path: location.to_path(),
            });
        };
        Ok(Self {
            folder: location.to_path(),
            repository,
            name,
            location,
            manifest: *manifest,
            key,
        })
    }

    /// What the backup says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its folder; its address as a path, when it is elsewhere.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where it is.
    #[must_use]
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Whether it is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.key.is_some()
    }

    /// The id of the key with which it is encrypted.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.key.as_ref().map(RepositoryKey::id)
    }

    /// Checks that a file is, to the byte, what was written.
    ///
    /// # Errors
    /// [`BackupError::MissingFile`], [`BackupError::Damaged`]; those of reading.
    pub fn check_file(&self, file: &ManifestFile) -> Result<(), BackupError> {
        self.check_size(file)?;
        let name = self.stored(file);
        let path = self.path_of(&name);
        let (_, hash) =
            measured(self.repository.open(&name)?).map_err(BackupError::io("read", &path))?;
        if hash != file.hash {
            return Err(BackupError::damaged(
                &path,
                "its content is not what was written",
            ));
        }
        Ok(())
    }

    /// Checks that a file is there with the size that was written, without reading it.
    ///
    /// # Errors
    /// [`BackupError::MissingFile`], [`BackupError::Damaged`]; those of reading.
    pub fn check_size(&self, file: &ManifestFile) -> Result<(), BackupError> {
        let name = self.stored(file);
        let path = self.path_of(&name);
        match self.repository.size(&name)? {
            None => Err(BackupError::MissingFile { path }),
            Some(size) if size != file.size => {
                let reason = format!("it has {size} bytes, and {} were written", file.size);
                Err(BackupError::damaged(&path, reason))
            }
            Some(_) => Ok(()),
        }
    }

    /// The key with which it is encrypted.
    pub(super) fn key(&self) -> Option<&RepositoryKey> {
        self.key.as_ref()
    }

    /// The place that the backup is in.
    pub(super) fn repository(&self) -> &dyn Repository {
        &*self.repository
    }

    /// The name of a file in the repository: beside the folder, when backups share it.
    fn stored(&self, file: &ManifestFile) -> String {
        if file.name.contains('/') {
            file.name.clone()
        } else {
            self.inner(&file.name)
        }
    }

    fn path_of(&self, name: &str) -> PathBuf {
        Location::from(self.repository.location())
            .join(name)
            .to_path()
    }

    /// Checks that nothing lies in the folder that is not part of the backup, such as a database's log that
    /// came from elsewhere. Hidden files, which file managers leave, do not matter.
    ///
    /// # Errors
    /// [`BackupError::ForeignFile`]; those of reading.
    pub fn check_nothing_else(&self) -> Result<(), BackupError> {
        let of_itself = match self.key {
            Some(_) => [Manifest::NAME, Manifest::SEALED].as_slice(),
            None => [Manifest::NAME].as_slice(),
        };
        let files = self.manifest.files.iter().map(|file| file.name.as_str());
        let known: HashSet<String> = files
            .chain(of_itself.iter().copied())
            .map(|name| self.inner(name))
            .collect();
        let found = self.repository.list(&self.name)?;
        let foreign = found.iter().find(|found| {
            let name = found.name.rsplit('/').next().unwrap_or_default();
            !name.starts_with('.') && !known.contains(&found.name)
        });
        match foreign {
            Some(foreign) => {
                let place = Location::from(self.repository.location());
                Err(BackupError::ForeignFile {
                    path: place.join(&foreign.name).to_path(),
                })
            }
            None => Ok(()),
        }
    }

    /// How many rows were saved.
    pub(super) fn rows(&self) -> u64 {
        let tables = self.manifest.tables.iter();
        tables
            .filter_map(|table| u64::try_from(table.rows).ok())
            .sum()
    }

    /// Opens a file of the backup, decrypted and uncompressed, by the name it was written under.
    pub(super) fn read_file(&self, name: &str) -> Result<SourceFile, BackupError> {
        let files = &self.manifest.files;
        let Some(file) = files.iter().find(|file| self.plain(&file.name) == name) else {
            return Err(BackupError::damaged(
                &self.folder.join(Manifest::NAME),
                format!("it does not list `{name}`"),
            ));
        };
        let path = self.folder.join(&file.name);
        let file = self.repository.open(&self.inner(&file.name))?;
        let open = || -> io::Result<Box<dyn BufRead>> {
            let file = BufReader::with_capacity(BUFFER, file);
            let file: Box<dyn Read> = match &self.key {
                Some(key) => Box::new(key.open(file)?),
                None => Box::new(file),
            };
            let file = BufReader::with_capacity(BUFFER, file);
            if !self.manifest.compressed {
                return Ok(Box::new(file));
            }
            let plain: Box<dyn Read> = Box::new(zstd::stream::read::Decoder::with_buffer(file)?);
            Ok(Box::new(BufReader::with_capacity(BUFFER, plain)))
        };
        let content = open().map_err(BackupError::io("read", &path))?;
        Ok(SourceFile { path, content })
    }

    /// The names under which files with this ending were written, in their order.
    pub(super) fn names_ending(&self, ending: &str) -> Vec<String> {
        let files = self.manifest.files.iter();
        let names = files.map(|file| self.plain(&file.name).to_owned());
        names.filter(|name| name.ends_with(ending)).collect()
    }

    /// The name under which a file was written.
    fn plain<'a>(&'a self, name: &'a str) -> &'a str {
        let name = self.manifest.names.get(name).map_or(name, String::as_str);
        match name.strip_suffix(".zst") {
            Some(plain) if self.manifest.compressed => plain,
            _ => name,
        }
    }

    /// The name of a file in the repository.
    fn inner(&self, name: &str) -> String {
        format!("{}/{name}", self.name)
    }
}

/// The folder of a backup of this machine, of which the folder or the manifest is given.
pub(super) fn local(path: &Path) -> Location {
    let is_manifest = path.file_name().is_some_and(|name| name == Manifest::NAME) && path.is_file();
    let folder = match path.parent() {
        Some(folder) if is_manifest => folder,
        _ => path,
    };
    // `.` and `..` have no name.
    let named = folder.file_name().is_none().then(|| folder.canonicalize());
    let folder = match named {
        Some(Ok(folder)) => folder,
        _ => folder.to_owned(),
    };
    Location::Folder(folder)
}

/// A file of a backup that is being read.
pub(super) struct SourceFile {
    pub(super) path: PathBuf,
    pub(super) content: Box<dyn BufRead>,
}

impl SourceFile {
    /// An error that says where the file does not fit.
    pub(super) fn damaged(&self, reason: impl Into<String>) -> BackupError {
        BackupError::damaged(&self.path, reason)
    }
}
