//! Creates `job_checkpoints`: what the steps of a job came to, so that a later attempt does not do them again.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(JobCheckpoints::Table)
                    .col(text(JobCheckpoints::JobId))
                    .col(text(JobCheckpoints::Step))
                    .col(json_binary(JobCheckpoints::Output))
                    .col(big_integer(JobCheckpoints::LeaseToken))
                    .col(timestamp_with_time_zone(JobCheckpoints::CompletedAt))
                    .primary_key(
                        Index::create()
                            .col(JobCheckpoints::JobId)
                            .col(JobCheckpoints::Step),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_job_checkpoints_job_id")
                            .from(JobCheckpoints::Table, JobCheckpoints::JobId)
                            .to(Jobs::Table, Jobs::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(JobCheckpoints::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum JobCheckpoints {
    Table,
    JobId,
    Step,
    Output,
    LeaseToken,
    CompletedAt,
}

#[derive(DeriveIden)]
enum Jobs {
    Table,
    Id,
}
