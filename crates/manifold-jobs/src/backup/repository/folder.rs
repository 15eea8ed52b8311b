//! A folder of this machine as a place for backups.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use manifold_store::{AtomicFile, StoreError, rename_durably, sync_folder};

use super::{Repository, StoredFile};
use crate::backup::BackupError;
use crate::backup::folder::make_private;

/// A folder. Names that begin with a dot are files that are being written.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The folder at `root`, which need not be there yet.
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes the folders above a file, durably.
    fn make_room(&self, path: &Path) -> Result<(), BackupError> {
        let folder = path.parent().unwrap_or(&self.root);
        if folder.is_dir() {
            return Ok(());
        }
        make_private(folder, true).map_err(BackupError::io("create the folder", folder))?;
        let above = folder.ancestors().skip(1);
        for made in above.take_while(|above| above.starts_with(&self.root)) {
            sync_folder(made)?;
        }
        Ok(())
    }
}

impl Repository for Folder {
    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn list(&self, folder: &str) -> Result<Vec<StoredFile>, BackupError> {
        let mut files = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            let path = self.root.join(&folder);
            let entries = match std::fs::read_dir(&path) {
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                entries => entries.map_err(BackupError::io("list", &path))?,
            };
            for entry in entries {
                let entry = entry.map_err(BackupError::io("list", &path))?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if name.starts_with('.') {
                    continue;
                }
                let name = format!("{folder}/{name}");
                // A file that another process removes meanwhile is not there.
                match entry.metadata() {
                    Ok(metadata) if metadata.is_dir() => folders.push(name),
                    Ok(metadata) => files.push(StoredFile {
                        name,
                        size: metadata.len(),
                    }),
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => return Err(BackupError::io("read", entry.path())(error)),
                }
            }
        }
        Ok(files)
    }

    fn folders(&self) -> Result<Vec<String>, BackupError> {
        let failed = || BackupError::io("list", &self.root);
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&self.root).map_err(failed())? {
            let entry = entry.map_err(failed())?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with('.') && entry.path().is_dir() {
                names.push(name);
            }
        }
        Ok(names)
    }

    fn size(&self, name: &str) -> Result<Option<u64>, BackupError> {
        let path = self.root.join(name);
        match std::fs::symlink_metadata(&path) {
            Ok(metadata) if metadata.is_file() => Ok(Some(metadata.len())),
            Ok(_) => Err(BackupError::damaged(&path, "it is not a plain file")),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(error) => Err(BackupError::io("read", path)(error)),
        }
    }

    fn open(&self, name: &str) -> Result<Box<dyn Read + Send>, BackupError> {
        let path = self.root.join(name);
        match File::open(&path) {
            Ok(file) => Ok(Box::new(file)),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Err(BackupError::MissingFile { path })
            }
            Err(error) => Err(BackupError::io("read", path)(error)),
        }
    }

    fn put(&self, name: &str, from: &Path) -> Result<(), BackupError> {
        let target = self.root.join(name);
        self.make_room(&target)?;
        let file = File::open(from).map_err(BackupError::io("read", from))?;
        file.sync_all().map_err(BackupError::io("write", from))?;
        match rename_durably(from, &target) {
            Err(StoreError::Io { source, .. }) if source.kind() == ErrorKind::CrossesDevices => {
                copy(file, &target)
            }
            moved => Ok(moved?),
        }
    }

    fn write(&self, name: &str, bytes: Vec<u8>) -> Result<(), BackupError> {
        let target = self.root.join(name);
        self.make_room(&target)?;
        copy(bytes.as_slice(), &target)
    }

    fn remove(&self, name: &str) -> Result<(), BackupError> {
        let path = self.root.join(name);
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(BackupError::io("remove", path)(error))
            }
            _ => Ok(()),
        }
    }

    fn remove_soon(&self, name: &str) {
        if let Err(error) = self.remove(name) {
            tracing::warn!(%error, "a file that nobody needs stays");
        }
    }

    fn clear(
        &self,
        folder: &str,
        is_dead: &dyn Fn(&str, Duration) -> bool,
    ) -> Result<(), BackupError> {
        let path = self.root.join(folder);
        let entries = match std::fs::read_dir(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(BackupError::io("list", &path))?,
        };
        for entry in entries {
            let entry = entry.map_err(BackupError::io("list", &path))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let Some(name) = name.strip_prefix(AtomicFile::PREFIX) else {
                continue;
            };
            let written = entry.metadata().and_then(|metadata| metadata.modified());
            let idle = written.ok().and_then(|written| written.elapsed().ok());
            if is_dead(name, idle.unwrap_or_default()) {
                self.remove(&format!("{folder}/{}{name}", AtomicFile::PREFIX))?;
            }
        }
        Ok(())
    }
}

fn copy(mut from: impl Read, target: &Path) -> Result<(), BackupError> {
    let mut file = AtomicFile::create(target)?;
    io::copy(&mut from, &mut file).map_err(BackupError::io("write", target))?;
    Ok(file.commit()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a crash of a test loses nothing")]
    fn files_come_whole_and_go() {
        let scratch = tempfile::tempdir().unwrap();
        let place = Folder::new(scratch.path().join("place"));
        assert_eq!(place.list("segments").unwrap(), []);
        assert_eq!(place.size("segments/p/a").unwrap(), None);
        let from = scratch.path().join("made");
        std::fs::write(&from, b"hello").unwrap();
        place.put("segments/p/a", &from).unwrap();
        std::fs::write(scratch.path().join("place/segments/p/.tmp-b"), b"half").unwrap();
        let listed = place.list("segments").unwrap();
        let (name, size) = ("segments/p/a".to_owned(), 5);
        assert_eq!(listed, [StoredFile { name, size }]);
        let mut bytes = Vec::new();
        let mut file = place.open("segments/p/a").unwrap();
        file.read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes, b"hello");
        place.write("segments/p/b", b"bytes".to_vec()).unwrap();
        assert_eq!(place.size("segments/p/b").unwrap(), Some(5));
        let never = |_: &str, _: Duration| false;
        place.clear("segments/p", &never).unwrap();
        assert!(scratch.path().join("place/segments/p/.tmp-b").exists());
        let b = |name: &str, _: Duration| name.starts_with('b');
        place.clear("segments/p", &b).unwrap();
        place.clear("segments/q", &b).unwrap();
        assert!(!scratch.path().join("place/segments/p/.tmp-b").exists());
        assert_eq!(place.size("segments/p/b").unwrap(), Some(5));
        place.remove("segments/p/a").unwrap();
        place.remove("segments/p/a").unwrap();
        let gone = place.open("segments/p/a");
        assert!(matches!(gone, Err(BackupError::MissingFile { .. })));
    }
}
