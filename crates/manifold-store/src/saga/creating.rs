//! A project that is being made: its row in the hub says `creating` until its file is at its place.

use entity_core::enums::{OperationState, ProjectState};
use entity_core::projects;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use super::{operation, spoke_files};
use crate::{
    AtomicFile, CoreTransaction, DatabaseManager as _, ProjectId, SqliteManager, StoreError,
    provision, sync_folder,
};

/// The step of a draft's saga while the project is in use, and what marks a draft in its payload.
pub(super) const DRAFT: &str = "draft";

/// Whether a project stays whatever comes into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outlook {
    /// It stays.
    Stays,
    /// It is a draft: its saga goes on, and takes it back if nothing comes into it.
    Draft,
}

/// The file is complete: the project becomes visible.
pub(super) async fn publish(
    manager: &SqliteManager,
    id: &ProjectId,
    operation: &str,
    outlook: Outlook,
) -> Result<projects::Model, StoreError> {
    let visible = projects::ActiveModel {
        id: Set(id.to_string()),
        state: Set(ProjectState::Active),
        ..Default::default()
    };
    let show = async |transaction: &CoreTransaction| {
        let row = transaction.update(visible).await?;
        match outlook {
            Outlook::Stays => {
                operation::finish(transaction, operation, OperationState::Done, None).await?;
            }
            Outlook::Draft => operation::step(transaction, operation, DRAFT).await?,
        }
        Ok(row)
    };
    manager.core().write(show).await
}

/// Removes what was made of a project that nobody sees and nobody has open: its file, then its row.
pub(super) async fn undo(
    manager: &SqliteManager,
    id: &ProjectId,
    operation: &str,
    reason: String,
) -> Result<(), StoreError> {
    let row = manager
        .core()
        .one(projects::Entity::find_by_id(id.as_str()))
        .await?;
    if row.is_some_and(|row| row.state == ProjectState::Active) {
        return Ok(()); // it was published although the answer said otherwise
    }
    let (file, folder) = (
        manager.layout().spoke(&id.namespace()),
        manager.layout().projects(),
    );
    provision::blocking(move || {
        AtomicFile::clear(&file)?;
        spoke_files::remove(&file)?;
        sync_folder(&folder)
    })
    .await?;
    let transaction = manager.core().begin().await?;
    transaction
        .exec(
            projects::Entity::delete_many()
                .filter(projects::Column::Id.eq(id))
                .filter(projects::Column::State.eq(ProjectState::Creating)),
        )
        .await?;
    operation::finish(
        &transaction,
        operation,
        OperationState::Failed,
        Some(reason),
    )
    .await?;
    transaction.commit().await
}
