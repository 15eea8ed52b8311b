//! Creates `sync_states`: how far a source has been pulled from where its rows come from. A line is written in the transaction that
//! publishes what came, and holds for `snapshot_id` alone: when another snapshot is the latest one, the next pull takes everything.
//!
//! `origin` tells where the rows came from: a cursor of another origin means nothing. `conflicts` are rows that were changed on both
//! sides and were left as they were here.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(SyncStates::Table)
                    .col(text(SyncStates::SourceId).primary_key())
                    .col(text(SyncStates::SnapshotId))
                    .col(text(SyncStates::Origin))
                    .col(json_binary_null(SyncStates::Cursor))
                    .col(json_binary_null(SyncStates::Conflicts))
                    .col(text(SyncStates::JobId))
                    .col(big_integer(SyncStates::Inserted))
                    .col(big_integer(SyncStates::Updated))
                    .col(big_integer(SyncStates::Deleted))
                    .col(timestamp_with_time_zone(SyncStates::PulledAt))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_sync_states_source_id")
                            .from(SyncStates::Table, SyncStates::SourceId)
                            .to(DataSources::Table, DataSources::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(SyncStates::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum SyncStates {
    Table,
    SourceId,
    SnapshotId,
    Origin,
    Cursor,
    Conflicts,
    JobId,
    Inserted,
    Updated,
    Deleted,
    PulledAt,
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    Id,
}
