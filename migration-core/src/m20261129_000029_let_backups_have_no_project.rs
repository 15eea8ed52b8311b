//! Lets `backups.project_id` be null: such a backup is one of the whole store. And lets backups be in the middle of being deleted.
//!
//! SQLite changes no column, so the table is made anew. Rows of the whole store go on the way down, and those of backups of which
//! nobody knows any more whether they are whole.

use sea_orm_migration::{prelude::*, schema::*};

pub(crate) const TYPES: [&str; 4] = ["csv", "sqlite", "full", "incremental"];
pub(crate) const STATES: [&str; 4] = ["running", "completed", "failed", "deleting"];
/// The states before.
const OLDER: [&str; 3] = ["running", "completed", "failed"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let project_id = text_null(Backups::ProjectId);
        make_anew(manager, project_id, &STATES, Condition::all()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let known = Condition::all()
            .add(Expr::col(Backups::ProjectId).is_not_null())
            .add(Expr::col(Backups::State).is_in(OLDER));
        make_anew(manager, text(Backups::ProjectId), &OLDER, known).await
    }
}

/// Makes the table anew with this column for the project and these states, and takes over the rows for which `kept` holds.
async fn make_anew(
    manager: &SchemaManager<'_>,
    project_id: ColumnDef,
    states: &[&str],
    kept: Condition,
) -> Result<(), DbErr> {
    // Names of indexes are those of the whole database, so the old ones give theirs up first.
    for index in indexes() {
        let name = index.get_index_spec().get_name().unwrap_or_default();
        let named = Index::drop().name(name).table(Backups::Table).to_owned();
        manager.drop_index(named).await?;
    }
    let old = Table::rename()
        .table(Backups::Table, BackupsBefore::Table)
        .to_owned();
    manager.rename_table(old).await?;
    manager
        .create_table(
            Table::create()
                .table(Backups::Table)
                .col(text(Backups::Id).primary_key())
                .col(project_id)
                .col(text(Backups::Type))
                .col(text(Backups::State))
                .col(text(Backups::Location))
                .col(big_integer_null(Backups::SizeBytes))
                .col(big_integer_null(Backups::DataSourceCount))
                .col(big_integer_null(Backups::SnapshotCount))
                .col(big_integer_null(Backups::TotalRecords))
                .col(json_binary_null(Backups::Tables))
                .col(boolean(Backups::Compressed))
                .col(boolean(Backups::WithData))
                .col(text_null(Backups::Description))
                .col(text_null(Backups::JobId))
                .col(text_null(Backups::Error))
                .col(timestamp_with_time_zone_null(Backups::VerifiedAt))
                .col(timestamp_with_time_zone(Backups::CreatedAt))
                .col(timestamp_with_time_zone_null(Backups::CompletedAt))
                .col(timestamp_with_time_zone_null(Backups::LastProvenRestoreAt))
                .check(("ck_backups_type", Expr::col(Backups::Type).is_in(TYPES)))
                .check((
                    "ck_backups_state",
                    Expr::col(Backups::State).is_in(states.iter().copied()),
                ))
                .to_owned(),
        )
        .await?;
    let columns = [
        Backups::Id,
        Backups::ProjectId,
        Backups::Type,
        Backups::State,
        Backups::Location,
        Backups::SizeBytes,
        Backups::DataSourceCount,
        Backups::SnapshotCount,
        Backups::TotalRecords,
        Backups::Tables,
        Backups::Compressed,
        Backups::WithData,
        Backups::Description,
        Backups::JobId,
        Backups::Error,
        Backups::VerifiedAt,
        Backups::CreatedAt,
        Backups::CompletedAt,
        Backups::LastProvenRestoreAt,
    ];
    let rows = Query::select()
        .columns(columns)
        .from(BackupsBefore::Table)
        .cond_where(kept)
        .to_owned();
    let taken_over = Query::insert()
        .into_table(Backups::Table)
        .columns(columns)
        .select_from(rows)
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .to_owned();
    manager.exec_stmt(taken_over).await?;
    manager
        .drop_table(Table::drop().table(BackupsBefore::Table).to_owned())
        .await?;
    for index in indexes() {
        manager.create_index(index).await?;
    }
    Ok(())
}

fn indexes() -> [IndexCreateStatement; 2] {
    let index = |name: &str| Index::create().name(name).table(Backups::Table).take();
    [
        index("ix_backups_project_id_created_at")
            .col(Backups::ProjectId)
            .col(Backups::CreatedAt)
            .take(),
        index("ix_backups_job_id").col(Backups::JobId).take(),
    ]
}

#[derive(DeriveIden, Clone, Copy)]
enum Backups {
    Table,
    Id,
    ProjectId,
    Type,
    State,
    Location,
    SizeBytes,
    DataSourceCount,
    SnapshotCount,
    TotalRecords,
    Tables,
    Compressed,
    WithData,
    Description,
    JobId,
    Error,
    VerifiedAt,
    CreatedAt,
    CompletedAt,
    LastProvenRestoreAt,
}

#[derive(DeriveIden)]
enum BackupsBefore {
    Table,
}
