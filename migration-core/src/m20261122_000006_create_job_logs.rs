//! Creates `job_logs`: what each attempt at a job said, in order.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(JobLogs::Table)
                    .col(text(JobLogs::ExecutionId))
                    .col(big_integer(JobLogs::Seq))
                    .col(text(JobLogs::JobId))
                    .col(timestamp_with_time_zone(JobLogs::At))
                    .col(text(JobLogs::Level))
                    .col(text(JobLogs::Target))
                    .col(text(JobLogs::Message))
                    .col(json_binary_null(JobLogs::Fields))
                    .primary_key(Index::create().col(JobLogs::ExecutionId).col(JobLogs::Seq))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_job_logs_execution_id")
                            .from(JobLogs::Table, JobLogs::ExecutionId)
                            .to(JobExecutions::Table, JobExecutions::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_job_logs_job_id")
                            .from(JobLogs::Table, JobLogs::JobId)
                            .to(Jobs::Table, Jobs::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check(("ck_job_logs_level", Expr::col(JobLogs::Level).is_in(LEVELS)))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_job_logs_job_id_at_execution_id_seq")
                    .table(JobLogs::Table)
                    .col(JobLogs::JobId)
                    .col(JobLogs::At)
                    .col(JobLogs::ExecutionId)
                    .col(JobLogs::Seq)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(JobLogs::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum JobLogs {
    Table,
    ExecutionId,
    Seq,
    JobId,
    At,
    Level,
    Target,
    Message,
    Fields,
}

#[derive(DeriveIden)]
enum JobExecutions {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Jobs {
    Table,
    Id,
}
