//! Creates `trashed_sources`: the data sources that were deleted and can be undeleted. What they were is kept in tables
//! of their own, which are made when a source is deleted and are not part of the schema.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(TrashedSources::Table)
                    .col(text(TrashedSources::Id).primary_key())
                    .col(text(TrashedSources::Name))
                    .col(text(TrashedSources::NameFold))
                    .col(text(TrashedSources::Type))
                    .col(big_integer(TrashedSources::RowTable))
                    .col(text_null(TrashedSources::ViewSql))
                    .col(big_integer(TrashedSources::SnapshotCount))
                    .col(big_integer(TrashedSources::RowCount))
                    .col(timestamp_with_time_zone(TrashedSources::TrashedAt))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_trashed_sources_row_table")
                    .table(TrashedSources::Table)
                    .col(TrashedSources::RowTable)
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_trashed_sources_name_fold_id")
                    .table(TrashedSources::Table)
                    .col(TrashedSources::NameFold)
                    .col(TrashedSources::Id)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_trashed_sources_trashed_at_id")
                    .table(TrashedSources::Table)
                    .col(TrashedSources::TrashedAt)
                    .col(TrashedSources::Id)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(TrashedSources::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum TrashedSources {
    Table,
    Id,
    Name,
    NameFold,
    Type,
    RowTable,
    ViewSql,
    SnapshotCount,
    RowCount,
    TrashedAt,
}
