//! Indexes what jobs and changes of projects said, failed attempts included, by time, so that the newest is read and
//! nothing else.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_index(
                Index::create()
                    .name("ix_job_logs_level_at")
                    .table(JobLogs::Table)
                    .col(JobLogs::Level)
                    .col(JobLogs::At)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_job_executions_failed")
                    .table(JobExecutions::Table)
                    .col(JobExecutions::FinishedAt)
                    .and_where(Expr::col(JobExecutions::ErrorCode).is_not_null())
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_project_operations_failed")
                    .table(ProjectOperations::Table)
                    .col(ProjectOperations::UpdatedAt)
                    .and_where(Expr::col(ProjectOperations::Error).is_not_null())
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for drop in [
            Index::drop()
                .name("ix_job_logs_level_at")
                .table(JobLogs::Table)
                .to_owned(),
            Index::drop()
                .name("ix_job_executions_failed")
                .table(JobExecutions::Table)
                .to_owned(),
            Index::drop()
                .name("ix_project_operations_failed")
                .table(ProjectOperations::Table)
                .to_owned(),
        ] {
            manager.drop_index(drop).await?;
        }
        Ok(())
    }
}

#[derive(DeriveIden)]
enum JobLogs {
    Table,
    Level,
    At,
}

#[derive(DeriveIden)]
enum JobExecutions {
    Table,
    FinishedAt,
    ErrorCode,
}

#[derive(DeriveIden)]
enum ProjectOperations {
    Table,
    UpdatedAt,
    Error,
}
