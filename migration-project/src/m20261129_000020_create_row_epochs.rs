//! Creates `row_epochs`: what was done to rows that were published already, apart from closing them. Who keeps copies of rows by
//! their numbers, as backups do, looks up here which of the copies still hold.
//!
//! - `undone`: rows from `rid_lo` to `rid_hi` are gone, and rows that were closed from `seq_lo` to `seq_hi` are open again;
//! - `changed`: some cells of rows from `rid_lo` to `rid_hi` are others;
//! - `pruned`: some rows from `rid_lo` to `rid_hi` are gone, all of them closed from `seq_lo` to `seq_hi`; what is left is as it was.
//!
//! `epoch` rises by one for each line of a source.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const KINDS: [&str; 3] = ["undone", "changed", "pruned"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(RowEpochs::Table)
                    .col(text(RowEpochs::SourceId))
                    .col(big_integer(RowEpochs::Epoch))
                    .col(text(RowEpochs::Kind))
                    .col(big_integer(RowEpochs::RidLo))
                    .col(big_integer(RowEpochs::RidHi))
                    .col(big_integer_null(RowEpochs::SeqLo))
                    .col(big_integer_null(RowEpochs::SeqHi))
                    .primary_key(
                        Index::create()
                            .col(RowEpochs::SourceId)
                            .col(RowEpochs::Epoch),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_row_epochs_source_id")
                            .from(RowEpochs::Table, RowEpochs::SourceId)
                            .to(DataSources::Table, DataSources::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check((
                        "ck_row_epochs_kind",
                        Expr::col(RowEpochs::Kind).is_in(KINDS),
                    ))
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(RowEpochs::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum RowEpochs {
    Table,
    SourceId,
    Epoch,
    Kind,
    RidLo,
    RidHi,
    SeqLo,
    SeqHi,
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    Id,
}
