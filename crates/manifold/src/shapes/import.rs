//! A line of the import history.

use chrono::{DateTime, Utc};
use entity_core::enums::ImportState;
use entity_core::import_history;
use serde::Serialize;

use crate::table::{self, Align};
use crate::units;

/// A line of the import history.
#[derive(Debug, Serialize)]
pub(crate) struct ImportShape {
    id: String,
    project_id: String,
    source_id: Option<String>,
    source_name: String,
    snapshot_id: Option<String>,
    job_id: Option<String>,
    file_name: String,
    format: String,
    rows: i64,
    rejected: i64,
    state: ImportState,
    error: Option<String>,
    started_at: DateTime<Utc>,
    finished_at: Option<DateTime<Utc>>,
}

impl From<import_history::Model> for ImportShape {
    fn from(line: import_history::Model) -> Self {
        Self {
            id: line.id,
            project_id: line.project_id,
            source_id: line.source_id,
            source_name: line.source_name,
            snapshot_id: line.snapshot_id,
            job_id: line.job_id,
            file_name: line.file_name,
            format: line.format,
            rows: line.rows,
            rejected: line.rejected,
            state: line.state,
            error: line.error,
            started_at: line.started_at,
            finished_at: line.finished_at,
        }
    }
}

impl ImportShape {
    /// A line for each import.
    pub(crate) fn table(imports: &[Self]) -> String {
        let header = [
            ("started", Align::Left),
            ("file", Align::Left),
            ("source", Align::Left),
            ("state", Align::Left),
            ("rows", Align::Right),
            ("rejected", Align::Right),
            ("error", Align::Left),
        ];
        let rows = imports.iter().map(|import| {
            vec![
                units::time(import.started_at),
                import.file_name.clone(),
                import.source_name.clone(),
                import.state.to_string(),
                units::number(import.rows),
                units::number(import.rejected),
                import.error.clone().unwrap_or_default(),
            ]
        });
        table::table(&header, rows)
    }
}
