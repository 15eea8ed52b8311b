//! Creates `job_cursors`: how far each step of a job has come in this project, and which attempt may still write.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(JobCursors::Table)
                    .col(text(JobCursors::JobId))
                    .col(text(JobCursors::Step))
                    .col(big_integer(JobCursors::LeaseToken))
                    .col(json_binary_null(JobCursors::Cursor))
                    .col(timestamp_with_time_zone(JobCursors::UpdatedAt))
                    .primary_key(Index::create().col(JobCursors::JobId).col(JobCursors::Step))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(JobCursors::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum JobCursors {
    Table,
    JobId,
    Step,
    LeaseToken,
    Cursor,
    UpdatedAt,
}
