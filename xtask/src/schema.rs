//! The two schemas, and what differs between them.

use std::path::PathBuf;

use clap::ValueEnum;
use sea_orm::{DatabaseConnection, DbErr};
use sea_orm_migration::MigratorTrait;

/// Which of the two schemas a command is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Schema {
    /// The hub, `core.db`.
    Core,
    /// A spoke, `projects/*.db`.
    Project,
}

impl Schema {
    pub(crate) const ALL: [Self; 2] = [Self::Core, Self::Project];

    /// Columns whose text is one of a fixed list: table, column, enum, values.
    pub(crate) const fn enums(
        self,
    ) -> &'static [(
        &'static str,
        &'static str,
        &'static str,
        &'static [&'static str],
    )] {
        match self {
            Self::Core => migration_core::ENUMS,
            Self::Project => migration_project::ENUMS,
        }
    }

    /// JSON columns of a known shape: table, column, Rust type.
    pub(crate) const fn json_columns(
        self,
    ) -> &'static [(&'static str, &'static str, &'static str)] {
        match self {
            Self::Core => migration_core::JSON_COLUMNS,
            Self::Project => migration_project::JSON_COLUMNS,
        }
    }

    /// The folder of the entity crate's sources.
    pub(crate) fn entity_sources(self) -> PathBuf {
        let name = match self {
            Self::Core => "entity-core",
            Self::Project => "entity-project",
        };
        crate::workspace_root().join(name).join("src")
    }

    /// The trait that says an entity is stored in this kind of database.
    pub(crate) const fn entity_trait(self) -> &'static str {
        match self {
            Self::Core => "CoreEntity",
            Self::Project => "ProjectEntity",
        }
    }

    /// The hand-written modules of the entity crate, and what each offers.
    pub(crate) const fn written_modules(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Core => &[
                ("core_entity", "CoreEntity"),
                ("table_counts", "{TableCount, TableCounts}"),
            ],
            Self::Project => &[
                ("project_entity", "ProjectEntity"),
                ("string_list", "StringList"),
            ],
        }
    }

    /// What the database is, in the words of the entity crate's documentation.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Core => {
                "the hub: projects, jobs, backups, settings and an index of every project's contents"
            }
            Self::Project => "a spoke: one project's sources, snapshots, relationships and models",
        }
    }

    /// Applies all migrations that are pending.
    pub(crate) async fn up(self, connection: &DatabaseConnection) -> Result<(), DbErr> {
        match self {
            Self::Core => migration_core::Migrator::up(connection, None).await,
            Self::Project => migration_project::Migrator::up(connection, None).await,
        }
    }
}

#[cfg(test)]
mod tests;
