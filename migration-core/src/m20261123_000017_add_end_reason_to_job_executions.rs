//! Widens `job_executions` by why an attempt ended, and by when its process last gave a sign of life.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const END_REASONS: [&str; 9] = [
    "ok",
    "error",
    "panic",
    "timeout",
    "cancelled",
    "interrupted",
    "snoozed",
    "crashed",
    "lease_lost",
];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            timestamp_with_time_zone_null(JobExecutions::HeartbeatAt),
            text_null(JobExecutions::EndReason)
                .check((
                    "ck_job_executions_end_reason",
                    Expr::col(JobExecutions::EndReason).is_in(END_REASONS),
                ))
                .to_owned(),
        ] {
            let widen = Table::alter()
                .table(JobExecutions::Table)
                .add_column(column)
                .take();
            manager.alter_table(widen).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [JobExecutions::EndReason, JobExecutions::HeartbeatAt] {
            let narrow = Table::alter()
                .table(JobExecutions::Table)
                .drop_column(column)
                .take();
            manager.alter_table(narrow).await?;
        }
        Ok(())
    }
}

#[derive(DeriveIden)]
enum JobExecutions {
    Table,
    HeartbeatAt,
    EndReason,
}
