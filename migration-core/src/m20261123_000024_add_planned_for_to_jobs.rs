//! Widens `jobs` by the state of the project for which a job was planned.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let widen = Table::alter()
            .table(Jobs::Table)
            .add_column(json_binary_null(Jobs::PlannedFor))
            .take();
        manager.alter_table(widen).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let narrow = Table::alter()
            .table(Jobs::Table)
            .drop_column(Jobs::PlannedFor)
            .take();
        manager.alter_table(narrow).await
    }
}

#[derive(DeriveIden)]
enum Jobs {
    Table,
    PlannedFor,
}
