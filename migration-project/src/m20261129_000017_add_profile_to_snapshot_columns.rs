//! Widens `snapshot_columns` by what each column holds over all rows of its snapshot; older snapshots have nothing there.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let widen = Table::alter()
            .table(SnapshotColumns::Table)
            .add_column(json_binary_null(SnapshotColumns::Profile))
            .take();
        manager.alter_table(widen).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let narrow = Table::alter()
            .table(SnapshotColumns::Table)
            .drop_column(SnapshotColumns::Profile)
            .take();
        manager.alter_table(narrow).await
    }
}

#[derive(DeriveIden)]
enum SnapshotColumns {
    Table,
    Profile,
}
