//! Creates `job_dependencies`: which jobs must be completed before another is begun.

use sea_orm_migration::{prelude::*, schema::*};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let to_jobs = |name: &str, column: JobDependencies| {
            ForeignKey::create()
                .name(name)
                .from(JobDependencies::Table, column)
                .to(Jobs::Table, Jobs::Id)
                .on_delete(ForeignKeyAction::Cascade)
                .to_owned()
        };
        manager
            .create_table(
                Table::create()
                    .table(JobDependencies::Table)
                    .col(text(JobDependencies::JobId))
                    .col(text(JobDependencies::DependencyId))
                    .primary_key(
                        Index::create()
                            .col(JobDependencies::JobId)
                            .col(JobDependencies::DependencyId),
                    )
                    .foreign_key(&mut to_jobs(
                        "fk_job_dependencies_job_id",
                        JobDependencies::JobId,
                    ))
                    .foreign_key(&mut to_jobs(
                        "fk_job_dependencies_dependency_id",
                        JobDependencies::DependencyId,
                    ))
                    .to_owned(),
            )
            .await?;
        manager
            .create_index(
                Index::create()
                    .name("ix_job_dependencies_dependency_id")
                    .table(JobDependencies::Table)
                    .col(JobDependencies::DependencyId)
                    .to_owned(),
            )
            .await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table(JobDependencies::Table).to_owned())
            .await
    }
}

#[derive(DeriveIden)]
enum JobDependencies {
    Table,
    JobId,
    DependencyId,
}

#[derive(DeriveIden)]
enum Jobs {
    Table,
    Id,
}
