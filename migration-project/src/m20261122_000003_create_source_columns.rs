//! Creates `source_columns`: the physical columns of a source's row table; their ids are never used again.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(SourceColumns::Table)
                    .col(text(SourceColumns::SourceId))
                    .col(big_integer(SourceColumns::Phys))
                    .col(text(SourceColumns::Encoding))
                    .primary_key(
                        Index::create()
                            .col(SourceColumns::SourceId)
                            .col(SourceColumns::Phys),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_source_columns_source_id")
                            .from(SourceColumns::Table, SourceColumns::SourceId)
                            .to(DataSources::Table, DataSources::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(SourceColumns::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum SourceColumns {
    Table,
    SourceId,
    Phys,
    Encoding,
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    Id,
}
