//! A project's name belongs to one project at a time; those in the trash have given theirs up.

use entity_core::enums::ProjectState;
use entity_core::projects;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::{CoreTransaction, StoreError, name};

/// Refuses a name that another project than `id` has, without regard to case.
///
/// # Errors
/// [`StoreError::NameTaken`]; others by meaning.
pub(crate) async fn refuse(
    transaction: &CoreTransaction,
    wanted: &str,
    id: &str,
) -> Result<(), StoreError> {
    let same_name = projects::Entity::find()
        .filter(projects::Column::NameFold.eq(name::fold(wanted)))
        .filter(projects::Column::Id.ne(id))
        .filter(projects::Column::State.ne(ProjectState::Trashed));
    match transaction.one(same_name).await? {
        Some(taken) => Err(StoreError::NameTaken {
            what: "project",
            name: wanted.to_owned(),
            id: taken.id,
        }),
        None => Ok(()),
    }
}
