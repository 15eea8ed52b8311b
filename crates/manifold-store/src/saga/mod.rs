//! Sagas: changes of a project's life that touch hub and file.
//!
//! No transaction spans two files, so each saga is written down in the hub first, then done step by step;
//! every step and its undo can be repeated. What a dead process left is finished or undone when the next
//! one opens the store.

mod adopt;
mod clone;
mod create;
mod creating;
mod delete;
mod draft;
mod exclusive;
mod lock_holders;
mod operation;
mod outside_file;
mod place;
mod purge;
mod request;
pub(crate) mod spoke_files;
pub(crate) mod taken_name;
mod undelete;

use std::sync::Arc;

use entity_core::enums::{OperationKind, OperationState};
use entity_core::project_operations;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

pub(crate) use adopt::adopt;
pub use adopt::{AdoptOptions, Adopted};
pub(crate) use clone::{clone_active, clone_trashed};
pub use create::NewProject;
pub(crate) use create::create;
pub(crate) use delete::delete;
pub use draft::ProjectDraft;
pub(crate) use draft::settle_abandoned as settle_drafts;
pub(crate) use exclusive::Exclusive;
pub(crate) use lock_holders::{lock_holders, readers};
pub(crate) use place::{restore, restore_as_it_was};
pub(crate) use purge::purge;
pub(crate) use request::{requested, wait as wait_while_requested};
pub(crate) use spoke_files::settle;
pub(crate) use undelete::undelete;

use crate::{DatabaseManager as _, SqliteManager, StoreError, WorkerId, worker};

/// Finishes or undoes the sagas of processes that died. Drafts that are in use wait for [`settle_drafts`].
pub(crate) async fn reconcile(manager: &Arc<SqliteManager>) -> Result<(), StoreError> {
    let running = project_operations::Entity::find()
        .filter(project_operations::Column::State.eq(OperationState::Running))
        .filter(project_operations::Column::Step.ne(creating::DRAFT))
        .order_by_asc(project_operations::Column::CreatedAt);
    for row in manager.core().all(running).await? {
        if !abandoned(manager, &row)? || !operation::adopt(manager, &row).await? {
            continue;
        }
        if row.step == request::REQUESTED {
            request::withdraw(manager, &row).await?;
            continue;
        }
        let resumed = match row.kind {
            OperationKind::Create => create::resume(manager, &row).await,
            OperationKind::Delete => delete::resume(manager, &row).await,
            OperationKind::Undelete => undelete::resume(manager, &row).await,
            OperationKind::Restore | OperationKind::Clone | OperationKind::Adopt => {
                place::resume(manager, &row).await
            }
            OperationKind::Purge => purge::resume(manager, &row).await,
        };
        // One project that cannot be dealt with now must not keep the others from being used.
        if let Err(error) = resumed {
            tracing::warn!(project.id = %row.project_id, %error, "a change of project {} stays half-done", row.project_id);
            operation::postpone(manager, &row, &error).await?;
        }
    }
    Ok(())
}

fn abandoned(manager: &SqliteManager, row: &project_operations::Model) -> Result<bool, StoreError> {
    match row.worker_id.as_ref().map(|id| id.parse::<WorkerId>()) {
        Some(Ok(worker)) => Ok(!worker::is_alive(manager.layout(), &worker)?),
        Some(Err(_)) | None => Ok(true),
    }
}
