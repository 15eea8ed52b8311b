//! Creates `snapshot_columns`: the columns of a snapshot in their order, each over one physical column.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const TYPES: [&str; 9] = [
    "empty",
    "integer",
    "real",
    "decimal",
    "boolean",
    "date",
    "time",
    "timestamp",
    "text",
];
pub(crate) const QUOTINGS: [&str; 3] = ["minimal", "nonempty", "always"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(SnapshotColumns::Table)
                    .col(text(SnapshotColumns::SnapshotId))
                    .col(big_integer(SnapshotColumns::Ord))
                    .col(big_integer(SnapshotColumns::Phys))
                    .col(text(SnapshotColumns::Name))
                    .col(text(SnapshotColumns::Type))
                    .col(text_null(SnapshotColumns::Format))
                    .col(text(SnapshotColumns::Encoding))
                    .col(text(SnapshotColumns::Quoting))
                    .col(big_integer(SnapshotColumns::OddCells))
                    .primary_key(
                        Index::create()
                            .col(SnapshotColumns::SnapshotId)
                            .col(SnapshotColumns::Ord),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_snapshot_columns_snapshot_id")
                            .from(SnapshotColumns::Table, SnapshotColumns::SnapshotId)
                            .to(Snapshots::Table, Snapshots::Id)
                            .on_delete(ForeignKeyAction::Cascade),
                    )
                    .check((
                        "ck_snapshot_columns_type",
                        Expr::col(SnapshotColumns::Type).is_in(TYPES),
                    ))
                    .check((
                        "ck_snapshot_columns_quoting",
                        Expr::col(SnapshotColumns::Quoting).is_in(QUOTINGS),
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ux_snapshot_columns_snapshot_id_phys")
                    .table(SnapshotColumns::Table)
                    .col(SnapshotColumns::SnapshotId)
                    .col(SnapshotColumns::Phys)
                    .unique()
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(SnapshotColumns::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum SnapshotColumns {
    Table,
    SnapshotId,
    Ord,
    Phys,
    Name,
    Type,
    Format,
    Encoding,
    Quoting,
    OddCells,
}

#[derive(DeriveIden)]
enum Snapshots {
    Table,
    Id,
}
