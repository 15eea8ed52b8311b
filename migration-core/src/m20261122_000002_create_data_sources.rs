//! Creates `data_sources`: an index of every project's sources, rebuilt from the projects. Ids are unique within a project only.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const TYPES: [&str; 4] = ["file", "http", "database", "sqlite"];
pub(crate) const STATUSES: [&str; 4] = ["idle", "ok", "error", "disabled"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(DataSources::Table)
                    .col(text(DataSources::ProjectId))
                    .col(text(DataSources::Id))
                    .col(text(DataSources::Name))
                    .col(text(DataSources::NameFold))
                    .col(text(DataSources::ViewName))
                    .col(text(DataSources::Type))
                    .col(text(DataSources::Status))
                    .col(boolean(DataSources::Enabled))
                    .col(text_null(DataSources::LatestSnapshotId))
                    .col(big_integer(DataSources::SnapshotCount))
                    .col(big_integer(DataSources::RowCount))
                    .col(timestamp_with_time_zone_null(DataSources::LastSyncAt))
                    .col(timestamp_with_time_zone(DataSources::CreatedAt))
                    .col(timestamp_with_time_zone(DataSources::UpdatedAt))
                    .primary_key(
                        Index::create()
                            .col(DataSources::ProjectId)
                            .col(DataSources::Id),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_data_sources_project_id")
                            .from(DataSources::Table, DataSources::ProjectId)
                            .to(Projects::Table, Projects::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check((
                        "ck_data_sources_type",
                        Expr::col(DataSources::Type).is_in(TYPES),
                    ))
                    .check((
                        "ck_data_sources_status",
                        Expr::col(DataSources::Status).is_in(STATUSES),
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_data_sources_project_id_name_fold")
                    .table(DataSources::Table)
                    .col(DataSources::ProjectId)
                    .col(DataSources::NameFold)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(DataSources::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    ProjectId,
    Id,
    Name,
    NameFold,
    ViewName,
    Type,
    Status,
    Enabled,
    LatestSnapshotId,
    SnapshotCount,
    RowCount,
    LastSyncAt,
    CreatedAt,
    UpdatedAt,
}

#[derive(DeriveIden)]
enum Projects {
    Table,
    Id,
}
