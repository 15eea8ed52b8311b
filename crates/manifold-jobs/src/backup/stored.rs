//! The manifest of a backup, as it is found.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::file_sink::hash_text;
use super::incremental::{SavedPart, SavedRows};
use super::key::RepositoryKey;
use super::manifest::{FORMAT, FORMAT_VERSION, Header, checksum, is_plain_name};
use super::repository::Repository;
use super::store::StoreManifest;
use super::{BackupError, Location, Manifest};

/// The largest manifest that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// The manifest of a backup, as it is found.
#[derive(Debug)]
pub(super) enum Stored {
    /// As it is.
    Open(Box<Manifest>),
    /// The backup is encrypted.
    Sealed(Header),
    /// The backup is one of a whole store.
    Store(Box<StoreManifest>),
}

impl Stored {
    /// Reads the manifest of the backup with this name, and checks that it is what was written. Blocks.
    ///
    /// # Errors
    /// [`BackupError::NotABackup`], [`BackupError::NewerFormat`], [`BackupError::Damaged`]; those of reading.
    pub(super) fn read(repository: &dyn Repository, backup: &str) -> Result<Self, BackupError> {
        let place = Location::from(repository.location()).join(backup);
        let path = place.join(Manifest::NAME).to_path();
        let bytes = match read(repository, &format!("{backup}/{}", Manifest::NAME), &path) {
            Err(BackupError::MissingFile { .. }) => {
                return Err(BackupError::NotABackup {
                    path: place.to_path(),
                });
            }
            bytes => bytes?,
        };
        let document = parse(&bytes, &path)?;
        if document.get("manifest_hash").is_some() {
            return Ok(Self::Sealed(typed(document, &path)?));
        }
        Self::of(document, &path)
    }

    /// As [`Self::read`], and opens what is encrypted with the key that `find` has for its id; returns that too. Blocks.
    ///
    /// # Errors
    /// As [`Self::read`]; [`BackupError::NoKey`] when there is none.
    pub(super) fn read_open(
        repository: &dyn Repository,
        backup: &str,
        find: impl FnOnce(&str) -> Result<Option<RepositoryKey>, BackupError>,
    ) -> Result<(Self, Option<RepositoryKey>), BackupError> {
        let header = match Self::read(repository, backup)? {
            Self::Sealed(header) => header,
            open => return Ok((open, None)),
        };
        let key = find(&header.key)?.ok_or_else(|| BackupError::NoKey {
            path: Location::from(repository.location()).join(backup).to_path(),
            key: header.key.clone(),
        })?;
        Ok((header.open(repository, backup, &key)?, Some(key)))
    }

    /// What a manifest that is not encrypted says.
    fn of(document: Json, path: &Path) -> Result<Self, BackupError> {
        if document.get("scope").is_none() {
            return Ok(Self::Open(Box::new(manifest(document, path)?)));
        }
        let manifest: StoreManifest = typed(document, path)?;
        match manifest.flaw() {
            Some(flaw) => Err(BackupError::damaged(path, flaw)),
            None => Ok(Self::Store(Box::new(manifest))),
        }
    }

    /// The backup's id.
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Open(manifest) => &manifest.id,
            Self::Sealed(header) => &header.id,
            Self::Store(manifest) => &manifest.id,
        }
    }

    /// The names of the files outside of its folder that the backup needs. A whole store shares nothing.
    pub(super) fn segment_names(&self) -> BTreeSet<String> {
        match self {
            Self::Open(manifest) => manifest.segment_names(),
            Self::Sealed(header) => header.segments.clone(),
            Self::Store(_) => BTreeSet::new(),
        }
    }
}

impl Header {
    /// Reads the encrypted manifest of the backup with this name, of whatever it is. Blocks.
    ///
    /// # Errors
    /// [`BackupError::MissingFile`], [`BackupError::Damaged`]; those of reading.
    pub(super) fn open(
        &self,
        repository: &dyn Repository,
        backup: &str,
        key: &RepositoryKey,
    ) -> Result<Stored, BackupError> {
        let place = Location::from(repository.location()).join(backup);
        let path = place.join(Manifest::SEALED).to_path();
        let damaged = |reason: &dyn ToString| BackupError::damaged(&path, reason.to_string());
        let sealed = read(repository, &format!("{backup}/{}", Manifest::SEALED), &path)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&sealed);
        if hash_text(&hasher) != self.manifest_hash {
            return Err(damaged(
                &"it is not the one that was written with this backup",
            ));
        }
        let mut bytes = Vec::new();
        let opened = key.open(sealed.as_slice());
        opened
            .and_then(|mut opened| opened.read_to_end(&mut bytes))
            .map_err(|error| damaged(&error))?;
        let opened = Stored::of(parse(&bytes, &path)?, &path)?;
        if opened.id() != self.id {
            return Err(damaged(&format!("it belongs to backup {}", opened.id())));
        }
        if opened.segment_names() != self.segments {
            return Err(damaged(&format!(
                "it needs other segments than {} says",
                Manifest::NAME
            )));
        }
        Ok(opened)
    }
}

fn read(repository: &dyn Repository, name: &str, path: &Path) -> Result<Vec<u8>, BackupError> {
    let mut bytes = Vec::new();
    repository
        .open(name)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(BackupError::io("read", path))?;
    if bytes.len() as u64 > LARGEST {
        let reason = "it has more bytes than any manifest has";
        return Err(BackupError::damaged(path, reason));
    }
    Ok(bytes)
}

/// The document without its checksum, which fits.
fn parse(bytes: &[u8], path: &Path) -> Result<Json, BackupError> {
    let damaged = |reason: String| BackupError::damaged(path, reason);
    let mut document: Json = serde_json::from_slice(bytes)
        .map_err(|error| damaged(format!("it is no JSON: {error}")))?;
    let fields = document
        .as_object_mut()
        .ok_or_else(|| damaged("it is no JSON object".to_owned()))?;
    if fields.get("format").and_then(Json::as_str) != Some(FORMAT) {
        return Err(damaged(format!(
            "it does not say that its format is {FORMAT}"
        )));
    }
    let version = fields.get("format_version").and_then(Json::as_u64);
    let version = version.ok_or_else(|| damaged("it has no format version".to_owned()))?;
    if version > FORMAT_VERSION {
        return Err(BackupError::NewerFormat {
            path: path.to_owned(),
            found: version,
            known: FORMAT_VERSION,
        });
    }
    // Taking it out of the end keeps the order of the others, over which it was made.
    let written = fields.shift_remove("checksum");
    if written.as_ref().and_then(Json::as_str) != Some(checksum(&document).as_str()) {
        return Err(damaged(
            "its content does not match its checksum".to_owned(),
        ));
    }
    Ok(document)
}

fn manifest(document: Json, path: &Path) -> Result<Manifest, BackupError> {
    let manifest: Manifest = typed(document, path)?;
    let flaw = manifest.rows.iter().find_map(SavedRows::flaw);
    if let Some(flaw) = flaw.or_else(|| manifest.parts.iter().find_map(SavedPart::flaw)) {
        return Err(BackupError::damaged(path, flaw));
    }
    let mut names = manifest.files.iter().map(|file| &file.name);
    match names.find(|name| !is_plain_name(name)) {
        Some(name) => Err(BackupError::damaged(
            path,
            format!("`{name}` is not the name of a file in a backup"),
        )),
        None => Ok(manifest),
    }
}

fn typed<T: DeserializeOwned>(document: Json, path: &Path) -> Result<T, BackupError> {
    serde_json::from_value(document).map_err(|error| {
        BackupError::damaged(path, format!("a field is not as it must be: {error}"))
    })
}
