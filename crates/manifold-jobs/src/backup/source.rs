//! A backup that exists, as it is read.

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use super::file_sink::measure;
use super::{BackupError, Manifest, ManifestFile};

/// A complete backup: a folder with a manifest that can be read.
#[derive(Debug)]
pub struct BackupSource {
    folder: PathBuf,
    manifest: Manifest,
}

impl BackupSource {
    /// Reads the manifest of the backup in `path`: its folder, or the manifest itself.
    ///
    /// # Errors
    /// [`BackupError::NotABackup`], [`BackupError::NewerFormat`], [`BackupError::Damaged`].
    pub fn open(path: &Path) -> Result<Self, BackupError> {
        let is_manifest =
            path.file_name().is_some_and(|name| name == Manifest::NAME) && path.is_file();
        let folder = if is_manifest {
            path.parent().unwrap_or(Path::new("."))
        } else {
            path
        };
        Ok(Self {
            folder: folder.to_owned(),
            manifest: Manifest::read(folder)?,
        })
    }

    /// What the backup says of itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Checks that a file is, to the byte, what was written.
    ///
    /// # Errors
    /// [`BackupError::MissingFile`], [`BackupError::Damaged`].
    pub fn check_file(&self, file: &ManifestFile) -> Result<(), BackupError> {
        let path = self.folder.join(&file.name);
        let metadata = match std::fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(BackupError::MissingFile { path });
            }
            Err(error) => return Err(BackupError::io("read", path)(error)),
        };
        if !metadata.is_file() {
            return Err(BackupError::damaged(&path, "it is not a plain file"));
        }
        if metadata.len() != file.size {
            let reason = format!(
                "it has {} bytes, and {} were written",
                metadata.len(),
                file.size
            );
            return Err(BackupError::damaged(&path, reason));
        }
        let (_, hash) = measure(&path)?;
        if hash != file.hash {
            return Err(BackupError::damaged(
                &path,
                "its content is not what was written",
            ));
        }
        Ok(())
    }

    /// Checks that nothing lies in the folder that is not part of the backup, such as a database's log that
    /// came from elsewhere. Hidden files, which file managers leave, do not matter.
    ///
    /// # Errors
    /// [`BackupError::ForeignFile`].
    pub fn check_nothing_else(&self) -> Result<(), BackupError> {
        let failed = || BackupError::io("list", &self.folder);
        let known: HashSet<&str> = self
            .manifest
            .files
            .iter()
            .map(|file| file.name.as_str())
            .chain([Manifest::NAME])
            .collect();
        for entry in std::fs::read_dir(&self.folder).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if !name.starts_with('.') && !known.contains(name.as_ref()) {
                return Err(BackupError::ForeignFile { path: entry.path() });
            }
        }
        Ok(())
    }

    /// How many rows were saved.
    pub(super) fn rows(&self) -> u64 {
        let tables = self.manifest.tables.iter();
        tables
            .filter_map(|table| u64::try_from(table.rows).ok())
            .sum()
    }

    /// Opens a file of the backup, uncompressed, by the name it was written under.
    pub(super) fn read_file(&self, name: &str) -> Result<SourceFile, BackupError> {
        let name = if self.manifest.compressed {
            format!("{name}.zst")
        } else {
            name.to_owned()
        };
        let path = self.folder.join(&name);
        if !self.manifest.files.iter().any(|file| file.name == name) {
            return Err(BackupError::damaged(
                &self.folder.join(Manifest::NAME),
                format!("it does not list `{name}`"),
            ));
        }
        let open = || -> std::io::Result<Box<dyn BufRead>> {
            let file = BufReader::with_capacity(256 << 10, File::open(&path)?);
            if !self.manifest.compressed {
                return Ok(Box::new(file));
            }
            let plain: Box<dyn Read> = Box::new(zstd::stream::read::Decoder::with_buffer(file)?);
            Ok(Box::new(BufReader::with_capacity(256 << 10, plain)))
        };
        let content = open().map_err(BackupError::io("read", &path))?;
        Ok(SourceFile { path, content })
    }

    /// The names under which files with this ending were written, in their order.
    pub(super) fn names_ending(&self, ending: &str) -> Vec<String> {
        let plain = |name: &str| match name.strip_suffix(".zst") {
            Some(plain) if self.manifest.compressed => plain.to_owned(),
            _ => name.to_owned(),
        };
        let names = self.manifest.files.iter().map(|file| plain(&file.name));
        names.filter(|name| name.ends_with(ending)).collect()
    }
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
