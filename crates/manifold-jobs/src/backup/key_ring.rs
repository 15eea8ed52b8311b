//! The keys of encrypted backups that a data folder has.

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use manifold_store::AtomicFile;

use super::BackupError;
use super::folder::make_private;
use super::key::RepositoryKey;

const NOTE: &str = "# A key of encrypted backups. Keep this file to yourself.";
const PLACE: &str = "# place: ";
const READERS: &str = "# for: ";

/// The keys that a data folder keeps, each in a file that only its owner may read.
#[derive(Debug, Clone)]
pub(super) struct KeyRing {
    folder: PathBuf,
}

impl KeyRing {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The key with this id, if it is kept here.
    pub(super) fn find(&self, id: &str) -> Result<Option<RepositoryKey>, BackupError> {
        let Some(text) = self.read(id)? else {
            return Ok(None);
        };
        let path = self.path(id);
        let keys = RepositoryKey::read_all(text.as_bytes()).unwrap_or_default();
        match keys.into_iter().find(|key| key.id() == id) {
            Some(key) => Ok(Some(key)),
            None => Err(BackupError::damaged(
                &path,
                "it does not hold the key of its name",
            )),
        }
    }

    /// The key that was made for a place and for who may read what is there.
    pub(super) fn made_for(
        &self,
        place: &str,
        readers: &str,
    ) -> Result<Option<RepositoryKey>, BackupError> {
        let entries = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            entries => entries.map_err(BackupError::io("list", &self.folder))?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            let name = entry.map_err(BackupError::io("list", &self.folder))?;
            let name = name.file_name().to_string_lossy().into_owned();
            ids.extend(name.strip_suffix(".key").map(str::to_owned));
        }
        ids.sort_unstable();
        for id in ids {
            let text = self.read(&id)?.unwrap_or_default();
            let says = |what: &str, value: &str| {
                text.lines()
                    .any(|line| line.strip_prefix(what) == Some(value))
            };
            if says(PLACE, place) && says(READERS, readers) {
                return self.find(&id);
            }
        }
        Ok(None)
    }

    /// Keeps a key. It is on the disk when this returns, and only its owner may read the file.
    pub(super) fn keep(
        &self,
        key: &RepositoryKey,
        place: &str,
        readers: &str,
    ) -> Result<(), BackupError> {
        let folder = &self.folder;
        if !folder.is_dir() {
            make_private(folder, true).map_err(BackupError::io("create the folder", folder))?;
        }
        let path = self.path(key.id());
        let text = format!("{NOTE}\n{PLACE}{place}\n{READERS}{readers}\n{}", key.line());
        let mut file = AtomicFile::create(&path)?;
        file.write_all(text.as_bytes())
            .map_err(BackupError::io("write", &path))?;
        Ok(file.commit()?)
    }

    fn read(&self, id: &str) -> Result<Option<String>, BackupError> {
        let path = self.path(id);
        match std::fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(BackupError::io("read", path)(error)),
        }
    }

    fn path(&self, id: &str) -> PathBuf {
        self.folder.join(format!("{id}.key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "a crash of a test loses nothing")]
    fn keys_are_found_by_id_and_by_what_they_were_made_for() {
        let scratch = tempfile::tempdir().unwrap();
        let ring = KeyRing::new(scratch.path().join("keys"));
        assert!(ring.made_for("s3://a", "age1x").unwrap().is_none());
        let key = RepositoryKey::generate();
        ring.keep(&key, "s3://a", "age1x").unwrap();
        assert_eq!(ring.find(key.id()).unwrap().unwrap().id(), key.id());
        let found = ring.made_for("s3://a", "age1x").unwrap().unwrap();
        assert_eq!(found.id(), key.id());
        assert!(ring.made_for("s3://a", "age1y").unwrap().is_none());
        assert!(ring.find("0000").unwrap().is_none());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = ring.path(key.id());
            let mode = std::fs::metadata(path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        std::fs::write(ring.path("0000"), "AGE-SECRET-KEY-1").unwrap();
        assert!(ring.find("0000").is_err());
    }
}
