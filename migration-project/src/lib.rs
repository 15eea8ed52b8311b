//! The code-first schema of a spoke: one project's sources, snapshots, relationships and models. The tables `d1`,
//! `d2`, ... that hold imported rows are made when a source is created and are not part of it.
//!
//! One change a file, each with its own frozen names; a migration that has landed never changes. The types are those
//! that SQLite and PostgreSQL read alike: 64-bit integers, text with named checks, times with a zone.
//!
//! Migrations open no transaction of their own: run [`Migrator`] inside one, with foreign keys off, and stamp the
//! database with [`VERSION`] before it commits. A crash then leaves the old schema or the new one.

use sea_orm_migration::prelude::*;

mod m20261122_000001_create_project;
mod m20261122_000002_create_data_sources;
mod m20261122_000003_create_source_columns;
mod m20261122_000004_create_snapshots;
mod m20261122_000005_create_snapshot_columns;
mod m20261122_000006_create_published;
mod m20261122_000007_create_rejected_rows;
mod m20261122_000008_create_row_quirks;
mod m20261122_000009_create_relationships;
mod m20261122_000010_create_consolidated_models;
mod m20261122_000011_create_import_history;
mod m20261122_000012_create_job_cursors;
mod m20261122_000013_create_source_indexes;
mod m20261123_000014_create_trashed_sources;
mod m20261129_000015_create_row_orders;
mod m20261129_000016_add_null_tokens_to_snapshot_columns;
mod m20261129_000017_add_profile_to_snapshot_columns;
mod m20261129_000018_create_original_parts;
mod m20261129_000019_add_typing_to_data_sources;
mod m20261129_000020_create_row_epochs;
mod m20261129_000021_create_sync_states;

/// Applies and reverts the spoke's migrations, oldest first.
#[derive(Debug, Clone, Copy)]
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_create_project::Migration),
            Box::new(m20261122_000002_create_data_sources::Migration),
            Box::new(m20261122_000003_create_source_columns::Migration),
            Box::new(m20261122_000004_create_snapshots::Migration),
            Box::new(m20261122_000005_create_snapshot_columns::Migration),
            Box::new(m20261122_000006_create_published::Migration),
            Box::new(m20261122_000007_create_rejected_rows::Migration),
            Box::new(m20261122_000008_create_row_quirks::Migration),
            Box::new(m20261122_000009_create_relationships::Migration),
            Box::new(m20261122_000010_create_consolidated_models::Migration),
            Box::new(m20261122_000011_create_import_history::Migration),
            Box::new(m20261122_000012_create_job_cursors::Migration),
            Box::new(m20261122_000013_create_source_indexes::Migration),
            Box::new(m20261123_000014_create_trashed_sources::Migration),
            Box::new(m20261129_000015_create_row_orders::Migration),
            Box::new(m20261129_000016_add_null_tokens_to_snapshot_columns::Migration),
            Box::new(m20261129_000017_add_profile_to_snapshot_columns::Migration),
            Box::new(m20261129_000018_create_original_parts::Migration),
            Box::new(m20261129_000019_add_typing_to_data_sources::Migration),
            Box::new(m20261129_000020_create_row_epochs::Migration),
            Box::new(m20261129_000021_create_sync_states::Migration),
        ]
    }
}

/// How many migrations there are: the `user_version` of an up-to-date spoke.
pub const VERSION: u32 = 21;

/// Columns whose text is one of a fixed list: table, column, name of the Rust enum, values.
///
/// Each list belongs to the migration that wrote the column's check, so the check and the enum cannot differ. A
/// migration that replaces the check brings its own list, and the entry here moves on to it.
pub const ENUMS: &[(&str, &str, &str, &[&str])] = &[
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
        "snapshot_columns",
        "type",
        "ColumnType",
        &m20261122_000005_create_snapshot_columns::TYPES,
    ),
    (
        "snapshot_columns",
        "quoting",
        "Quoting",
        &m20261122_000005_create_snapshot_columns::QUOTINGS,
    ),
    (
        "relationships",
        "cardinality",
        "Cardinality",
        &m20261122_000009_create_relationships::CARDINALITIES,
    ),
    (
        "import_history",
        "state",
        "ImportState",
        &m20261122_000011_create_import_history::STATES,
    ),
    (
        "row_epochs",
        "kind",
        "RowEpochKind",
        &m20261129_000020_create_row_epochs::KINDS,
    ),
];

/// JSON columns of a known shape: table, column, path of the Rust type inside the entity crate.
pub const JSON_COLUMNS: &[(&str, &str, &str)] = &[
    ("data_sources", "key_columns", "crate::StringList"),
    ("snapshot_columns", "null_tokens", "crate::StringList"),
    ("relationships", "from_columns", "crate::StringList"),
    ("relationships", "to_columns", "crate::StringList"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_counts_the_migrations() {
        assert_eq!(Migrator::migrations().len(), VERSION as usize);
    }
}
