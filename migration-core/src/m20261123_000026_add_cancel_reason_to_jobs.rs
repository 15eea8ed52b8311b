//! Widens `jobs` by why somebody asked one to stop.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let widen = Table::alter()
            .table(Jobs::Table)
            .add_column(text_null(Jobs::CancelReason))
            .take();
        manager.alter_table(widen).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let narrow = Table::alter()
            .table(Jobs::Table)
            .drop_column(Jobs::CancelReason)
            .take();
        manager.alter_table(narrow).await
    }
}

#[derive(DeriveIden)]
enum Jobs {
    Table,
    CancelReason,
}
