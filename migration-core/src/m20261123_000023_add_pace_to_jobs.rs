//! Widens `jobs` by how fast a running one goes and when it will be done at that pace.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for column in [
            double_null(Jobs::Rate),
            timestamp_with_time_zone_null(Jobs::EtaAt),
        ] {
            let widen = Table::alter().table(Jobs::Table).add_column(column).take();
            manager.alter_table(widen).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [Jobs::Rate, Jobs::EtaAt] {
            let narrow = Table::alter().table(Jobs::Table).drop_column(column).take();
            manager.alter_table(narrow).await?;
        }
        Ok(())
    }
}

#[derive(DeriveIden)]
enum Jobs {
    Table,
    Rate,
    EtaAt,
}
