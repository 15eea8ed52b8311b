//! Creates `data_sources`: where data comes from, the table its rows are in, and the next free number of each kind.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const TYPES: [&str; 4] = ["file", "http", "database", "sqlite"];
pub(crate) const STATUSES: [&str; 4] = ["idle", "ok", "error", "disabled"];
/// The number of a source's first snapshot; what is below stays free.
const FIRST_SEQ: i64 = 32_768;
/// The number that an open row carries in place of the snapshot that closed it.
const OPEN: i64 = 8_388_607;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(DataSources::Table)
                    .col(text(DataSources::Id).primary_key())
                    .col(text(DataSources::Name))
                    .col(text(DataSources::NameFold))
                    .col(text_null(DataSources::Description))
                    .col(text(DataSources::Type))
                    .col(json_binary(DataSources::Config))
                    .col(text(DataSources::Status))
                    .col(boolean(DataSources::Enabled))
                    .col(json_binary(DataSources::KeyColumns))
                    .col(big_integer(DataSources::RowTable))
                    .col(big_integer(DataSources::RowFormat))
                    .col(text(DataSources::ViewName))
                    .col(text(DataSources::ViewNameFold))
                    .col(big_integer(DataSources::NextRid))
                    .col(big_integer(DataSources::NextSeq))
                    .col(big_integer(DataSources::NextNumber))
                    .col(big_integer(DataSources::NextPhys))
                    .col(big_integer(DataSources::NextQuirk))
                    .col(timestamp_with_time_zone_null(DataSources::LastSyncAt))
                    .col(timestamp_with_time_zone(DataSources::CreatedAt))
                    .col(timestamp_with_time_zone(DataSources::UpdatedAt))
                    .check((
                        "ck_data_sources_type",
                        Expr::col(DataSources::Type).is_in(TYPES),
                    ))
                    .check((
                        "ck_data_sources_status",
                        Expr::col(DataSources::Status).is_in(STATUSES),
                    ))
                    .check((
                        "ck_data_sources_next_seq",
                        Expr::col(DataSources::NextSeq).between(FIRST_SEQ, OPEN),
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_data_sources_row_table")
                    .table(DataSources::Table)
                    .col(DataSources::RowTable)
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_data_sources_view_name_fold")
                    .table(DataSources::Table)
                    .col(DataSources::ViewNameFold)
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_data_sources_name_fold_id")
                    .table(DataSources::Table)
                    .col(DataSources::NameFold)
                    .col(DataSources::Id)
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
    Id,
    Name,
    NameFold,
    Description,
    Type,
    Config,
    Status,
    Enabled,
    KeyColumns,
    RowTable,
    RowFormat,
    ViewName,
    ViewNameFold,
    NextRid,
    NextSeq,
    NextNumber,
    NextPhys,
    NextQuirk,
    LastSyncAt,
    CreatedAt,
    UpdatedAt,
}
