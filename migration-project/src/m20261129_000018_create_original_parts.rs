//! Creates `original_parts`: the bytes of an input whose rows are mostly written otherwise than its dialect says. Each part
//! is packed with zstd by itself and goes with its snapshot.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(OriginalParts::Table)
                    .col(text(OriginalParts::SnapshotId))
                    .col(big_integer(OriginalParts::Part))
                    .col(ColumnDef::new(OriginalParts::Data).blob().not_null())
                    .primary_key(
                        Index::create()
                            .name("pk_original_parts")
                            .col(OriginalParts::SnapshotId)
                            .col(OriginalParts::Part),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_original_parts_snapshot_id")
                            .from(OriginalParts::Table, OriginalParts::SnapshotId)
                            .to(Snapshots::Table, Snapshots::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(OriginalParts::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum OriginalParts {
    Table,
    SnapshotId,
    Part,
    Data,
}

#[derive(DeriveIden)]
enum Snapshots {
    Table,
    Id,
}
