//! Creates `job_lanes`: the waiting jobs of one queue, priority and concurrency key take turns with those of the other
//! keys. A lane without a turn waits for the time of its first job.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(JobLanes::Table)
                    .col(text(JobLanes::Queue))
                    .col(big_integer(JobLanes::Priority))
                    .col(text(JobLanes::ConcurrencyKey))
                    .col(big_integer_null(JobLanes::Turn))
                    .col(timestamp_with_time_zone(JobLanes::DueAt))
                    .primary_key(
                        Index::create()
                            .col(JobLanes::Queue)
                            .col(JobLanes::Priority)
                            .col(JobLanes::ConcurrencyKey),
                    )
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_job_lanes_turn")
                    .table(JobLanes::Table)
                    .col(JobLanes::Queue)
                    .col(JobLanes::Priority)
                    .col(JobLanes::Turn)
                    .and_where(Expr::col(JobLanes::Turn).is_not_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_job_lanes_due_at")
                    .table(JobLanes::Table)
                    .col(JobLanes::Queue)
                    .col(JobLanes::DueAt)
                    .and_where(Expr::col(JobLanes::Turn).is_null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(JobLanes::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum JobLanes {
    Table,
    Queue,
    Priority,
    ConcurrencyKey,
    Turn,
    DueAt,
}
