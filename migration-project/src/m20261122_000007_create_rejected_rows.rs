//! Creates `rejected_rows`: input that is no row, kept byte by byte with the place it came from.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(RejectedRows::Table)
                    .col(big_integer(RejectedRows::Id).auto_increment().primary_key())
                    .col(text(RejectedRows::SnapshotId))
                    .col(big_integer(RejectedRows::Line))
                    .col(big_integer_null(RejectedRows::BeforeRid))
                    .col(text(RejectedRows::Reason))
                    .col(ColumnDef::new(RejectedRows::Raw).blob().not_null())
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_rejected_rows_snapshot_id")
                            .from(RejectedRows::Table, RejectedRows::SnapshotId)
                            .to(Snapshots::Table, Snapshots::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_rejected_rows_snapshot_id_id")
                    .table(RejectedRows::Table)
                    .col(RejectedRows::SnapshotId)
                    .col(RejectedRows::Id)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(RejectedRows::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum RejectedRows {
    Table,
    Id,
    SnapshotId,
    Line,
    BeforeRid,
    Reason,
    Raw,
}

#[derive(DeriveIden)]
enum Snapshots {
    Table,
    Id,
}
