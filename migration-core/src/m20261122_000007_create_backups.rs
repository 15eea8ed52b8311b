//! Creates `backups`: the catalogue of backups. `project_id` is no foreign key: a backup outlives its project.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const TYPES: [&str; 4] = ["csv", "sqlite", "full", "incremental"];
pub(crate) const STATES: [&str; 3] = ["running", "completed", "failed"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Backups::Table)
                    .col(text(Backups::Id).primary_key())
                    .col(text(Backups::ProjectId))
                    .col(text(Backups::Type))
                    .col(text(Backups::State))
                    .col(text(Backups::Location))
                    .col(big_integer_null(Backups::SizeBytes))
                    .col(big_integer_null(Backups::DataSourceCount))
                    .col(big_integer_null(Backups::SnapshotCount))
                    .col(big_integer_null(Backups::TotalRecords))
                    .col(json_binary_null(Backups::Tables))
                    .col(boolean(Backups::Compressed))
                    .col(boolean(Backups::WithData))
                    .col(text_null(Backups::Description))
                    .col(text_null(Backups::JobId))
                    .col(text_null(Backups::Error))
                    .col(timestamp_with_time_zone_null(Backups::VerifiedAt))
                    .col(timestamp_with_time_zone(Backups::CreatedAt))
                    .col(timestamp_with_time_zone_null(Backups::CompletedAt))
                    .check(("ck_backups_type", Expr::col(Backups::Type).is_in(TYPES)))
                    .check(("ck_backups_state", Expr::col(Backups::State).is_in(STATES)))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_backups_project_id_created_at")
                    .table(Backups::Table)
                    .col(Backups::ProjectId)
                    .col(Backups::CreatedAt)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Backups::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Backups {
    Table,
    Id,
    ProjectId,
    Type,
    State,
    Location,
    SizeBytes,
    DataSourceCount,
    SnapshotCount,
    TotalRecords,
    Tables,
    Compressed,
    WithData,
    Description,
    JobId,
    Error,
    VerifiedAt,
    CreatedAt,
    CompletedAt,
}
