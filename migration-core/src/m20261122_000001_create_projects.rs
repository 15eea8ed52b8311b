//! Creates `projects`: which projects exist, and what each one held when it last reported.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const STATES: [&str; 3] = ["creating", "active", "trashed"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Projects::Table)
                    .col(text(Projects::Id).primary_key())
                    .col(text(Projects::Name))
                    .col(text(Projects::NameFold))
                    .col(text_null(Projects::Description))
                    .col(text(Projects::State))
                    .col(text(Projects::Location))
                    .col(text(Projects::Namespace))
                    .col(big_integer(Projects::Epoch))
                    .col(big_integer(Projects::Revision))
                    .col(big_integer(Projects::SourceCount))
                    .col(big_integer(Projects::SnapshotCount))
                    .col(big_integer(Projects::RowCount))
                    .col(timestamp_with_time_zone(Projects::CreatedAt))
                    .col(timestamp_with_time_zone(Projects::UpdatedAt))
                    .col(timestamp_with_time_zone_null(Projects::TrashedAt))
                    .check((
                        "ck_projects_state",
                        Expr::col(Projects::State).is_in(STATES),
                    ))
                    .check((
                        "ck_projects_trashed_at",
                        Expr::col(Projects::State)
                            .eq("trashed")
                            .and(Expr::col(Projects::TrashedAt).is_not_null())
                            .or(Expr::col(Projects::State)
                                .ne("trashed")
                                .and(Expr::col(Projects::TrashedAt).is_null())),
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_projects_name_fold_id")
                    .table(Projects::Table)
                    .col(Projects::NameFold)
                    .col(Projects::Id)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_projects_namespace")
                    .table(Projects::Table)
                    .col(Projects::Namespace)
                    .unique()
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Projects::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Projects {
    Table,
    Id,
    Name,
    NameFold,
    Description,
    State,
    Location,
    Namespace,
    Epoch,
    Revision,
    SourceCount,
    SnapshotCount,
    RowCount,
    CreatedAt,
    UpdatedAt,
    TrashedAt,
}
