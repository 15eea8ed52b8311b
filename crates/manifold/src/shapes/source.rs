//! A data source.

use chrono::{DateTime, Utc};
use entity_project::data_sources;
use entity_project::enums::{SourceStatus, SourceType};
use serde::Serialize;

use crate::table::{self, Align};
use crate::units;

/// A data source of a project.
#[derive(Debug, Serialize)]
pub(crate) struct SourceShape {
    pub(crate) id: String,
    project_id: String,
    pub(crate) name: String,
    pub(crate) view_name: String,
    description: Option<String>,
    r#type: SourceType,
    config: serde_json::Value,
    status: SourceStatus,
    enabled: bool,
    key_columns: Vec<String>,
    latest_snapshot_id: Option<String>,
    last_sync_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl SourceShape {
    /// The shape of a row of the project with the id of its latest snapshot.
    pub(crate) fn new(
        row: data_sources::Model,
        project_id: &str,
        latest_snapshot_id: Option<String>,
    ) -> Self {
        Self {
            project_id: project_id.to_owned(),
            id: row.id,
            name: row.name,
            view_name: row.view_name,
            description: row.description,
            r#type: row.r#type,
            config: row.config,
            status: row.status,
            enabled: row.enabled,
            key_columns: row.key_columns.0,
            latest_snapshot_id,
            last_sync_at: row.last_sync_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// A line for each source.
    pub(crate) fn table(sources: &[Self]) -> String {
        let header = [
            ("name", Align::Left),
            ("type", Align::Left),
            ("status", Align::Left),
            ("key", Align::Left),
            ("last sync", Align::Left),
            ("id", Align::Left),
        ];
        let rows = sources.iter().map(|source| {
            vec![
                source.name.clone(),
                source.r#type.to_string(),
                source.status.to_string(),
                source.key(),
                units::time_or_dash(source.last_sync_at),
                source.id.clone(),
            ]
        });
        table::table(&header, rows)
    }

    /// A line for each field.
    pub(crate) fn fields(&self) -> String {
        let dash = || "-".to_owned();
        table::fields(&[
            ("name", self.name.clone()),
            ("id", self.id.clone()),
            ("view", self.view_name.clone()),
            ("type", self.r#type.to_string()),
            ("config", self.config.to_string()),
            ("status", self.status.to_string()),
            ("key", self.key()),
            (
                "latest",
                self.latest_snapshot_id.clone().unwrap_or_else(dash),
            ),
            ("last sync", units::time_or_dash(self.last_sync_at)),
            ("created", units::time(self.created_at)),
        ])
    }

    fn key(&self) -> String {
        if self.key_columns.is_empty() {
            "-".to_owned()
        } else {
            self.key_columns.join(", ")
        }
    }
}
