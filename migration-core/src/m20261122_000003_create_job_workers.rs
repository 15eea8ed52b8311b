//! Creates `job_workers`: processes that run jobs; each holds the lock on its file for as long as it lives.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(JobWorkers::Table)
                    .col(text(JobWorkers::Id).primary_key())
                    .col(text(JobWorkers::Host))
                    .col(big_integer(JobWorkers::Pid))
                    .col(text(JobWorkers::Command))
                    .col(text(JobWorkers::LockPath))
                    .col(timestamp_with_time_zone(JobWorkers::StartedAt))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(JobWorkers::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum JobWorkers {
    Table,
    Id,
    Host,
    Pid,
    Command,
    LockPath,
    StartedAt,
}
