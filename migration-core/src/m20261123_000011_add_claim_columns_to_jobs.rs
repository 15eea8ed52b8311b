//! Widens `jobs` by what decides which waiting job is begun next, and by what ends one that keeps killing its process.

use sea_orm_migration::{prelude::*, schema::*};

const EPOCH: &str = "1970-01-01T00:00:00+00:00";
const LIVE: [&str; 3] = ["blocked", "pending", "running"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for column in [
            text(Jobs::Queue).default("default").to_owned(),
            big_integer(Jobs::Priority).default(0).to_owned(),
            text(Jobs::ConcurrencyKey).default("").to_owned(),
            timestamp_with_time_zone(Jobs::RunAt)
                .default(EPOCH)
                .to_owned(),
            text_null(Jobs::UniqueKey),
            big_integer(Jobs::PendingDependencies).default(0).to_owned(),
            big_integer(Jobs::MaxCrashes).default(1).to_owned(),
        ] {
            let widen = Table::alter().table(Jobs::Table).add_column(column).take();
            manager.alter_table(widen).await?;
        }
        let of_project = Query::update()
            .table(Jobs::Table)
            .value(Jobs::ConcurrencyKey, Expr::col(Jobs::ProjectId))
            .and_where(Expr::col(Jobs::ProjectId).is_not_null())
            .take();
        manager.execute(of_project).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for index in indexes() {
            let name = index.get_index_spec().get_name().unwrap_or_default();
            let drop = Index::drop().name(name).table(Jobs::Table).to_owned();
            manager.drop_index(drop).await?;
        }
        for column in [
            Jobs::Queue,
            Jobs::Priority,
            Jobs::ConcurrencyKey,
            Jobs::RunAt,
            Jobs::UniqueKey,
            Jobs::PendingDependencies,
            Jobs::MaxCrashes,
        ] {
            let narrow = Table::alter().table(Jobs::Table).drop_column(column).take();
            manager.alter_table(narrow).await?;
        }
        Ok(())
    }
}

fn indexes() -> [IndexCreateStatement; 4] {
    let index = |name: &str| Index::create().name(name).table(Jobs::Table).take();
    [
        index("ix_jobs_pending")
            .col(Jobs::Queue)
            .col(Jobs::Priority)
            .col(Jobs::ConcurrencyKey)
            .col(Jobs::RunAt)
            .col(Jobs::Id)
            .and_where(Expr::col(Jobs::State).eq("pending"))
            .take(),
        index("ix_jobs_running_queue")
            .col(Jobs::Queue)
            .and_where(Expr::col(Jobs::State).eq("running"))
            .take(),
        index("ix_jobs_running_concurrency_key")
            .col(Jobs::ConcurrencyKey)
            .and_where(Expr::col(Jobs::State).eq("running"))
            .take(),
        index("ux_jobs_unique_key")
            .col(Jobs::UniqueKey)
            .unique()
            .and_where(Expr::col(Jobs::UniqueKey).is_not_null())
            .and_where(Expr::col(Jobs::State).is_in(LIVE))
            .take(),
    ]
}

#[derive(DeriveIden)]
enum Jobs {
    Table,
    Id,
    ProjectId,
    State,
    Queue,
    Priority,
    ConcurrencyKey,
    RunAt,
    UniqueKey,
    PendingDependencies,
    MaxCrashes,
}
