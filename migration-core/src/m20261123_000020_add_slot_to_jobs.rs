//! Widens `jobs` by the slot of the schedule that a job was written down for: each slot has one job, whoever writes it
//! down. `schedule_id` is no foreign key: the jobs of a schedule outlive it.

use sea_orm_migration::{prelude::*, schema::*};

const LIVE: [&str; 3] = ["blocked", "pending", "running"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in [
            text_null(Jobs::ScheduleId),
            timestamp_with_time_zone_null(Jobs::ScheduledFor),
        ] {
            let widen = Table::alter().table(Jobs::Table).add_column(column).take();
            manager.alter_table(widen).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in indexes() {
            let name = index.get_index_spec().get_name().unwrap_or_default();
            let drop = Index::drop().name(name).table(Jobs::Table).to_owned();
            manager.drop_index(drop).await?;
        }
        for column in [Jobs::ScheduledFor, Jobs::ScheduleId] {
            let narrow = Table::alter().table(Jobs::Table).drop_column(column).take();
            manager.alter_table(narrow).await?;
        }
        Ok(())
    }
}

fn indexes() -> [IndexCreateStatement; 2] {
    let index = |name: &str| Index::create().name(name).table(Jobs::Table).take();
    [
        index("ux_jobs_schedule_id_scheduled_for")
            .col(Jobs::ScheduleId)
            .col(Jobs::ScheduledFor)
            .unique()
            .and_where(Expr::col(Jobs::ScheduleId).is_not_null())
            .take(),
        index("ix_jobs_live_schedule_id")
            .col(Jobs::ScheduleId)
            .and_where(Expr::col(Jobs::ScheduleId).is_not_null())
            .and_where(Expr::col(Jobs::State).is_in(LIVE))
            .take(),
    ]
}

#[derive(DeriveIden)]
enum Jobs {
    Table,
    State,
    ScheduleId,
    ScheduledFor,
}
