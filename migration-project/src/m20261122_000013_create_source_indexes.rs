//! Creates `source_indexes`: the indexes that people want on the rows of a source, a row for each column of each.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(SourceIndexes::Table)
                    .col(text(SourceIndexes::SourceId))
                    .col(big_integer(SourceIndexes::Number))
                    .col(big_integer(SourceIndexes::Ord))
                    .col(big_integer(SourceIndexes::Phys))
                    .col(text(SourceIndexes::Name))
                    .primary_key(
                        Index::create()
                            .col(SourceIndexes::SourceId)
                            .col(SourceIndexes::Number)
                            .col(SourceIndexes::Ord),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_source_indexes_source_id")
                            .from(SourceIndexes::Table, SourceIndexes::SourceId)
                            .to(DataSources::Table, DataSources::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(SourceIndexes::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum SourceIndexes {
    Table,
    SourceId,
    Number,
    Ord,
    Phys,
    Name,
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    Id,
}
