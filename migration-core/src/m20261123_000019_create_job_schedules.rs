//! Creates `job_schedules`: jobs that are written down again and again, by the clock of a time zone. `project_id` is no
//! foreign key: a schedule whose project is gone says so, until somebody deletes it.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const MISSED_POLICIES: [&str; 3] = ["skip", "run_once", "run_all"];
pub(crate) const OVERLAP_POLICIES: [&str; 3] = ["skip", "queue", "allow"];
pub(crate) const SKIP_REASONS: [&str; 4] =
    ["missed", "overlap", "project_trashed", "project_missing"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let list =
            |column: JobSchedules, values: &[&str]| Expr::col(column).is_in(values.iter().copied());
        manager
            .create_table(
                Table::create()
                    .table(JobSchedules::Table)
                    .col(text(JobSchedules::Id).primary_key())
                    .col(text_null(JobSchedules::ProjectId))
                    .col(text(JobSchedules::Name))
                    .col(text(JobSchedules::Kind))
                    .col(json_binary(JobSchedules::Payload))
                    .col(text(JobSchedules::Queue))
                    .col(big_integer(JobSchedules::Priority))
                    .col(big_integer(JobSchedules::MaxAttempts))
                    .col(big_integer(JobSchedules::MaxCrashes))
                    .col(text(JobSchedules::Cron))
                    .col(text(JobSchedules::TimeZone))
                    .col(text(JobSchedules::MissedPolicy))
                    .col(big_integer(JobSchedules::MissedMax))
                    .col(big_integer(JobSchedules::MissedGraceMs))
                    .col(text(JobSchedules::OverlapPolicy))
                    .col(json_binary_null(JobSchedules::OnFailure))
                    .col(timestamp_with_time_zone(JobSchedules::LastSlot))
                    .col(timestamp_with_time_zone(JobSchedules::NextAt))
                    .col(timestamp_with_time_zone_null(JobSchedules::SkippedSlot))
                    .col(text_null(JobSchedules::SkipReason))
                    .col(boolean(JobSchedules::Enabled))
                    .col(timestamp_with_time_zone(JobSchedules::CreatedAt))
                    .col(timestamp_with_time_zone(JobSchedules::UpdatedAt))
                    .check((
                        "ck_job_schedules_missed_policy",
                        list(JobSchedules::MissedPolicy, &MISSED_POLICIES),
                    ))
                    .check((
                        "ck_job_schedules_overlap_policy",
                        list(JobSchedules::OverlapPolicy, &OVERLAP_POLICIES),
                    ))
                    .check((
                        "ck_job_schedules_skip_reason",
                        list(JobSchedules::SkipReason, &SKIP_REASONS),
                    ))
                    .check((
                        "ck_job_schedules_missed_max",
                        Expr::col(JobSchedules::MissedMax).between(1, 1000),
                    ))
                    .check((
                        "ck_job_schedules_missed_grace_ms",
                        Expr::col(JobSchedules::MissedGraceMs).gte(0),
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_job_schedules_enabled_next_at")
                    .table(JobSchedules::Table)
                    .col(JobSchedules::Enabled)
                    .col(JobSchedules::NextAt)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_job_schedules_project_id_name")
                    .table(JobSchedules::Table)
                    .col(JobSchedules::ProjectId)
                    .col(JobSchedules::Name)
                    .unique()
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(JobSchedules::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum JobSchedules {
    Table,
    Id,
    ProjectId,
    Name,
    Kind,
    Payload,
    Queue,
    Priority,
    MaxAttempts,
    MaxCrashes,
    Cron,
    TimeZone,
    MissedPolicy,
    MissedMax,
    MissedGraceMs,
    OverlapPolicy,
    OnFailure,
    LastSlot,
    NextAt,
    SkippedSlot,
    SkipReason,
    Enabled,
    CreatedAt,
    UpdatedAt,
}
