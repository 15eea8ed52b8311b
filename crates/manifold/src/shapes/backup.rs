//! A backup.

use chrono::{DateTime, Utc};
use entity_core::TableCount;
use entity_core::backups;
use entity_core::enums::{BackupState, BackupType};
use manifold_jobs::backup::{
    BackupSource, Location, MissingProject, Opened, Places, SavedGroup, StoreManifest,
};
use serde::Serialize;

use crate::shapes::store_parts;
use crate::table::{self, Align};
use crate::units;

/// What is shown where the name of a project would be.
pub(crate) const WHOLE_STORE: &str = "(whole store)";

/// A backup: as the hub lists it, or as its own manifest describes it.
#[derive(Debug, Serialize)]
pub(crate) struct BackupShape {
    pub(crate) id: String,
    /// `project`, or `store` for one of the whole store.
    scope: &'static str,
    pub(crate) project_id: Option<String>,
    pub(crate) project_name: Option<String>,
    r#type: BackupType,
    state: BackupState,
    pub(crate) location: String,
    pub(crate) size_bytes: Option<u64>,
    /// What no earlier backup had saved; as the manifest says, where it was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_bytes: Option<u64>,
    data_source_count: Option<i64>,
    snapshot_count: Option<i64>,
    total_records: Option<i64>,
    tables: Vec<TableCount>,
    compressed: bool,
    with_data: bool,
    description: Option<String>,
    job_id: Option<String>,
    verified_at: Option<DateTime<Utc>>,
    last_proven_restore_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    completed_at: Option<DateTime<Utc>>,
    error: Option<String>,
    /// Of a whole store, as the manifest says, where it was looked at: what was taken at one moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<SavedGroup>>,
    /// Likewise: the projects that could not be saved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) missing: Option<Vec<MissingProject>>,
}

impl BackupShape {
    /// The shape of a row of the hub, with the name that its project has, if it still has one.
    pub(crate) fn new(row: backups::Model, project_name: Option<String>) -> Self {
        Self {
            id: row.id,
            scope: scope(row.project_id.as_deref()),
            project_id: row.project_id,
            project_name,
            r#type: row.r#type,
            state: row.state,
            location: row.location,
            size_bytes: row.size_bytes.and_then(|bytes| bytes.try_into().ok()),
            new_bytes: None,
            data_source_count: row.data_source_count,
            snapshot_count: row.snapshot_count,
            total_records: row.total_records,
            tables: row.tables.map(|tables| tables.0).unwrap_or_default(),
            compressed: row.compressed,
            with_data: row.with_data,
            description: row.description,
            job_id: row.job_id,
            verified_at: row.verified_at,
            last_proven_restore_at: row.last_proven_restore_at,
            created_at: row.created_at,
            completed_at: row.completed_at,
            error: row.error,
            groups: None,
            missing: None,
        }
    }

    /// The shape of a backup that was found, of a project or of the whole store.
    pub(crate) fn of_opened(opened: &Opened) -> Self {
        match opened {
            Opened::Project(source) => Self::of_folder(source),
            Opened::Store(source) => {
                let folder = source.folder().display().to_string();
                Self::of_store(source.manifest(), folder)
            }
        }
    }

    fn of_store(manifest: &StoreManifest, location: String) -> Self {
        let totals = manifest.totals();
        Self {
            id: manifest.id.clone(),
            scope: scope(None),
            project_id: None,
            project_name: None,
            r#type: manifest.backup_type,
            state: BackupState::Completed,
            location,
            size_bytes: Some(totals.size_bytes),
            new_bytes: Some(totals.size_bytes),
            data_source_count: Some(totals.data_source_count),
            snapshot_count: Some(totals.snapshot_count),
            total_records: Some(totals.total_records),
            tables: totals.tables.0,
            compressed: manifest.compressed,
            with_data: manifest.with_data,
            description: manifest.description.clone(),
            job_id: None,
            verified_at: None,
            last_proven_restore_at: None,
            created_at: manifest.created_at,
            completed_at: None,
            error: None,
            groups: Some(manifest.groups.clone()),
            missing: Some(manifest.missing.clone()),
        }
    }

    /// The shape of a backup that was found by its folder.
    pub(crate) fn of_folder(source: &BackupSource) -> Self {
        let manifest = source.manifest();
        let totals = manifest.totals();
        Self {
            id: manifest.id.clone(),
            scope: scope(Some(&manifest.project.id)),
            project_id: Some(manifest.project.id.clone()),
            project_name: Some(manifest.project.name.clone()),
            r#type: manifest.backup_type,
            state: BackupState::Completed,
            location: source.folder().display().to_string(),
            size_bytes: Some(totals.size_bytes),
            new_bytes: Some(manifest.new_bytes()),
            data_source_count: Some(totals.data_source_count),
            snapshot_count: Some(totals.snapshot_count),
            total_records: Some(totals.total_records),
            tables: totals.tables.0,
            compressed: manifest.compressed,
            with_data: manifest.with_data,
            description: manifest.description.clone(),
            job_id: None,
            verified_at: None,
            last_proven_restore_at: None,
            created_at: manifest.created_at,
            completed_at: None,
            error: None,
            groups: None,
            missing: None,
        }
    }

