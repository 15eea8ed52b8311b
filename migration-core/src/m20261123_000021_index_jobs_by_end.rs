//! Indexes `jobs` by when they ended, and `backups` by the job that made them, so that retention finds the jobs that are
//! old enough, and those of them whose backup still exists.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_index(
                Index::create()
                    .name("ix_jobs_state_finished_at_id")
                    .table(Jobs::Table)
                    .col(Jobs::State)
                    .col(Jobs::FinishedAt)
                    .col(Jobs::Id)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_backups_job_id")
                    .table(Backups::Table)
                    .col(Backups::JobId)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let drop = |name: &str| Index::drop().name(name).to_owned();
        manager
            .drop_index(
                drop("ix_jobs_state_finished_at_id")
                    .table(Jobs::Table)
                    .to_owned(),
            )
            .await?;
        manager
            .drop_index(drop("ix_backups_job_id").table(Backups::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Jobs {
    Table,
    Id,
    State,
    FinishedAt,
}

#[derive(DeriveIden)]
enum Backups {
    Table,
    JobId,
}
