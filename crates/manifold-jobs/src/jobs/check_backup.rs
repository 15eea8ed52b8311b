//! Checks a backup of a project or of the whole store, another one each time.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use entity_core::backups;
use entity_core::enums::{BackupState, LogLevel};
use manifold_store::ProjectId;
use serde::{Deserialize, Serialize};

use super::verify_backup::{Depth, verify};
use crate::backup::{BackupPlace, BackupsOf, Verification};
use crate::{Job, JobContext, JobError};

/// Checks the backup of a project, or of the whole store, that was not checked for the longest time; for a schedule. Damage is an error of the job,
/// and so is that there is no complete backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckBackup {
    /// The project; the whole store if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<ProjectId>,
    /// Whether the backup is really restored, where nobody sees it; else it is read back.
    #[serde(default)]
    pub drill: bool,
}

/// The backup that was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckedBackup {
    /// Its id.
    pub backup_id: String,
    /// What was found out.
    #[serde(flatten)]
    pub verification: Verification,
}

impl Job for CheckBackup {
    const KIND: &'static str = "check_backup";
    const MAX_ATTEMPTS: i64 = 3;

    type Output = CheckedBackup;

    async fn run(&self, context: &JobContext) -> Result<CheckedBackup, JobError> {
        let (of, what) = match &self.project_id {
            Some(project) => (BackupsOf::Project(project), format!("project {project}")),
            None => (BackupsOf::Store, "the whole store".to_owned()),
        };
        let listed = of.list(context.manager()).await?;
        let due = next(&listed, self.drill).ok_or_else(|| {
            let message = format!("there is no complete backup of {what} to check; make one");
            JobError::failed("not_found", &message)
        })?;
        context.log(LogLevel::Info, format!("checking backup {}", due.id));
        let place = BackupPlace::Id(due.id.clone());
        let depth = if self.drill { Depth::Drill } else { Depth::All };
        let verification = verify(context, &place, depth).await?;
        if let Some(wrong) = verification.checks.iter().find(|check| !check.ok) {
            let message = format!(
                "backup {} is damaged ({}: {}); make another",
                due.id, wrong.name, wrong.detail
            );
            return Err(JobError::failed("backup_damaged", &message));
        }
        Ok(CheckedBackup {
            backup_id: due.id.clone(),
            verification,
        })
    }
}

/// The complete backup that was not checked for the longest time: first those that never were, of these the newest.
fn next(newest_first: &[backups::Model], drill: bool) -> Option<&backups::Model> {
    let checked = |backup: &backups::Model| -> Option<DateTime<Utc>> {
        if drill {
            backup.last_proven_restore_at
        } else {
            backup.verified_at
        }
    };
    let complete = newest_first
        .iter()
        .filter(|backup| backup.state == BackupState::Completed);
    complete.min_by_key(|backup| (checked(backup), Reverse(backup.created_at)))
}

#[cfg(test)]
mod tests {
    use entity_core::enums::BackupType;

    use super::*;

    fn backup(id: &str, day: u32, verified: Option<u32>, proven: Option<u32>) -> backups::Model {
        let at = |day: u32| format!("2026-11-{day:02}T00:00:00Z").parse().unwrap();
        backups::Model {
            id: id.to_owned(),
            project_id: Some("p".to_owned()),
            r#type: BackupType::Csv,
            state: BackupState::Completed,
            location: "/b".to_owned(),
            size_bytes: Some(10),
            data_source_count: None,
            snapshot_count: None,
            total_records: None,
            tables: None,
            compressed: false,
            with_data: true,
            description: None,
            job_id: None,
            error: None,
            verified_at: verified.map(at),
            created_at: at(day),
            completed_at: None,
            last_proven_restore_at: proven.map(at),
        }
    }

    #[test]
    fn what_was_never_checked_comes_first_and_then_what_waits_longest() {
        let mut failed = backup("failed", 9, None, None);
        failed.state = BackupState::Failed;
        let all = [
            failed,
            backup("newest", 8, Some(10), Some(12)),
            backup("newer", 7, None, None),
            backup("old", 6, None, Some(11)),
            backup("oldest", 5, Some(9), None),
        ];
        let id = |among: &[backups::Model], drill| next(among, drill).map(|row| row.id.clone());
        assert_eq!(id(&all, false).as_deref(), Some("newer"));
        assert_eq!(id(&all, true).as_deref(), Some("newer"));
        let all: Vec<_> = all.into_iter().filter(|row| row.id != "newer").collect();
        assert_eq!(id(&all, false).as_deref(), Some("old"));
        assert_eq!(id(&all, true).as_deref(), Some("oldest"));
        let checked: Vec<_> = all
            .into_iter()
            .filter(|row| ["newest", "failed"].contains(&row.id.as_str()))
            .collect();
        assert_eq!(id(&checked, true).as_deref(), Some("newest"));
        assert_eq!(id(&checked[..1], true), None, "it failed");
    }
}
