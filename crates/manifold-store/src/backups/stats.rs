//! What the backups of a project, or of all, come to.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use entity_core::backups;
use entity_core::enums::BackupState;

/// What some backups come to. Only complete ones count, but for those that failed or are being made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BackupStats {
    /// Complete backups.
    pub count: u64,
    /// The size of all their files, in bytes.
    pub bytes: u64,
    /// The same for each type that there is, by its name.
    pub types: BTreeMap<String, TypeStats>,
    /// When the oldest was made.
    pub oldest_at: Option<DateTime<Utc>>,
    /// When the newest was made.
    pub newest_at: Option<DateTime<Utc>>,
    /// How many were verified, and were not found damaged since.
    pub verified: u64,
    /// When one was last verified.
    pub last_verified_at: Option<DateTime<Utc>>,
    /// How many were really restored, and were not found damaged since.
    pub proven: u64,
    /// When one was last really restored.
    pub last_proven_restore_at: Option<DateTime<Utc>>,
    /// Backups that failed.
    pub failed: u64,
    /// When the last one failed.
    pub last_failed_at: Option<DateTime<Utc>>,
    /// Backups that are being made.
    pub running: u64,
}

/// What the backups of one type come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TypeStats {
    /// Complete backups.
    pub count: u64,
    /// The size of all their files, in bytes.
    pub bytes: u64,
}

impl BackupStats {
    /// What these backups come to.
    pub fn of<'a>(backups: impl IntoIterator<Item = &'a backups::Model>) -> Self {
        let mut stats = Self::default();
        for backup in backups {
            stats.add(backup);
        }
        stats
    }

    fn add(&mut self, backup: &backups::Model) {
        match backup.state {
            BackupState::Running => self.running += 1,
            BackupState::Failed => {
                self.failed += 1;
                let failed = backup.completed_at.unwrap_or(backup.created_at);
                self.last_failed_at = self.last_failed_at.max(Some(failed));
            }
            BackupState::Completed => self.add_complete(backup),
            BackupState::Deleting => {}
        }
    }

    fn add_complete(&mut self, backup: &backups::Model) {
        let bytes = backup.size_bytes.unwrap_or_default().unsigned_abs();
        self.count += 1;
        self.bytes += bytes;
        let of_type = self.types.entry(backup.r#type.to_string()).or_default();
        of_type.count += 1;
        of_type.bytes += bytes;
        let made = backup.created_at;
        self.oldest_at = Some(self.oldest_at.map_or(made, |oldest| oldest.min(made)));
        self.newest_at = self.newest_at.max(Some(made));
        self.verified += u64::from(backup.verified_at.is_some());
        self.last_verified_at = self.last_verified_at.max(backup.verified_at);
        self.proven += u64::from(backup.last_proven_restore_at.is_some());
        self.last_proven_restore_at = self
            .last_proven_restore_at
            .max(backup.last_proven_restore_at);
    }
}

#[cfg(test)]
mod tests {
    use entity_core::enums::BackupType;

    use super::*;

    fn backup(state: BackupState, backup_type: BackupType, day: u32) -> backups::Model {
        let at = format!("2026-11-{day:02}T00:00:00Z").parse().unwrap();
        backups::Model {
            id: format!("b{day}"),
            project_id: Some("p".to_owned()),
            r#type: backup_type,
            state,
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
            verified_at: (day > 2).then_some(at),
            created_at: at,
            completed_at: Some(at),
            last_proven_restore_at: (day == 3).then_some(at),
        }
    }

    #[test]
    fn only_complete_backups_count() {
        let all = [
            backup(BackupState::Completed, BackupType::Csv, 4),
            backup(BackupState::Completed, BackupType::Full, 3),
            backup(BackupState::Completed, BackupType::Csv, 2),
            backup(BackupState::Failed, BackupType::Csv, 5),
            backup(BackupState::Failed, BackupType::Csv, 1),
            backup(BackupState::Running, BackupType::Csv, 6),
        ];
        let stats = BackupStats::of(&all);
        assert_eq!((stats.count, stats.bytes), (3, 30));
        assert_eq!((stats.failed, stats.running), (2, 1));
        assert_eq!((stats.verified, stats.proven), (2, 1));
        assert_eq!(stats.oldest_at, Some(all[2].created_at));
        assert_eq!(stats.newest_at, Some(all[0].created_at));
        assert_eq!(stats.last_verified_at, Some(all[0].created_at));
        assert_eq!(stats.last_proven_restore_at, Some(all[1].created_at));
        assert_eq!(stats.last_failed_at, Some(all[3].created_at));
        let csv = TypeStats {
            count: 2,
            bytes: 20,
        };
        assert_eq!(stats.types["csv"], csv);
        assert_eq!(BackupStats::of([]), BackupStats::default());
    }
}
