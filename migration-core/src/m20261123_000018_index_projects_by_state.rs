//! Indexes `projects` by state and name, so that a page of those in use reads nothing else.

use sea_orm_migration::prelude::*;

const INDEX: &str = "ix_projects_state_name_fold_id";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_index(
                Index::create()
                    .name(INDEX)
                    .table(Projects::Table)
                    .col(Projects::State)
                    .col(Projects::NameFold)
                    .col(Projects::Id)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_index(Index::drop().name(INDEX).table(Projects::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Projects {
    Table,
    State,
    NameFold,
    Id,
}
