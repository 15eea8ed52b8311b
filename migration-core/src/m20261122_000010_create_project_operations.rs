//! Creates `project_operations`: work that spans the hub and a project, recorded step by step so that it can be taken up
//! again after a crash. A project has at most one under way.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const KINDS: [&str; 7] = [
    "create", "delete", "undelete", "restore", "clone", "adopt", "purge",
];
pub(crate) const STATES: [&str; 3] = ["running", "done", "failed"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(ProjectOperations::Table)
                    .col(text(ProjectOperations::Id).primary_key())
                    .col(text(ProjectOperations::ProjectId))
                    .col(text(ProjectOperations::Kind))
                    .col(text(ProjectOperations::State))
                    .col(text(ProjectOperations::Step))
                    .col(json_binary(ProjectOperations::Payload))
                    .col(text_null(ProjectOperations::WorkerId))
                    .col(text_null(ProjectOperations::Error))
                    .col(timestamp_with_time_zone(ProjectOperations::CreatedAt))
                    .col(timestamp_with_time_zone(ProjectOperations::UpdatedAt))
                    .col(timestamp_with_time_zone_null(ProjectOperations::FinishedAt))
                    .check((
                        "ck_project_operations_kind",
                        Expr::col(ProjectOperations::Kind).is_in(KINDS),
                    ))
                    .check((
                        "ck_project_operations_state",
                        Expr::col(ProjectOperations::State).is_in(STATES),
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_project_operations_state_created_at")
                    .table(ProjectOperations::Table)
                    .col(ProjectOperations::State)
                    .col(ProjectOperations::CreatedAt)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_project_operations_running")
                    .table(ProjectOperations::Table)
                    .col(ProjectOperations::ProjectId)
                    .unique()
                    .and_where(Expr::col(ProjectOperations::State).eq("running"))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(ProjectOperations::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum ProjectOperations {
    Table,
    Id,
    ProjectId,
    Kind,
    State,
    Step,
    Payload,
    WorkerId,
    Error,
    CreatedAt,
    UpdatedAt,
    FinishedAt,
}
