//! What a backup of a whole store says of itself.

use std::collections::BTreeMap;
use std::io;

use chrono::{DateTime, Utc};
use entity_core::TableCount;
use entity_core::enums::BackupType;
use manifold_store::{BackupTotals, ExpectedHub};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::backup::ManifestFile;
use crate::backup::manifest::{document, is_plain_name};

/// The content of the `manifest.json` of a whole store's backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreManifest {
    /// The backup's id.
    pub id: String,
    /// Always `store`: it tells this manifest from that of a project's backup.
    pub scope: Scope,
    /// How each project was saved.
    #[serde(rename = "type")]
    pub backup_type: BackupType,
    /// The number of migrations that made the hub's schema.
    pub schema_version: i64,
    /// The program that made the backup.
    pub program_version: String,
    /// The SQLite that it used.
    pub sqlite_version: String,
    /// When the hub and the first group were taken.
    pub created_at: DateTime<Utc>,
    /// Whether rows were saved, or the catalogues alone.
    pub with_data: bool,
    /// Whether the files are compressed with zstd.
    pub compressed: bool,
    /// What it is for.
    pub description: Option<String>,
    /// Data sources of all projects.
    pub data_source_count: i64,
    /// Snapshots of all projects.
    pub snapshot_count: i64,
    /// Stored row versions of all projects.
    pub total_records: i64,
    /// Each table of the hub with its rows and their logical hash.
    pub tables: Vec<TableCount>,
    /// The files of the hub.
    pub files: Vec<ManifestFile>,
    /// The names under which the files of an encrypted backup were written: the names that they have tell nothing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub names: BTreeMap<String, String>,
    /// What was taken at one moment. The hub was taken with the first of them.
    pub groups: Vec<SavedGroup>,
    /// The projects that could not be saved.
    pub missing: Vec<MissingProject>,
}

/// What a manifest is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// A whole store.
    Store,
}

/// Projects whose states are of one moment: no import is in one of them and not in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedGroup {
    /// The moment.
    pub at: DateTime<Utc>,
    /// The projects, by id.
    pub projects: Vec<StorePart>,
}

/// A project in a backup of the whole store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorePart {
    /// The project's id.
    pub id: String,
    /// Its name at that time.
    pub name: String,
    /// The folder of its own backup, in the folder of the whole.
    pub folder: String,
    /// The id of its own backup.
    pub backup_id: String,
    /// The BLAKE3 of the manifest of its own backup.
    pub manifest_hash: String,
    /// The size of its files, in bytes.
    pub size_bytes: u64,
    /// Data sources.
    pub data_source_count: i64,
    /// Snapshots of all of them.
    pub snapshot_count: i64,
    /// Stored row versions of all of them.
    pub total_records: i64,
    /// Somebody imported into it and was not waited for any longer: of this import nothing is in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub busy: bool,
}

/// A project that could not be saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingProject {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The stable name of the reason.
    pub code: String,
    /// Why not.
    pub reason: String,
}

impl StoreManifest {
    /// The name of the hub's file, without the ending of a compressed one.
    pub(super) const HUB: &'static str = "core.db";

    /// The bytes of the file, with a checksum over everything else at their end.
    pub(in crate::backup) fn sealed(&self) -> io::Result<Vec<u8>> {
        match serde_json::to_value(self)? {
            Json::Object(fields) => document(fields),
            _ => document(serde_json::Map::new()),
        }
    }

    /// What cannot be in a manifest that this program wrote.
    pub(in crate::backup) fn flaw(&self) -> Option<String> {
        let names = self.files.iter().map(|file| &file.name);
        let folders = self.parts().map(|part| &part.folder);
        let odd = names.chain(folders).find(|name| !is_plain_name(name));
        odd.map(|name| format!("`{name}` is not the name of something in a backup"))
    }

    /// The projects that are in it.
    pub fn parts(&self) -> impl Iterator<Item = &StorePart> {
        self.groups.iter().flat_map(|group| &group.projects)
    }

    /// What must come back of the hub.
    #[must_use]
    pub fn expected_hub(&self) -> ExpectedHub {
        ExpectedHub {
            schema_version: self.schema_version,
            tables: self.tables.clone(),
        }
    }

    /// What the hub keeps of it.
    #[must_use]
    pub fn totals(&self) -> BackupTotals {
        let hub: u64 = self.files.iter().map(|file| file.size).sum();
        let parts: u64 = self.parts().map(|part| part.size_bytes).sum();
        BackupTotals {
            size_bytes: hub + parts,
            data_source_count: self.data_source_count,
            snapshot_count: self.snapshot_count,
            total_records: self.total_records,
            tables: entity_core::TableCounts(self.tables.clone()),
        }
    }
}