    /// With what the manifest alone says, if the backup is where it should be.
    pub(crate) async fn measured(mut self, places: &Places) -> Self {
        let location = Location::from(self.location.as_str());
        if location.as_folder().is_none() {
            return self;
        }
        let places = places.clone();
        let opened = tokio::task::spawn_blocking(move || Opened::open_in(&places, &location)).await;
        match opened {
            Ok(Ok(Opened::Project(source))) if source.manifest().id == self.id => {
                self.new_bytes = Some(source.manifest().new_bytes());
            }
            Ok(Ok(Opened::Store(source))) if source.manifest().id == self.id => {
                self.groups = Some(source.manifest().groups.clone());
                self.missing = Some(source.manifest().missing.clone());
            }
            _ => {}
        }
        self
    }

    /// Whether it is one of the whole store.
    pub(crate) fn is_of_store(&self) -> bool {
        self.project_id.is_none()
    }

    /// The project's name, or its id when it has none any more; for one of the whole store, that.
    pub(crate) fn project(&self) -> &str {
        let id = self.project_id.as_deref();
        self.project_name.as_deref().or(id).unwrap_or(WHOLE_STORE)
    }

    /// What it is, in a few words: `sqlite backup of 3 sources, 5 snapshots, 1,000 rows, 1.2 MB`.
    pub(crate) fn summary(&self) -> String {
        let mut parts = Vec::new();
        let counts = [
            (self.data_source_count, "source"),
            (self.snapshot_count, "snapshot"),
            (self.total_records, "row"),
        ];
        for (count, one) in counts {
            parts.extend(count.map(|count| units::count(count, one)));
        }
        parts.extend(self.size_bytes.map(units::size));
        let data = if self.with_data { "" } else { " without data" };
        let article = match self.r#type {
            BackupType::Incremental => "an",
            BackupType::Sqlite | BackupType::Csv | BackupType::Full => "a",
        };
        let of_store = if self.is_of_store() {
            " of the whole store"
        } else {
            ""
        };
        format!(
            "{article} {} backup{data}{of_store}: {}",
            self.r#type,
            parts.join(", ")
        )
    }

    /// A line for each backup.
    pub(crate) fn table(backups: &[Self]) -> String {
        let header = [
            ("id", Align::Left),
            ("project", Align::Left),
            ("type", Align::Left),
            ("state", Align::Left),
            ("snapshots", Align::Right),
            ("rows", Align::Right),
            ("size", Align::Right),
            ("created", Align::Left),
            ("verified", Align::Left),
        ];
        let rows = backups.iter().map(|backup| {
            vec![
                backup.id.clone(),
                backup.project().to_owned(),
                backup.kind(),
                backup.state.to_string(),
                number(backup.snapshot_count),
                number(backup.total_records),
                backup.size(),
                units::time(backup.created_at),
                units::time_or_dash(backup.verified_at),
            ]
        });
        table::table(&header, rows)
    }

    /// A line for each field, then one for each table.
    pub(crate) fn fields(&self) -> String {
        let mut fields = vec![
            ("id", self.id.clone()),
            ("project", self.project().to_owned()),
            ("type", self.kind()),
            ("state", self.state.to_string()),
        ];
        fields.extend(self.error.clone().map(|error| ("error", error)));
        fields.extend(self.description.clone().map(|text| ("description", text)));
        fields.extend([
            ("folder", self.location.clone()),
            ("sources", number(self.data_source_count)),
            ("snapshots", number(self.snapshot_count)),
            ("rows", number(self.total_records)),
            ("size", self.size()),
        ]);
        if self.new_bytes != self.size_bytes {
            fields.extend(self.new_bytes.map(|bytes| ("new", units::size(bytes))));
        }
        fields.extend([
            ("created", units::time(self.created_at)),
            ("verified", units::time_or_dash(self.verified_at)),
            (
                "restore proven",
                units::time_or_dash(self.last_proven_restore_at),
            ),
        ]);
        let fields = table::fields(&fields);
        if let Some(groups) = &self.groups {
            let missing = self.missing.as_deref().unwrap_or_default();
            return format!("{fields}\n\n{}", store_parts::table(groups, missing));
        }
        if self.tables.is_empty() {
            return fields;
        }
        let header = [
            ("table", Align::Left),
            ("rows", Align::Right),
            ("logical hash", Align::Left),
        ];
        let rows = self.tables.iter().map(|table| {
            vec![
                table.name.clone(),
                units::number(table.rows),
                table.hash.clone(),
            ]
        });
        format!("{fields}\n\n{}", table::table(&header, rows))
    }

    fn kind(&self) -> String {
        let mut kind = self.r#type.to_string();
        if self.compressed {
            kind.push_str(", zstd");
        }
        if !self.with_data {
            kind.push_str(", without data");
        }
        kind
    }

    /// Its size, for people.
    pub(crate) fn size(&self) -> String {
        self.size_bytes.map_or_else(|| "-".to_owned(), units::size)
    }
}

fn scope(project: Option<&str>) -> &'static str {
    match project {
        Some(_) => "project",
        None => "store",
    }
}

fn number(value: Option<i64>) -> String {
    value.map_or_else(|| "-".to_owned(), units::number)
}
