//! What a project holds and what room it takes.

use chrono::{DateTime, Utc};
use entity_core::{backups, projects};
use manifold_store::{ProjectStats, SourceStats};
use serde::Serialize;

use crate::table::{self, Align};
use crate::units;

/// The stats of a project.
#[derive(Debug, Serialize)]
pub(crate) struct ProjectStatsShape {
    project_id: String,
    project_name: String,
    source_count: usize,
    snapshot_count: i64,
    row_count: i64,
    stored_row_count: Option<i64>,
    index_count: i64,
    file_bytes: u64,
    free_bytes: u64,
    log_bytes: u64,
    safety_copies_bytes: u64,
    oldest_snapshot_at: Option<DateTime<Utc>>,
    newest_snapshot_at: Option<DateTime<Utc>>,
    last_backup: Option<LastBackup>,
    sources: Vec<SourceStatsShape>,
}

/// The newest complete backup.
#[derive(Debug, Serialize)]
struct LastBackup {
    id: String,
    #[serde(rename = "type")]
    backup_type: String,
    completed_at: Option<DateTime<Utc>>,
    verified_at: Option<DateTime<Utc>>,
}

/// The stats of a source.
#[derive(Debug, Serialize)]
struct SourceStatsShape {
    id: String,
    name: String,
    view_name: String,
    row_count: i64,
    snapshot_count: i64,
    oldest_snapshot_at: Option<DateTime<Utc>>,
    newest_snapshot_at: Option<DateTime<Utc>>,
    stored_row_count: Option<i64>,
    table_bytes: Option<u64>,
    index_bytes: Option<u64>,
}

impl ProjectStatsShape {
    /// The shape of what was found in a project.
    pub(crate) fn new(row: projects::Model, stats: ProjectStats) -> Self {
        let sources: Vec<_> = stats
            .sources
            .into_iter()
            .map(SourceStatsShape::new)
            .collect();
        Self {
            project_id: row.id,
            project_name: row.name,
            source_count: sources.len(),
            snapshot_count: sources.iter().map(|source| source.snapshot_count).sum(),
            row_count: sources.iter().map(|source| source.row_count).sum(),
            stored_row_count: sources.iter().map(|source| source.stored_row_count).sum(),
            index_count: stats.index_count,
            file_bytes: stats.file_bytes,
            free_bytes: stats.free_bytes,
            log_bytes: stats.log_bytes,
            safety_copies_bytes: stats.safety_copies_bytes,
            oldest_snapshot_at: sources
                .iter()
                .filter_map(|source| source.oldest_snapshot_at)
                .min(),
            newest_snapshot_at: sources
                .iter()
                .filter_map(|source| source.newest_snapshot_at)
                .max(),
            last_backup: stats.last_backup.map(LastBackup::new),
            sources,
        }
    }

    /// A line for each field, then a table of the sources.
    pub(crate) fn text(&self) -> String {
        let backup = self.last_backup.as_ref().map_or_else(
            || "-".to_owned(),
            |backup| {
                format!(
                    "{}, {} ({})",
                    units::time_or_dash(backup.completed_at),
                    backup.backup_type,
                    backup.id
                )
            },
        );
        let fields = table::fields(&[
            ("name", self.project_name.clone()),
            ("id", self.project_id.clone()),
            ("rows", units::number(self.row_count)),
            ("stored rows", number_or_dash(self.stored_row_count)),
            ("snapshots", units::number(self.snapshot_count)),
            ("oldest", units::time_or_dash(self.oldest_snapshot_at)),
            ("newest", units::time_or_dash(self.newest_snapshot_at)),
            ("indexes", units::number(self.index_count)),
            ("file", units::size(self.file_bytes)),
            ("free pages", units::size(self.free_bytes)),
            ("log", units::size(self.log_bytes)),
            ("safety copies", units::size(self.safety_copies_bytes)),
            ("last backup", backup),
        ]);
        if self.sources.is_empty() {
            return fields;
        }
        let header = [
            ("source", Align::Left),
            ("snapshots", Align::Right),
            ("rows", Align::Right),
            ("stored rows", Align::Right),
            ("table", Align::Right),
            ("indexes", Align::Right),
            ("newest", Align::Left),
        ];
        let sources = self.sources.iter().map(|source| {
            vec![
                source.name.clone(),
                units::number(source.snapshot_count),
                units::number(source.row_count),
                number_or_dash(source.stored_row_count),
                size_or_dash(source.table_bytes),
                size_or_dash(source.index_bytes),
                units::time_or_dash(source.newest_snapshot_at),
            ]
        });
        format!("{fields}\n\n{}", table::table(&header, sources))
    }
}

impl LastBackup {
    fn new(backup: backups::Model) -> Self {
        Self {
            id: backup.id,
            backup_type: backup.r#type.to_string(),
            completed_at: backup.completed_at,
            verified_at: backup.verified_at,
        }
    }
}

impl SourceStatsShape {
    fn new(source: SourceStats) -> Self {
        Self {
            id: source.id,
            name: source.name,
            view_name: source.view_name,
            row_count: source.row_count,
            snapshot_count: source.snapshot_count,
            oldest_snapshot_at: source.oldest_snapshot_at,
            newest_snapshot_at: source.newest_snapshot_at,
            stored_row_count: source.stored.map(|stored| stored.rows),
            table_bytes: source.stored.map(|stored| stored.table_bytes),
            index_bytes: source.stored.map(|stored| stored.index_bytes),
        }
    }
}

fn number_or_dash(value: Option<i64>) -> String {
    value.map_or_else(|| "-".to_owned(), units::number)
}

fn size_or_dash(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "-".to_owned(), units::size)
}
