//! Creates `job_executions`: one row per attempt at a job. The lease token says which attempt may write.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const STATES: [&str; 5] = ["running", "completed", "failed", "cancelled", "crashed"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(JobExecutions::Table)
                    .col(text(JobExecutions::Id).primary_key())
                    .col(text(JobExecutions::JobId))
                    .col(big_integer(JobExecutions::Attempt))
                    .col(big_integer(JobExecutions::LeaseToken))
                    .col(text(JobExecutions::WorkerId))
                    .col(text(JobExecutions::State))
                    .col(text_null(JobExecutions::ErrorCode))
                    .col(text_null(JobExecutions::ErrorMessage))
                    .col(timestamp_with_time_zone(JobExecutions::StartedAt))
                    .col(timestamp_with_time_zone_null(JobExecutions::FinishedAt))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_job_executions_job_id")
                            .from(JobExecutions::Table, JobExecutions::JobId)
                            .to(Jobs::Table, Jobs::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check((
                        "ck_job_executions_state",
                        Expr::col(JobExecutions::State).is_in(STATES),
                    ))
                    .check((
                        "ck_job_executions_finished_at",
                        Expr::col(JobExecutions::State)
                            .ne("running")
                            .and(Expr::col(JobExecutions::FinishedAt).is_not_null())
                            .or(Expr::col(JobExecutions::State)
                                .eq("running")
                                .and(Expr::col(JobExecutions::FinishedAt).is_null())),
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_job_executions_job_id_lease_token")
                    .table(JobExecutions::Table)
                    .col(JobExecutions::JobId)
                    .col(JobExecutions::LeaseToken)
                    .unique()
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(JobExecutions::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum JobExecutions {
    Table,
    Id,
    JobId,
    Attempt,
    LeaseToken,
    WorkerId,
    State,
    ErrorCode,
    ErrorMessage,
    StartedAt,
    FinishedAt,
}

#[derive(DeriveIden)]
enum Jobs {
    Table,
    Id,
}
