//! What backups come to.

use chrono::{DateTime, Utc};
use manifold_store::BackupStats;
use serde::Serialize;

use crate::shapes::backup::WHOLE_STORE;
use crate::table::{self, Align};
use crate::units;

/// What the backups of a project come to, or those of all.
#[derive(Debug, Serialize)]
pub(crate) struct BackupStatsShape {
    /// `project`, or `store` for those of the whole store.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<&'static str>,
    project_id: Option<String>,
    project_name: Option<String>,
    count: u64,
    size_bytes: u64,
    types: Vec<TypeShape>,
    oldest_at: Option<DateTime<Utc>>,
    newest_at: Option<DateTime<Utc>>,
    verified: u64,
    last_verified_at: Option<DateTime<Utc>>,
    proven: u64,
    last_proven_restore_at: Option<DateTime<Utc>>,
    failed: u64,
    last_failed_at: Option<DateTime<Utc>>,
    running: u64,
}

/// What the backups of one type come to.
#[derive(Debug, Serialize)]
struct TypeShape {
    r#type: String,
    count: u64,
    size_bytes: u64,
}

impl BackupStatsShape {
    /// The shape of what all backups come to.
    pub(crate) fn total(stats: BackupStats) -> Self {
        Self {
            scope: None,
            project_id: None,
            project_name: None,
            count: stats.count,
            size_bytes: stats.bytes,
            types: stats
                .types
                .into_iter()
                .map(|(r#type, of_type)| TypeShape {
                    r#type,
                    count: of_type.count,
                    size_bytes: of_type.bytes,
                })
                .collect(),
            oldest_at: stats.oldest_at,
            newest_at: stats.newest_at,
            verified: stats.verified,
            last_verified_at: stats.last_verified_at,
            proven: stats.proven,
            last_proven_restore_at: stats.last_proven_restore_at,
            failed: stats.failed,
            last_failed_at: stats.last_failed_at,
            running: stats.running,
        }
    }

    /// The shape of what the backups of one project come to, which may be gone, or those of the whole store if there is no
    /// id.
    pub(crate) fn of_project(stats: BackupStats, id: Option<String>, name: Option<String>) -> Self {
        Self {
            scope: Some(if id.is_some() { "project" } else { "store" }),
            project_id: id,
            project_name: name,
            ..Self::total(stats)
        }
    }

    /// A line for each project, and one for all.
    pub(crate) fn table(projects: &[Self], total: &Self) -> String {
        let header = [
            ("project", Align::Left),
            ("backups", Align::Right),
            ("size", Align::Right),
            ("types", Align::Left),
            ("newest", Align::Left),
            ("oldest", Align::Left),
            ("last verified", Align::Left),
            ("restore proven", Align::Left),
            ("failed", Align::Right),
        ];
        let all = (projects.len() > 1).then_some(total);
        table::table(&header, projects.iter().chain(all).map(Self::line))
    }

    fn line(&self) -> Vec<String> {
        let types = self.types.iter();
        let types: Vec<_> = types
            .map(|of_type| format!("{} {}", of_type.count, of_type.r#type))
            .collect();
        let project = self.project_name.clone().or(self.project_id.clone());
        vec![
            project.unwrap_or_else(|| match self.scope {
                Some(_) => WHOLE_STORE.to_owned(),
                None => "all".to_owned(),
            }),
            number(self.count),
            units::size(self.size_bytes),
            types.join(", "),
            units::time_or_dash(self.newest_at),
            units::time_or_dash(self.oldest_at),
            units::time_or_dash(self.last_verified_at),
            units::time_or_dash(self.last_proven_restore_at),
            number(self.failed),
        ]
    }
}

fn number(value: u64) -> String {
    units::number(i64::try_from(value).unwrap_or(i64::MAX))
}
