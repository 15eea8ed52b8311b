//! A project.

use chrono::{DateTime, Utc};
use entity_core::projects;
use manifold_store::Projects;
use serde::Serialize;

use crate::table::{self, Align};
use crate::units;

/// The state of a project whose file was set aside because it is damaged.
const QUARANTINED: &str = "quarantined";

/// A project, and what the hub shows of its contents.
#[derive(Debug, Serialize)]
pub(crate) struct ProjectShape {
    pub(crate) id: String,
    pub(crate) name: String,
    description: Option<String>,
    state: String,
    path: String,
    size_bytes: u64,
    source_count: i64,
    snapshot_count: i64,
    row_count: i64,
    last_proven_restore_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl ProjectShape {
    /// The shape of a row of the hub.
    pub(crate) fn new(row: projects::Model, projects: &Projects) -> Self {
        let file = projects.file(&row);
        Self {
            path: file.path.display().to_string(),
            size_bytes: file.size_bytes,
            id: row.id,
            name: row.name,
            description: row.description,
            state: if file.is_quarantined {
                QUARANTINED.to_owned()
            } else {
                row.state.to_string()
            },
            source_count: row.source_count,
            snapshot_count: row.snapshot_count,
            row_count: row.row_count,
            last_proven_restore_at: row.last_proven_restore_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    /// Whether its file was set aside because it is damaged.
    pub(crate) fn is_quarantined(&self) -> bool {
        self.state == QUARANTINED
    }

    /// A line for each project.
    pub(crate) fn table(projects: &[Self]) -> String {
        let header = [
            ("name", Align::Left),
            ("sources", Align::Right),
            ("snapshots", Align::Right),
            ("rows", Align::Right),
            ("size", Align::Right),
            ("updated", Align::Left),
            ("id", Align::Left),
        ];
        let rows = projects.iter().map(|project| {
            vec![
                project.name.clone(),
                units::number(project.source_count),
                units::number(project.snapshot_count),
                units::number(project.row_count),
                units::size(project.size_bytes),
                units::time(project.updated_at),
                project.id.clone(),
            ]
        });
        table::table(&header, rows)
    }

    /// What is in it, such as `2 sources, 5 snapshots, 3,322 rows, 1.2 MB`.
    pub(crate) fn contents(&self) -> String {
        format!(
            "{}, {}, {}, {}",
            units::count(self.source_count, "source"),
            units::count(self.snapshot_count, "snapshot"),
            units::count(self.row_count, "row"),
            units::size(self.size_bytes)
        )
    }

    /// How many rows the latest snapshots have.
    pub(crate) fn row_count(&self) -> i64 {
        self.row_count
    }

    /// A line for each field.
    pub(crate) fn fields(&self) -> String {
        table::fields(&[
            ("name", self.name.clone()),
            ("id", self.id.clone()),
            (
                "description",
                self.description.clone().unwrap_or_else(|| "-".to_owned()),
            ),
            ("sources", units::number(self.source_count)),
            ("snapshots", units::number(self.snapshot_count)),
            ("rows", units::number(self.row_count)),
            ("size", units::size(self.size_bytes)),
            ("state", self.state.clone()),
            (
                "restore proven",
                units::time_or_dash(self.last_proven_restore_at),
            ),
            ("file", self.path.clone()),
            ("created", units::time(self.created_at)),
            ("updated", units::time(self.updated_at)),
        ])
    }
}
