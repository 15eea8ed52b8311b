//! The revision of a project: it rises with every change of what the hub shows.

use entity_project::project;
use sea_orm::EntityTrait as _;
use sea_orm::sea_query::{Expr, ExprTrait as _};

use crate::{
    CoreDatabase, ProjectDatabase, ProjectTransaction, StoreError, Timestamp, fail_point,
    projection,
};

/// Commits a transaction that changes what the hub shows of the project, and brings the hub in step.
pub(crate) async fn commit(
    core: &CoreDatabase,
    spoke: &ProjectDatabase,
    transaction: ProjectTransaction,
) -> Result<(), StoreError> {
    raise(&transaction).await?;
    fail_point!("revision-raised");
    transaction.commit().await?;
    fail_point!("revision-committed");
    projection::publish(core, spoke).await
}

/// Marks that the transaction changes what the hub shows of the project.
async fn raise(transaction: &ProjectTransaction) -> Result<(), StoreError> {
    transaction
        .exec(
            project::Entity::update_many()
                .col_expr(
                    project::Column::Revision,
                    Expr::col(project::Column::Revision).add(1),
                )
                .col_expr(project::Column::UpdatedAt, Expr::value(Timestamp::now())),
        )
        .await?;
    Ok(())
}
