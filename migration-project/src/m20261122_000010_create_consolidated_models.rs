//! Creates `consolidated_models`: how sources are merged and transformed into one result.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(ConsolidatedModels::Table)
                    .col(text(ConsolidatedModels::Id).primary_key())
                    .col(text(ConsolidatedModels::Name))
                    .col(text(ConsolidatedModels::NameFold))
                    .col(text_null(ConsolidatedModels::Description))
                    .col(json_binary(ConsolidatedModels::Spec))
                    .col(timestamp_with_time_zone(ConsolidatedModels::CreatedAt))
                    .col(timestamp_with_time_zone(ConsolidatedModels::UpdatedAt))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_consolidated_models_name_fold")
                    .table(ConsolidatedModels::Table)
                    .col(ConsolidatedModels::NameFold)
                    .unique()
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(ConsolidatedModels::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum ConsolidatedModels {
    Table,
    Id,
    Name,
    NameFold,
    Description,
    Spec,
    CreatedAt,
    UpdatedAt,
}
