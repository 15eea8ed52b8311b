//! A project in the trash.

use chrono::{DateTime, Utc};
use manifold_store::{Projects, Timestamp, TrashedProject};
use serde::Serialize;

use super::project::ProjectShape;
use crate::table::{self, Align};
use crate::units;

/// A project in the trash.
#[derive(Debug, Serialize)]
pub(crate) struct TrashedShape {
    pub(crate) project: ProjectShape,
    deleted_at: Option<DateTime<Utc>>,
    expires_at: DateTime<Utc>,
    expired: bool,
    pub(crate) size_bytes: u64,
}

impl TrashedShape {
    /// The shape of a project in the trash.
    pub(crate) fn new(trashed: TrashedProject, projects: &Projects) -> Self {
        Self {
            deleted_at: trashed.project.trashed_at,
            expires_at: trashed.expires_at,
            expired: trashed.is_expired(Timestamp::now()),
            size_bytes: trashed.size_bytes,
            project: ProjectShape::new(trashed.project, projects),
        }
    }

    /// A line for each project.
    pub(crate) fn table(trash: &[Self]) -> String {
        let header = [
            ("name", Align::Left),
            ("deleted", Align::Left),
            ("kept until", Align::Left),
            ("rows", Align::Right),
            ("size", Align::Right),
            ("id", Align::Left),
        ];
        let rows = trash.iter().map(|trashed| {
            vec![
                trashed.project.name.clone(),
                units::time_or_dash(trashed.deleted_at),
                units::time(trashed.expires_at),
                units::number(trashed.project.row_count()),
                units::size(trashed.size_bytes),
                trashed.project.id.clone(),
            ]
        });
        table::table(&header, rows)
    }
}

/// What is in the trash, in numbers.
#[derive(Debug, Serialize)]
pub(crate) struct TrashTotals {
    projects: usize,
    size_bytes: u64,
    expired: usize,
    expired_size_bytes: u64,
    oldest_deleted_at: Option<DateTime<Utc>>,
    keep_days: u32,
}

impl TrashTotals {
    /// The numbers of a trash.
    pub(crate) fn of(trash: &[TrashedShape], keep_days: u32) -> Self {
        let expired = || trash.iter().filter(|trashed| trashed.expired);
        Self {
            projects: trash.len(),
            size_bytes: trash.iter().map(|trashed| trashed.size_bytes).sum(),
            expired: expired().count(),
            expired_size_bytes: expired().map(|trashed| trashed.size_bytes).sum(),
            oldest_deleted_at: trash.iter().filter_map(|trashed| trashed.deleted_at).min(),
            keep_days,
        }
    }

    /// A line for each number.
    pub(crate) fn fields(&self) -> String {
        let size = |projects: usize, bytes| format!("{projects} ({})", units::size(bytes));
        table::fields(&[
            ("projects", size(self.projects, self.size_bytes)),
            ("expired", size(self.expired, self.expired_size_bytes)),
            ("oldest", units::time_or_dash(self.oldest_deleted_at)),
            ("kept", units::count(self.keep_days.into(), "day")),
        ])
    }
}
