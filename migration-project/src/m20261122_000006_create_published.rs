//! Creates `published`: the snapshot of each source that readers see.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Published::Table)
                    .col(text(Published::SourceId).primary_key())
                    .col(text(Published::SnapshotId))
                    .col(big_integer(Published::RidHi))
                    .col(big_integer(Published::Seq))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_published_source_id")
                            .from(Published::Table, Published::SourceId)
                            .to(DataSources::Table, DataSources::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_published_snapshot_id")
                            .from(Published::Table, Published::SnapshotId)
                            .to(Snapshots::Table, Snapshots::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_published_snapshot_id")
                    .table(Published::Table)
                    .col(Published::SnapshotId)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Published::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Published {
    Table,
    SourceId,
    SnapshotId,
    RidHi,
    Seq,
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Snapshots {
    Table,
    Id,
}
