//! A data source in the trash of its project.

use chrono::{DateTime, Utc};
use manifold_store::{Timestamp, TrashedSource};
use serde::Serialize;

use crate::table::{self, Align};
use crate::units;

/// A data source in the trash of its project.
#[derive(Debug, Serialize)]
pub(crate) struct TrashedSourceShape {
    pub(crate) id: String,
    project_id: String,
    pub(crate) name: String,
    r#type: String,
    pub(crate) snapshot_count: i64,
    pub(crate) row_count: i64,
    deleted_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    expired: bool,
}

impl TrashedSourceShape {
    /// The shape of a source in the trash of the project.
    pub(crate) fn new(trashed: TrashedSource, project_id: &str) -> Self {
        Self {
            expired: trashed.is_expired(Timestamp::now()),
            expires_at: trashed.expires_at,
            project_id: project_id.to_owned(),
            id: trashed.source.id,
            name: trashed.source.name,
            r#type: trashed.source.r#type,
            snapshot_count: trashed.source.snapshot_count,
            row_count: trashed.source.row_count,
            deleted_at: trashed.source.trashed_at,
        }
    }

    /// What it holds: `3 snapshots, 1,200 rows`.
    pub(crate) fn contents(&self) -> String {
        contents(self.snapshot_count, self.row_count)
    }

    /// A line for each source.
    pub(crate) fn table(trash: &[Self]) -> String {
        let header = [
            ("name", Align::Left),
            ("deleted", Align::Left),
            ("kept until", Align::Left),
            ("snapshots", Align::Right),
            ("rows", Align::Right),
            ("id", Align::Left),
        ];
        let rows = trash.iter().map(|trashed| {
            vec![
                trashed.name.clone(),
                units::time(trashed.deleted_at),
                units::time(trashed.expires_at),
                units::number(trashed.snapshot_count),
                units::number(trashed.row_count),
                trashed.id.clone(),
            ]
        });
        table::table(&header, rows)
    }
}

/// What a source holds, in words.
pub(crate) fn contents(snapshots: i64, rows: i64) -> String {
    format!(
        "{}, {}",
        units::count(snapshots, "snapshot"),
        units::count(rows, "row")
    )
}
