//! Creates `job_queues`: the queues that are paused or limited; one without a row is neither.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(JobQueues::Table)
                    .col(text(JobQueues::Name).primary_key())
                    .col(timestamp_with_time_zone_null(JobQueues::PausedAt))
                    .col(big_integer_null(JobQueues::MaxRunning))
                    .check((
                        "ck_job_queues_max_running",
                        Expr::col(JobQueues::MaxRunning).gte(1),
                    ))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(JobQueues::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum JobQueues {
    Table,
    Name,
    PausedAt,
    MaxRunning,
}
