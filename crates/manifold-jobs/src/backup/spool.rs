//! A backup that was made here and is sent elsewhere.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use manifold_store::{AtomicFile, Layout};
use serde::{Deserialize, Serialize};

use super::folder::{make_private, remove_folder};
use super::names::file_stem;
use super::repository::{Folder, Repository as _, part_size};
use super::{BackupError, Manifest, ManifestFile};

/// The file that says what was sent.
const SENT: &str = "sent.json";

/// A folder of the data folder with a backup that is to be sent to another place, and with what was sent of it. It stays
/// until all is there, so that a later attempt goes on.
#[derive(Debug, Clone)]
pub(super) struct Spool {
    folder: PathBuf,
    /// The name that the backup has at the other place, and here.
    name: String,
}

/// What was sent of a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sent {
    /// Its files, by name.
    pub(super) files: BTreeMap<String, SentFile>,
    /// Whether the manifest may be there.
    pub(super) publishing: bool,
}

/// What was sent of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SentFile {
    /// What the place calls it until it is complete.
    pub(super) begun: Option<String>,
    /// What the place calls the parts that it has.
    pub(super) parts: Vec<String>,
    /// Whether it is complete.
    pub(super) done: bool,
}

impl Sent {
    /// Whether a file may have been complete at the place, for all that was written down.
    pub(super) fn may_be_there(&self, file: &ManifestFile) -> bool {
        self.files
            .get(&file.name)
            .is_some_and(|sent| sent.done || sent.begun.is_none() || sent.has_all_parts(file.size))
    }
}

impl SentFile {
    /// Whether all parts of a file of `size` bytes were sent.
    pub(super) fn has_all_parts(&self, size: u64) -> bool {
        self.parts.len() as u64 * part_size(size) >= size
    }
}

impl Spool {
    /// That of the backup with this id.
    pub(super) fn of(layout: &Layout, id: &str, name: &str) -> Self {
        Self {
            folder: layout.spools().join(file_stem(id)),
            name: name.to_owned(),
        }
    }

    /// The ids of the backups for which there is one.
    pub(super) fn all(layout: &Layout) -> Result<Vec<String>, BackupError> {
        let folder = layout.spools();
        let entries = match std::fs::read_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(BackupError::io("list", &folder))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.map_err(BackupError::io("list", &folder))?.file_name();
            ids.push(name.to_string_lossy().into_owned());
        }
        ids.sort_unstable();
        Ok(ids)
    }

    /// The folder of the backup itself.
    pub(super) fn target(&self) -> PathBuf {
        self.folder.join(&self.name)
    }

    /// Where a file of the backup lies, or one that it shares.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        match name.contains('/') {
            true => self.folder.join(name),
            false => self.target().join(name),
        }
    }

    /// Whether a segment lies here, to be sent.
    pub(super) fn has(&self, segment: &ManifestFile) -> bool {
        let path = self.path(&segment.name);
        path.metadata()
            .is_ok_and(|metadata| metadata.len() == segment.size)
    }

    /// Whether the backup is complete here.
    pub(super) fn is_complete(&self) -> bool {
        self.target().join(Manifest::NAME).is_file()
    }

    /// The files of the backup in the order in which they are sent, with their sizes in bytes; without the file that makes
    /// it a backup. What it shares with others comes first, under names with slashes.
    pub(super) fn files(&self) -> Result<Vec<(String, u64)>, BackupError> {
        let shared = Folder::new(self.folder.clone())
            .list("segments")?
            .into_iter();
        let mut shared: Vec<_> = shared.map(|file| (file.name, file.size)).collect();
        shared.sort_unstable();
        shared.append(&mut self.own_files()?);
        Ok(shared)
    }

    /// Those of its own folder. What lies in folders within, as the backups of a whole store do, has a name with slashes.
    fn own_files(&self) -> Result<Vec<(String, u64)>, BackupError> {
        let folder = format!("{}/", self.name);
        let mut files = Vec::new();
        for file in Folder::new(self.folder.clone()).list(&self.name)? {
            match file.name.strip_prefix(&folder) {
                Some(Manifest::NAME) => {}
                Some(inner) if !inner.contains('/') => files.push((inner.to_owned(), file.size)),
                _ => files.push((file.name, file.size)),
            }
        }
        // Of a backup within another one its manifest is the last, too.
        files.sort_unstable_by_key(|(name, _)| (name.ends_with(Manifest::NAME), name.clone()));
        Ok(files)
    }

    /// What was sent. A file that cannot be read says that nothing was.
    pub(super) fn sent(&self) -> Sent {
        let read = std::fs::read(self.folder.join(SENT)).ok();
        let read = read.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        read.unwrap_or_default()
    }

    /// Writes down what was sent.
    pub(super) fn keep(&self, sent: &Sent) -> Result<(), BackupError> {
        let path = self.folder.join(SENT);
        let bytes = serde_json::to_vec(sent)
            .map_err(|error| BackupError::io("write", &path)(error.into()))?;
        let mut file = AtomicFile::create(&path)?;
        file.write_all(&bytes)
            .map_err(BackupError::io("write", &path))?;
        Ok(file.commit()?)
    }

    /// Makes the folder in which the backup will be.
    pub(super) fn prepare(&self) -> Result<(), BackupError> {
        let folder: &Path = &self.folder;
        make_private(folder, true).map_err(BackupError::io("create the folder", folder))
    }

    /// Removes it. What was sent stays where it is.
    pub(super) fn remove(&self) -> Result<(), BackupError> {
        remove_folder(&self.folder)
    }
}
