//! Widens `backups` and `projects` by when it was last proven that a restore works.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let widen = Table::alter()
            .table(Backups::Table)
            .add_column(timestamp_with_time_zone_null(Backups::LastProvenRestoreAt))
            .take();
        manager.alter_table(widen).await?;
        let widen = Table::alter()
            .table(Projects::Table)
            .add_column(timestamp_with_time_zone_null(Projects::LastProvenRestoreAt))
            .take();
        manager.alter_table(widen).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let narrow = Table::alter()
            .table(Projects::Table)
            .drop_column(Projects::LastProvenRestoreAt)
            .take();
        manager.alter_table(narrow).await?;
        let narrow = Table::alter()
            .table(Backups::Table)
            .drop_column(Backups::LastProvenRestoreAt)
            .take();
        manager.alter_table(narrow).await
    }
}

#[derive(DeriveIden)]
enum Backups {
    Table,
    LastProvenRestoreAt,
}

#[derive(DeriveIden)]
enum Projects {
    Table,
    LastProvenRestoreAt,
}
