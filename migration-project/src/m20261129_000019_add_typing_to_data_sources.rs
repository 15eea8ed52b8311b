//! Widens `data_sources` by what imports were told of the columns: types, null tokens, the order of dates. NULL: nothing.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let widen = Table::alter()
            .table(DataSources::Table)
            .add_column(json_binary_null(DataSources::Typing))
            .take();
        manager.alter_table(widen).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let narrow = Table::alter()
            .table(DataSources::Table)
            .drop_column(DataSources::Typing)
            .take();
        manager.alter_table(narrow).await
    }
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    Typing,
}
