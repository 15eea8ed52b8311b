//! Creates `row_orders`: the order of a source's rows where more of them moved than it is worth to store again. A snapshot names
//! the one that holds for it in `order_id`; the snapshots behind it inherit it.
//!
//! `runs` holds variable-length integers: the highest rid that is listed, then, for each stretch of rids that rise or fall by
//! one, the distance of its first rid from the last one of the stretch before, and its length, negative when it falls.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(RowOrders::Table)
                    .col(text(RowOrders::SourceId))
                    .col(big_integer(RowOrders::OrderId))
                    .col(ColumnDef::new(RowOrders::Runs).blob().not_null())
                    .primary_key(
                        Index::create()
                            .col(RowOrders::SourceId)
                            .col(RowOrders::OrderId),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_row_orders_source_id")
                            .from(RowOrders::Table, RowOrders::SourceId)
                            .to(DataSources::Table, DataSources::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(RowOrders::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum RowOrders {
    Table,
    SourceId,
    OrderId,
    Runs,
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    Id,
}
