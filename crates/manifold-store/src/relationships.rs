//! Relationships: which columns of one source refer to which columns of another.

mod definition;

use std::sync::Arc;

use entity_project::relationships;
use sea_orm::sea_query::Condition;
use sea_orm::{ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use definition::checked;
pub use definition::{RelationshipDefinition, RelationshipEnd};

use crate::reference::{self, Candidate};
use crate::{
    DatabaseManager, ProjectId, RelationshipId, SourceId, StoreError, Timestamp, name, revision,
};

/// The relationships between the sources of projects.
#[derive(Clone)]
pub struct Relationships {
    manager: Arc<dyn DatabaseManager>,
}

impl Relationships {
    /// The relationships in the projects that `manager` routes to.
    #[must_use]
    pub fn new(manager: Arc<dyn DatabaseManager>) -> Self {
        Self { manager }
    }

    /// Makes a relationship. Columns are checked against the latest snapshot of their source, where it has one,
    /// and kept as they are spelled there.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`], [`StoreError::NameTaken`]; [`StoreError::NotFound`] for a source that is not
    /// in this project; [`StoreError::InvalidValue`] for the columns; others by meaning.
    pub async fn create(
        &self,
        project: &ProjectId,
        definition: RelationshipDefinition,
    ) -> Result<relationships::Model, StoreError> {
        let spoke = self.manager.project(project).await?;
        let transaction = spoke.begin().await?;
        let id = RelationshipId::new().to_string();
        let checked = checked(&transaction, &id, definition).await?;
        let now = Timestamp::now();
        let created = relationships::ActiveModel {
            created_at: Set(now),
            updated_at: Set(now),
            ..checked
        };
        let row = transaction.insert(created).await?;
        revision::commit(self.manager.core(), &spoke, transaction).await?;
        Ok(row)
    }

    /// The relationships of a project, or those from or to one of its sources, by name.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(
        &self,
        project: &ProjectId,
        source: Option<&SourceId>,
    ) -> Result<Vec<relationships::Model>, StoreError> {
        let mut wanted = relationships::Entity::find();
        if let Some(source) = source {
            let either = Condition::any()
                .add(relationships::Column::FromSourceId.eq(source))
                .add(relationships::Column::ToSourceId.eq(source));
            wanted = wanted.filter(either);
        }
        let mut found = self.manager.project(project).await?.all(wanted).await?;
        found.sort_by_cached_key(|row| (name::fold(&row.name), row.id.clone()));
        Ok(found)
    }

    /// The relationship with this exact id, exact name, or unique id prefix.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ambiguous`] with the candidates.
    pub async fn find(
        &self,
        project: &ProjectId,
        reference: &str,
    ) -> Result<relationships::Model, StoreError> {
        let spoke = self.manager.project(project).await?;
        if let Some(exact) = spoke
            .one(relationships::Entity::find_by_id(reference))
            .await?
        {
            return Ok(exact);
        }
        let mut named = spoke.all(relationships::Entity::find()).await?;
        named.retain(|row| name::fold(&row.name) == name::fold(reference));
        if let Some(found) = reference::by_name("relationship", reference, named)? {
            return Ok(found);
        }
        let prefixed = reference::prefixed(
            relationships::Entity::find(),
            relationships::Column::Id,
            reference,
        );
        reference::by_prefix("relationship", reference, spoke.all(prefixed).await?)
    }

    /// Makes a relationship say something else.
    ///
    /// # Errors
    /// As [`Self::create`], and [`StoreError::NotFound`] when it does not exist.
    pub async fn update(
        &self,
        project: &ProjectId,
        id: &RelationshipId,
        definition: RelationshipDefinition,
    ) -> Result<relationships::Model, StoreError> {
        let spoke = self.manager.project(project).await?;
        let transaction = spoke.begin().await?;
        if transaction
            .one(relationships::Entity::find_by_id(id.as_str()))
            .await?
            .is_none()
        {
            return Err(not_found(id.as_str()));
        }
        let checked = checked(&transaction, id.as_str(), definition).await?;
        let changed = relationships::ActiveModel {
            updated_at: Set(Timestamp::now()),
            ..checked
        };
        let row = transaction.update(changed).await?;
        revision::commit(self.manager.core(), &spoke, transaction).await?;
        Ok(row)
    }

    /// Removes a relationship; its sources and their rows stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; others by meaning.
    pub async fn delete(&self, project: &ProjectId, id: &RelationshipId) -> Result<(), StoreError> {
        let spoke = self.manager.project(project).await?;
        let transaction = spoke.begin().await?;
        let deleted = transaction
            .exec(relationships::Entity::delete_by_id(id.as_str()))
            .await?;
        if deleted.rows_affected == 0 {
            return Err(not_found(id.as_str()));
        }
        revision::commit(self.manager.core(), &spoke, transaction).await
    }
}

impl std::fmt::Debug for Relationships {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relationships").finish_non_exhaustive()
    }
}

fn not_found(reference: &str) -> StoreError {
    StoreError::NotFound {
        what: "relationship",
        name: reference.chars().take(80).collect(),
    }
}

impl Candidate for relationships::Model {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }
}
