//! Creates `job_crews`: which workers wait for jobs now, of which queues and kinds, and in which processes.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(JobCrews::Table)
                    .col(text(JobCrews::Id).primary_key())
                    .col(text(JobCrews::WorkerId))
                    .col(json_binary_null(JobCrews::Queues))
                    .col(json_binary(JobCrews::Kinds))
                    .col(big_integer(JobCrews::Concurrency))
                    .col(timestamp_with_time_zone(JobCrews::StartedAt))
                    .col(timestamp_with_time_zone_null(JobCrews::StoppingAt))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_job_crews_worker_id")
                            .from(JobCrews::Table, JobCrews::WorkerId)
                            .to(JobWorkers::Table, JobWorkers::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check((
                        "ck_job_crews_concurrency",
                        Expr::col(JobCrews::Concurrency).gte(1),
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_job_crews_worker_id")
                    .table(JobCrews::Table)
                    .col(JobCrews::WorkerId)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(JobCrews::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum JobCrews {
    Table,
    Id,
    WorkerId,
    Queues,
    Kinds,
    Concurrency,
    StartedAt,
    StoppingAt,
}

#[derive(DeriveIden)]
enum JobWorkers {
    Table,
    Id,
}
