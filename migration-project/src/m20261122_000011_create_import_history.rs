//! Creates `import_history`: every import, with its outcome; entries outlive their source and snapshot.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const STATES: [&str; 4] = ["running", "completed", "unchanged", "failed"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .create_table(
                Table::create()
                    .table(ImportHistory::Table)
                    .col(text(ImportHistory::Id).primary_key())
                    .col(text_null(ImportHistory::SourceId))
                    .col(text(ImportHistory::SourceName))
                    .col(text_null(ImportHistory::SnapshotId))
                    .col(text_null(ImportHistory::JobId))
                    .col(text(ImportHistory::FileName))
                    .col(text(ImportHistory::Format))
                    .col(big_integer(ImportHistory::Rows))
                    .col(big_integer(ImportHistory::Rejected))
                    .col(text(ImportHistory::State))
                    .col(text_null(ImportHistory::Error))
                    .col(timestamp_with_time_zone(ImportHistory::StartedAt))
                    .col(timestamp_with_time_zone_null(ImportHistory::FinishedAt))
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_import_history_source_id")
                            .from(ImportHistory::Table, ImportHistory::SourceId)
                            .to(DataSources::Table, DataSources::Id)
                            .on_delete(ForeignKeyAction::SetNull),
                    )
                    .foreign_key(
                        ForeignKey::create()
                            .name("fk_import_history_snapshot_id")
                            .from(ImportHistory::Table, ImportHistory::SnapshotId)
                            .to(Snapshots::Table, Snapshots::Id)
                            .on_delete(ForeignKeyAction::SetNull),
                    )
                    .check((
                        "ck_import_history_state",
                        Expr::col(ImportHistory::State).is_in(STATES),
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_import_history_started_at_id")
                    .table(ImportHistory::Table)
                    .col(ImportHistory::StartedAt)
                    .col(ImportHistory::Id)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_import_history_source_id_started_at_id")
                    .table(ImportHistory::Table)
                    .col(ImportHistory::SourceId)
                    .col(ImportHistory::StartedAt)
                    .col(ImportHistory::Id)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_import_history_job_id")
                    .table(ImportHistory::Table)
                    .col(ImportHistory::JobId)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_import_history_state")
                    .table(ImportHistory::Table)
                    .col(ImportHistory::State)
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_import_history_snapshot_id")
                    .table(ImportHistory::Table)
                    .col(ImportHistory::SnapshotId)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(ImportHistory::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum ImportHistory {
    Table,
    Id,
    SourceId,
    SourceName,
    SnapshotId,
    JobId,
    FileName,
    Format,
    Rows,
    Rejected,
    State,
    Error,
    StartedAt,
    FinishedAt,
}

#[derive(DeriveIden)]
enum DataSources {
    Table,
    Id,
}

#[derive(DeriveIden)]
enum Snapshots {
    Table,
    Id,
}
