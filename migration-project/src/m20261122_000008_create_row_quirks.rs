//! Creates `row_quirks`: how a row's bytes differ from what its cells print as, so that the original file can be written again.

use sea_orm_migration::{prelude::*, schema::*};

/// What `closed_seq` holds while the row is open.
const OPEN: i64 = 8_388_607;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(RowQuirks::Table)
                    .col(text(RowQuirks::SourceId))
                    .col(big_integer(RowQuirks::QuirkId))
                    .col(big_integer(RowQuirks::Rid))
                    .col(big_integer(RowQuirks::ClosedSeq))
                    .col(ColumnDef::new(RowQuirks::Data).blob().not_null())
                    .primary_key(
                        Index::create()
                            .col(RowQuirks::SourceId)
                            .col(RowQuirks::QuirkId),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_row_quirks_source_id")
                            .from(RowQuirks::Table, RowQuirks::SourceId)
                            .to(DataSources::Table, DataSources::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_row_quirks_source_id_closed_seq")
                    .table(RowQuirks::Table)
                    .col(RowQuirks::SourceId)
                    .col(RowQuirks::ClosedSeq)
                    .and_where(Expr::col(RowQuirks::ClosedSeq).lt(OPEN))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_row_quirks_source_id_rid")
                    .table(RowQuirks::Table)
                    .col(RowQuirks::SourceId)
                    .col(RowQuirks::Rid)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(RowQuirks::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum RowQuirks {
    Table,
    SourceId,
    QuirkId,
    Rid,
    ClosedSeq,
    Data,
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    Id,
}
