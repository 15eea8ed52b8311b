//! Creates `project`: what the project says about itself; exactly one row.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Project::Table)
                    .col(text(Project::Id).primary_key())
                    .col(text(Project::Name))
                    .col(text_null(Project::Description))
                    .col(json_binary(Project::Settings))
                    .col(big_integer(Project::Epoch))
                    .col(big_integer(Project::Revision))
                    .col(big_integer(Project::NextRowTable))
                    .col(timestamp_with_time_zone(Project::CreatedAt))
                    .col(timestamp_with_time_zone(Project::UpdatedAt))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Project::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Project {
    Table,
    Id,
    Name,
    Description,
    Settings,
    Epoch,
    Revision,
    NextRowTable,
    CreatedAt,
    UpdatedAt,
}
