//! Creates `job_limits`: how many jobs of a concurrency key may run at once; a key without a row has no limit.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(JobLimits::Table)
                    .col(text(JobLimits::ConcurrencyKey).primary_key())
                    .col(big_integer(JobLimits::MaxRunning))
                    .check((
                        "ck_job_limits_max_running",
                        Expr::col(JobLimits::MaxRunning).gte(1),
                    ))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(JobLimits::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum JobLimits {
    Table,
    ConcurrencyKey,
    MaxRunning,
}
