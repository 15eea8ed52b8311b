//! Creates `relationships`: which columns of one source refer to which columns of another.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const CARDINALITIES: [&str; 4] =
    ["one_to_one", "one_to_many", "many_to_one", "many_to_many"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(Relationships::Table)
                    .col(text(Relationships::Id).primary_key())
                    .col(text(Relationships::Name))
                    .col(text(Relationships::FromSourceId))
                    .col(json_binary(Relationships::FromColumns))
                    .col(text(Relationships::ToSourceId))
                    .col(json_binary(Relationships::ToColumns))
                    .col(text_null(Relationships::Cardinality))
                    .col(timestamp_with_time_zone(Relationships::CreatedAt))
                    .col(timestamp_with_time_zone(Relationships::UpdatedAt))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_relationships_from_source_id")
                            .from(Relationships::Table, Relationships::FromSourceId)
                            .to(DataSources::Table, DataSources::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_relationships_to_source_id")
                            .from(Relationships::Table, Relationships::ToSourceId)
                            .to(DataSources::Table, DataSources::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check((
                        "ck_relationships_cardinality",
                        Expr::col(Relationships::Cardinality).is_in(CARDINALITIES),
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_relationships_from_source_id")
                    .table(Relationships::Table)
                    .col(Relationships::FromSourceId)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_relationships_to_source_id")
                    .table(Relationships::Table)
                    .col(Relationships::ToSourceId)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(Relationships::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum Relationships {
    Table,
    Id,
    Name,
    FromSourceId,
    FromColumns,
    ToSourceId,
    ToColumns,
    Cardinality,
    CreatedAt,
    UpdatedAt,
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    Id,
}
