//! Widens `snapshot_columns` by the tokens that stand for NULL in a column, as a list; NULL where there are none.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let widen = Table::alter()
            .table(SnapshotColumns::Table)
            .add_column(json_binary_null(SnapshotColumns::NullTokens))
            .take();
        manager.alter_table(widen).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let narrow = Table::alter()
            .table(SnapshotColumns::Table)
            .drop_column(SnapshotColumns::NullTokens)
            .take();
        manager.alter_table(narrow).await
    }
}

#[derive(DeriveIden)]
enum SnapshotColumns {
    Table,
    NullTokens,
}
