//! The code-first schema of the hub: which projects exist, an index of their sources and imports, every job, every
//! backup and the settings.
//!
//! One change a file, each with its own frozen names; a migration that has landed never changes. The types are those
//! that SQLite and PostgreSQL read alike: 64-bit integers, text with named checks, times with a zone.
//!
//! Migrations open no transaction of their own: run [`Migrator`] inside one, with foreign keys off, and stamp the
//! database with [`VERSION`] before it commits. A crash then leaves the old schema or the new one.

use sea_orm_migration::prelude::*;

mod m20261122_000001_create_projects;
mod m20261122_000002_create_data_sources;
mod m20261122_000003_create_job_workers;
mod m20261122_000004_create_jobs;
mod m20261122_000005_create_job_executions;
mod m20261122_000006_create_job_logs;
mod m20261122_000007_create_backups;
mod m20261122_000008_create_app_settings;
mod m20261122_000009_create_import_history;
mod m20261122_000010_create_project_operations;
mod m20261123_000011_add_claim_columns_to_jobs;
mod m20261123_000012_create_job_lanes;
mod m20261123_000013_create_job_queues;
mod m20261123_000014_create_job_limits;
mod m20261123_000015_create_job_dependencies;
mod m20261123_000016_create_job_checkpoints;
mod m20261123_000017_add_end_reason_to_job_executions;
mod m20261123_000018_index_projects_by_state;
mod m20261123_000019_create_job_schedules;
mod m20261123_000020_add_slot_to_jobs;
mod m20261123_000021_index_jobs_by_end;
mod m20261123_000022_create_job_crews;
mod m20261123_000023_add_pace_to_jobs;
mod m20261123_000024_add_planned_for_to_jobs;
mod m20261123_000025_index_the_log;
mod m20261123_000026_add_cancel_reason_to_jobs;
mod m20261129_000028_add_last_proven_restore_at;
mod m20261129_000029_let_backups_have_no_project;

/// Applies and reverts the hub's migrations, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_create_projects::Migration),
            Box::new(m20261122_000002_create_data_sources::Migration),
            Box::new(m20261122_000003_create_job_workers::Migration),
            Box::new(m20261122_000004_create_jobs::Migration),
            Box::new(m20261122_000005_create_job_executions::Migration),
            Box::new(m20261122_000006_create_job_logs::Migration),
            Box::new(m20261122_000007_create_backups::Migration),
            Box::new(m20261122_000008_create_app_settings::Migration),
            Box::new(m20261122_000009_create_import_history::Migration),
            Box::new(m20261122_000010_create_project_operations::Migration),
            Box::new(m20261123_000011_add_claim_columns_to_jobs::Migration),
            Box::new(m20261123_000012_create_job_lanes::Migration),
            Box::new(m20261123_000013_create_job_queues::Migration),
            Box::new(m20261123_000014_create_job_limits::Migration),
            Box::new(m20261123_000015_create_job_dependencies::Migration),
            Box::new(m20261123_000016_create_job_checkpoints::Migration),
            Box::new(m20261123_000017_add_end_reason_to_job_executions::Migration),
            Box::new(m20261123_000018_index_projects_by_state::Migration),
            Box::new(m20261123_000019_create_job_schedules::Migration),
            Box::new(m20261123_000020_add_slot_to_jobs::Migration),
            Box::new(m20261123_000021_index_jobs_by_end::Migration),
            Box::new(m20261123_000022_create_job_crews::Migration),
            Box::new(m20261123_000023_add_pace_to_jobs::Migration),
            Box::new(m20261123_000024_add_planned_for_to_jobs::Migration),
            Box::new(m20261123_000025_index_the_log::Migration),
            Box::new(m20261123_000026_add_cancel_reason_to_jobs::Migration),
            Box::new(m20261129_000028_add_last_proven_restore_at::Migration),
            Box::new(m20261129_000029_let_backups_have_no_project::Migration),
        ]
    }
}

/// How many migrations there are: the `user_version` of an up-to-date hub.
pub const VERSION: u32 = 28;

/// Columns whose text is one of a fixed list: table, column, name of the Rust enum, values.
///
/// Each list belongs to the migration that wrote the column's check, so the check and the enum cannot differ. A
/// migration that replaces the check brings its own list, and the entry here moves on to it.
pub const ENUMS: &[(&str, &str, &str, &[&str])] = &[
    (
        "projects",
        "state",
        "ProjectState",
        &m20261122_000001_create_projects::STATES,
    ),
    (
        "data_sources",
        "type",
        "SourceType",
        &m20261122_000002_create_data_sources::TYPES,
    ),
    (
        "data_sources",
        "status",
        "SourceStatus",
        &m20261122_000002_create_data_sources::STATUSES,
    ),
    (
        "jobs",
        "state",
        "JobState",
        &m20261122_000004_create_jobs::STATES,
    ),
    (
        "job_executions",
        "state",
        "ExecutionState",
        &m20261122_000005_create_job_executions::STATES,
    ),
    (
        "job_executions",
        "end_reason",
        "EndReason",
        &m20261123_000017_add_end_reason_to_job_executions::END_REASONS,
    ),
    (
        "job_logs",
        "level",
        "LogLevel",
        &m20261122_000006_create_job_logs::LEVELS,
    ),
    (
        "job_schedules",
        "missed_policy",
        "MissedPolicy",
        &m20261123_000019_create_job_schedules::MISSED_POLICIES,
    ),
    (
        "job_schedules",
        "overlap_policy",
        "OverlapPolicy",
        &m20261123_000019_create_job_schedules::OVERLAP_POLICIES,
    ),
    (
        "job_schedules",
        "skip_reason",
        "SkipReason",
        &m20261123_000019_create_job_schedules::SKIP_REASONS,
    ),
    (
        "backups",
        "type",
        "BackupType",
        &m20261129_000029_let_backups_have_no_project::TYPES,
    ),
    (
        "backups",
        "state",
        "BackupState",
        &m20261129_000029_let_backups_have_no_project::STATES,
    ),
    (
        "import_history",
        "state",
        "ImportState",
        &m20261122_000009_create_import_history::STATES,
    ),
    (
        "project_operations",
        "kind",
        "OperationKind",
        &m20261122_000010_create_project_operations::KINDS,
    ),
    (
        "project_operations",
        "state",
        "OperationState",
        &m20261122_000010_create_project_operations::STATES,
    ),
];

/// JSON columns of a known shape: table, column, path of the Rust type inside the entity crate.
pub const JSON_COLUMNS: &[(&str, &str, &str)] = &[("backups", "tables", "crate::TableCounts")];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_counts_the_migrations() {
        assert_eq!(Migrator::migrations().len(), VERSION as usize);
    }
}
