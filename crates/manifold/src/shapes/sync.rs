//! A source that can be synced.

use chrono::{DateTime, Utc};
use entity_project::enums::{SourceStatus, SourceType};
use entity_project::{data_sources, sync_states};
use manifold_jobs::sync::open_conflicts;
use manifold_store::ProjectId;
use serde::Serialize;
use serde_json::Value as Json;

use super::schedule::ScheduleShape;
use crate::table::{self, Align};
use crate::units;

/// A source that can be synced, with how far it was and when it will be.
#[derive(Debug, Serialize)]
pub(crate) struct SyncShape {
    project_id: String,
    #[serde(skip)]
    project: String,
    source_id: String,
    source_name: String,
    r#type: SourceType,
    status: SourceStatus,
    enabled: bool,
    last_sync_at: Option<DateTime<Utc>>,
    /// What the last pull left; null before the first one.
    last: Option<LastPull>,
    schedules: Vec<ScheduleShape>,
}

/// What the last pull left.
#[derive(Debug, Serialize)]
struct LastPull {
    job_id: String,
    snapshot_id: String,
    cursor: Option<Json>,
    inserted: i64,
    updated: i64,
    deleted: i64,
    conflicts: usize,
    pulled_at: DateTime<Utc>,
}

impl SyncShape {
    /// The shape of a source of the project of this name.
    pub(crate) fn new(
        project_id: &ProjectId,
        project: &str,
        source: data_sources::Model,
        state: Option<sync_states::Model>,
        schedules: Vec<ScheduleShape>,
    ) -> Self {
        Self {
            project_id: project_id.to_string(),
            project: project.to_owned(),
            source_id: source.id,
            source_name: source.name,
            r#type: source.r#type,
            status: source.status,
            enabled: source.enabled,
            last_sync_at: source.last_sync_at,
            last: state.map(|state| LastPull {
                job_id: state.job_id,
                snapshot_id: state.snapshot_id,
                cursor: state.cursor,
                inserted: state.inserted,
                updated: state.updated,
                deleted: state.deleted,
                conflicts: state.conflicts.as_ref().map_or(0, open_conflicts),
                pulled_at: state.pulled_at,
            }),
            schedules,
        }
    }

    /// A line for each source.
    pub(crate) fn table(syncs: &[Self]) -> String {
        let header = [
            ("project", Align::Left),
            ("source", Align::Left),
            ("status", Align::Left),
            ("last sync", Align::Left),
            ("inserted", Align::Right),
            ("updated", Align::Right),
            ("deleted", Align::Right),
            ("next", Align::Left),
        ];
        let rows = syncs.iter().map(|sync| {
            let number = |of: fn(&LastPull) -> i64| {
                let last = sync.last.as_ref();
                last.map_or_else(|| "-".to_owned(), |last| units::number(of(last)))
            };
            let next = sync.schedules.iter().map(ScheduleShape::next);
            let next = next.collect::<Vec<_>>().join(", ");
            vec![
                sync.project.clone(),
                sync.source_name.clone(),
                sync.status.to_string(),
                units::time_or_dash(sync.last_sync_at),
                number(|last| last.inserted),
                number(|last| last.updated),
                number(|last| last.deleted),
                if next.is_empty() {
                    "-".to_owned()
                } else {
                    next
                },
            ]
        });
        table::table(&header, rows)
    }
}
