//! Creates `snapshots`: the versions of a source. `(job_id, job_step)` is unique, so a job that runs twice publishes once.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Snapshots::Table)
                    .col(text(Snapshots::Id).primary_key())
                    .col(text(Snapshots::SourceId))
                    .col(text_null(Snapshots::JobId))
                    .col(text_null(Snapshots::JobStep))
                    .col(big_integer(Snapshots::Number))
                    .col(big_integer(Snapshots::Seq))
                    .col(big_integer(Snapshots::RidHi))
                    .col(big_integer(Snapshots::QuirkHi))
                    .col(big_integer_null(Snapshots::OrderId))
                    .col(big_integer(Snapshots::RowCount))
                    .col(big_integer(Snapshots::Added))
                    .col(big_integer(Snapshots::Removed))
                    .col(big_integer(Snapshots::Changed))
                    .col(big_integer(Snapshots::Moved))
                    .col(big_integer(Snapshots::Rejected))
                    .col(big_integer(Snapshots::Padded))
                    .col(big_integer(Snapshots::OddCells))
                    .col(text(Snapshots::InputHash))
                    .col(big_integer(Snapshots::InputBytes))
                    .col(json_binary(Snapshots::Dialect))
                    .col(timestamp_with_time_zone(Snapshots::TakenAt))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_snapshots_source_id")
                            .from(Snapshots::Table, Snapshots::SourceId)
                            .to(DataSources::Table, DataSources::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_snapshots_source_id_number")
                    .table(Snapshots::Table)
                    .col(Snapshots::SourceId)
                    .col(Snapshots::Number)
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_snapshots_source_id_seq")
                    .table(Snapshots::Table)
                    .col(Snapshots::SourceId)
                    .col(Snapshots::Seq)
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_snapshots_job_id_job_step")
                    .table(Snapshots::Table)
                    .col(Snapshots::JobId)
                    .col(Snapshots::JobStep)
                    .unique()
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_snapshots_taken_at_seq")
                    .table(Snapshots::Table)
                    .col(Snapshots::TakenAt)
                    .col(Snapshots::Seq)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Snapshots::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Snapshots {
    Table,
    Id,
    SourceId,
    JobId,
    JobStep,
    Number,
    Seq,
    RidHi,
    QuirkHi,
    OrderId,
    RowCount,
    Added,
    Removed,
    Changed,
    Moved,
    Rejected,
    Padded,
    OddCells,
    InputHash,
    InputBytes,
    Dialect,
    TakenAt,
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    Id,
}
