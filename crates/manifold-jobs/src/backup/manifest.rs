//! What a backup says of itself.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use chrono::{DateTime, Utc};
use entity_core::TableCount;
use entity_core::enums::BackupType;
use manifold_store::{BackupTotals, Expected};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::BackupError;
use super::file_sink::hash_text;

/// The format of backups that this program writes, and the newest it reads. Version 0 is not promised: a
/// later program may refuse it.
pub const FORMAT_VERSION: u64 = 0;

const FORMAT: &str = "manifold-backup";
const NOTE: &str =
    "format version 0 may change without notice; restore it with the program that made it";

/// The largest manifest that is read, in bytes.
const LARGEST: u64 = 64 << 20;

/// What a backup says of itself: the content of its `manifest.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The backup's id.
    pub id: String,
    /// What was saved.
    pub project: SavedProject,
    /// How it was saved.
    #[serde(rename = "type")]
    pub backup_type: BackupType,
    /// The number of migrations that made the project's schema.
    pub schema_version: i64,
    /// The program that made the backup.
    pub program_version: String,
    /// The SQLite that it used.
    pub sqlite_version: String,
    /// When the state was taken.
    pub created_at: DateTime<Utc>,
    /// Whether rows were saved, or the catalogue alone.
    pub with_data: bool,
    /// Whether the files are compressed with zstd.
    pub compressed: bool,
    /// What it is for.
    pub description: Option<String>,
    /// Data sources.
    pub data_source_count: i64,
    /// Snapshots of all of them.
    pub snapshot_count: i64,
    /// Stored row versions of all of them.
    pub total_records: i64,
    /// Each saved table with its rows and their logical hash.
    pub tables: Vec<TableCount>,
    /// The highest number that each table has given to a row by itself; a program before this field was there saved
    /// none.
    #[serde(default)]
    pub sequences: BTreeMap<String, i64>,
    /// Each file with its size in bytes and its hash.
    pub files: Vec<ManifestFile>,
}

/// The project that a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedProject {
    /// Its id.
    pub id: String,
    /// Its name at that time.
    pub name: String,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Its name in the folder.
    pub name: String,
    /// Its size, in bytes.
    pub size: u64,
    /// The BLAKE3 of its bytes.
    pub hash: String,
}

impl Manifest {
    /// The name of the file.
    pub const NAME: &'static str = "manifest.json";

    /// The bytes of the file. They end with a checksum over everything else, since nothing but the manifest
    /// itself says what should be in it.
    pub(super) fn sealed(&self) -> io::Result<Vec<u8>> {
        let mut document = serde_json::Map::new();
        document.insert("format".to_owned(), FORMAT.into());
        document.insert("format_version".to_owned(), FORMAT_VERSION.into());
        document.insert("note".to_owned(), NOTE.into());
        if let Json::Object(fields) = serde_json::to_value(self)? {
            document.extend(fields);
        }
        let checksum = checksum(&Json::Object(document.clone()));
        document.insert("checksum".to_owned(), checksum.into());
        let mut bytes = serde_json::to_vec_pretty(&Json::Object(document))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads the manifest of a folder and checks that it is what was written.
    pub(super) fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(Self::NAME);
        let size = match std::fs::symlink_metadata(&path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::NotABackup {
                    path: folder.to_owned(),
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(BackupError::NotABackup {
                    path: folder.to_owned(),
                });
            }
            Err(error) => return Err(BackupError::io("read", path)(error)),
        };
        if size > LARGEST {
            return Err(BackupError::damaged(
                &path,
                format!("it has {size} bytes, which no manifest has"),
            ));
        }
        let bytes = std::fs::read(&path).map_err(BackupError::io("read", &path))?;
        Self::parse(&bytes, &path)
    }

    fn parse(bytes: &[u8], path: &Path) -> Result<Self, BackupError> {
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
        let manifest: Self = serde_json::from_value(document)
            .map_err(|error| damaged(format!("a field is not as it must be: {error}")))?;
        match manifest
            .files
            .iter()
            .find(|file| !is_plain_name(&file.name))
        {
            Some(file) => Err(damaged(format!(
                "`{}` is not the name of a file in a backup",
                file.name
            ))),
            None => Ok(manifest),
        }
    }

    /// What must come back when it is restored.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected {
            project_id: self.project.id.clone(),
            schema_version: self.schema_version,
            tables: self.tables.clone(),
            sequences: self.sequences.clone(),
        }
    }

    /// What the hub keeps of it.
    #[must_use]
    pub fn totals(&self) -> BackupTotals {
        BackupTotals {
            size_bytes: self.files.iter().map(|file| file.size).sum(),
            data_source_count: self.data_source_count,
            snapshot_count: self.snapshot_count,
            total_records: self.total_records,
            tables: entity_core::TableCounts(self.tables.clone()),
        }
    }
}

fn checksum(document: &Json) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(document.to_string().as_bytes());
    hash_text(&hasher)
}

/// A file directly in the folder, not hidden: nothing that leads elsewhere.
fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(['/', '\\', '\0', ':'])
        && name != Manifest::NAME
}
