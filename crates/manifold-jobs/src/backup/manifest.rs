//! What a backup says of itself.

use std::collections::BTreeMap;
use std::io;

use chrono::{DateTime, Utc};
use entity_core::TableCount;
use entity_core::enums::BackupType;
use manifold_store::{BackupTotals, Expected};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::file_sink::hash_text;
use super::incremental::{SavedPart, SavedRows};

/// The format of backups that this program writes, and the newest it reads. Version 0 is not promised: a
/// later program may refuse it.
pub const FORMAT_VERSION: u64 = 0;

pub(super) const FORMAT: &str = "manifold-backup";
const NOTE: &str =
    "format version 0 may change without notice; restore it with the program that made it";

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
    /// The names under which the files of an encrypted backup were written: the names that they have tell nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// How often the project was replaced; of incremental backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_epoch: Option<i64>,
    /// The rows of each source in segments, which lie beside the folders of the backups that share them; of incremental backups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<SavedRows>,
    /// Parts of the catalogue in segments; of incremental backups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<SavedPart>,
    /// What no earlier backup had saved, in bytes; of incremental backups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_bytes: Option<u64>,
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

    /// The name of the file that holds it in an encrypted backup, where [`Self::NAME`] is the file of its [`Header`].
    pub(super) const SEALED: &'static str = "manifest.age";

    /// The bytes of the file. They end with a checksum over everything else, since nothing but the manifest
    /// itself says what should be in it.
    pub(super) fn sealed(&self) -> io::Result<Vec<u8>> {
        match serde_json::to_value(self)? {
            Json::Object(fields) => document(fields),
            _ => document(serde_json::Map::new()),
        }
    }

    /// What must come back when it is restored.
    #[must_use]
    pub fn expected(&self) -> Expected {
        Expected {
            project_id: self.project.id.clone(),
            schema_version: self.schema_version,
            tables: self.tables.clone(),
            rows: self.rows.iter().map(SavedRows::expected).collect(),
            parts: self.parts.iter().map(SavedPart::expected).collect(),
            sequences: self.sequences.clone(),
        }
    }

    /// The files outside of its folder that the backup needs. Their names are those in the place of the folder; `segments/..`.
    pub fn segments(&self) -> impl Iterator<Item = &ManifestFile> {
        let parts = self.parts.iter().map(|part| &part.segment);
        self.rows.iter().flat_map(SavedRows::segments).chain(parts)
    }

    /// The size of the files in its folder, in bytes.
    #[must_use]
    pub fn own_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// What no earlier backup had saved, in bytes: all of it, unless it shares segments.
    #[must_use]
    pub fn new_bytes(&self) -> u64 {
        self.new_bytes.unwrap_or_else(|| self.own_bytes())
    }

    /// What the hub keeps of it.
    #[must_use]
    pub fn totals(&self) -> BackupTotals {
        BackupTotals {
            size_bytes: self.own_bytes() + self.segments().map(|file| file.size).sum::<u64>(),
            data_source_count: self.data_source_count,
            snapshot_count: self.snapshot_count,
            total_records: self.total_records,
            tables: entity_core::TableCounts(self.tables.clone()),
        }
    }
}

/// What is readable of an encrypted backup without its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// The backup's id.
    pub(super) id: String,
    /// When the state was taken.
    pub(super) created_at: DateTime<Utc>,
    /// The id of the key.
    pub(super) key: String,
    /// The BLAKE3 of the encrypted manifest.
    pub(super) manifest_hash: String,
}

impl Header {
    /// The bytes of its file.
    pub(super) fn sealed(&self) -> io::Result<Vec<u8>> {
        match serde_json::to_value(self)? {
            Json::Object(fields) => document(fields),
            _ => document(serde_json::Map::new()),
        }
    }
}

/// The bytes of a document of this format with these fields.
pub(super) fn document(fields: serde_json::Map<String, Json>) -> io::Result<Vec<u8>> {
    let mut document = serde_json::Map::new();
    document.insert("format".to_owned(), FORMAT.into());
    document.insert("format_version".to_owned(), FORMAT_VERSION.into());
    document.insert("note".to_owned(), NOTE.into());
    document.extend(fields);
    let checksum = checksum(&Json::Object(document.clone()));
    document.insert("checksum".to_owned(), checksum.into());
    let mut bytes = serde_json::to_vec_pretty(&Json::Object(document))?;
    bytes.push(b'\n');
    Ok(bytes)
}

pub(super) fn checksum(document: &Json) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(document.to_string().as_bytes());
    hash_text(&hasher)
}

/// Something directly in the folder, not hidden: nothing that leads elsewhere.
pub(super) fn is_plain_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(['/', '\\', '\0', ':'])
        && name != Manifest::NAME
        && name != Manifest::SEALED
}
