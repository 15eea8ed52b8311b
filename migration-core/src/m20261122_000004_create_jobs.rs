//! Creates `jobs`: everything that takes time. The row keeps the outcome of the latest attempt.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const STATES: [&str; 6] = [
    "pending",
    "blocked",
    "running",
    "completed",
    "failed",
    "cancelled",
];
const FINISHED: [&str; 3] = ["completed", "failed", "cancelled"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Jobs::Table)
                    .col(text(Jobs::Id).primary_key())
                    .col(text_null(Jobs::ProjectId))
                    .col(text(Jobs::Kind))
                    .col(text(Jobs::State))
                    .col(json_binary(Jobs::Payload))
                    .col(json_binary_null(Jobs::Result))
                    .col(text_null(Jobs::ErrorCode))
                    .col(text_null(Jobs::ErrorMessage))
                    .col(big_integer(Jobs::Attempt))
                    .col(big_integer(Jobs::MaxAttempts))
                    .col(big_integer(Jobs::CrashCount))
                    .col(big_integer(Jobs::LeaseToken))
                    .col(text_null(Jobs::WorkerId))
                    .col(timestamp_with_time_zone_null(Jobs::CancelRequestedAt))
                    .col(double_null(Jobs::Progress))
                    .col(text_null(Jobs::Step))
                    .col(big_integer_null(Jobs::ItemsDone))
                    .col(big_integer_null(Jobs::ItemsTotal))
                    .col(text_null(Jobs::Unit))
                    .col(timestamp_with_time_zone(Jobs::CreatedAt))
                    .col(timestamp_with_time_zone_null(Jobs::StartedAt))
                    .col(timestamp_with_time_zone_null(Jobs::FinishedAt))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_jobs_project_id")
                            .from(Jobs::Table, Jobs::ProjectId)
                            .to(Projects::Table, Projects::Id)
                            .on_delete(ForeignKeyAction::SetNull),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_jobs_worker_id")
                            .from(Jobs::Table, Jobs::WorkerId)
                            .to(JobWorkers::Table, JobWorkers::Id)
                            .on_delete(ForeignKeyAction::SetNull),
                    )
                    .check(("ck_jobs_state", Expr::col(Jobs::State).is_in(STATES)))
                    .check(("ck_jobs_attempt", Expr::col(Jobs::Attempt).gte(0)))
                    .check(("ck_jobs_lease_token", Expr::col(Jobs::LeaseToken).gte(0)))
                    .check(("ck_jobs_progress", Expr::col(Jobs::Progress).between(0, 1)))
                    .check((
                        "ck_jobs_finished_at",
                        Expr::col(Jobs::State)
                            .is_in(FINISHED)
                            .and(Expr::col(Jobs::FinishedAt).is_not_null())
                            .or(Expr::col(Jobs::State)
                                .is_not_in(FINISHED)
                                .and(Expr::col(Jobs::FinishedAt).is_null())),
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_jobs_state_created_at_id")
                    .table(Jobs::Table)
                    .col(Jobs::State)
                    .col(Jobs::CreatedAt)
                    .col(Jobs::Id)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_jobs_project_id_created_at_id")
                    .table(Jobs::Table)
                    .col(Jobs::ProjectId)
                    .col(Jobs::CreatedAt)
                    .col(Jobs::Id)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_jobs_worker_id")
                    .table(Jobs::Table)
                    .col(Jobs::WorkerId)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_jobs_created_at_id")
                    .table(Jobs::Table)
                    .col(Jobs::CreatedAt)
                    .col(Jobs::Id)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Jobs::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Jobs {
    Table,
    Id,
    ProjectId,
    Kind,
    State,
    Payload,
    Result,
    ErrorCode,
    ErrorMessage,
    Attempt,
    MaxAttempts,
    CrashCount,
    LeaseToken,
    WorkerId,
    CancelRequestedAt,
    Progress,
    Step,
    ItemsDone,
    ItemsTotal,
    Unit,
    CreatedAt,
    StartedAt,
    FinishedAt,
}

#[derive(DeriveIden)]
enum JobWorkers {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Projects {
    Table,
    Id,
}
