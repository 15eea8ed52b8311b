//! Consolidated models: how sources are merged and transformed into one result.

use std::sync::Arc;

use entity_project::consolidated_models;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};
use serde_json::Value as Json;

use crate::reference::{self, Candidate};
use crate::{
    DatabaseManager, ModelId, ProjectId, ProjectTransaction, StoreError, Timestamp, config_secrets,
    name, revision,
};

/// What a consolidated model says.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelDefinition {
    /// Its name, unique without regard to case among the models of its project.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// How the result is made: a JSON object. Secrets only by reference.
    pub spec: Json,
}

/// The consolidated models of projects.
#[derive(Clone)]
pub struct ConsolidatedModels {
    manager: Arc<dyn DatabaseManager>,
}

impl ConsolidatedModels {
    /// The models in the projects that `manager` routes to.
    #[must_use]
    pub fn new(manager: Arc<dyn DatabaseManager>) -> Self {
        Self { manager }
    }

    /// Makes a model.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`], [`StoreError::NameTaken`]; [`StoreError::InvalidValue`] when the spec is no
    /// JSON object; [`StoreError::SecretLiteral`]; others by meaning.
    pub async fn create(
        &self,
        project: &ProjectId,
        definition: ModelDefinition,
    ) -> Result<consolidated_models::Model, StoreError> {
        let spoke = self.manager.project(project).await?;
        let transaction = spoke.begin().await?;
        let id = ModelId::new().to_string();
        let checked = checked(&transaction, &id, definition).await?;
        let now = Timestamp::now();
        let created = consolidated_models::ActiveModel {
            created_at: Set(now),
            updated_at: Set(now),
            ..checked
        };
        let row = transaction.insert(created).await?;
        revision::commit(self.manager.core(), &spoke, transaction).await?;
        Ok(row)
    }

    /// The models of a project, by name.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(
        &self,
        project: &ProjectId,
    ) -> Result<Vec<consolidated_models::Model>, StoreError> {
        let by_name =
            consolidated_models::Entity::find().order_by_asc(consolidated_models::Column::NameFold);
        self.manager.project(project).await?.all(by_name).await
    }

    /// The model with this exact id, exact name, or unique id prefix.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ambiguous`] with the candidates.
    pub async fn find(
        &self,
        project: &ProjectId,
        reference: &str,
    ) -> Result<consolidated_models::Model, StoreError> {
        let spoke = self.manager.project(project).await?;
        if let Some(exact) = spoke
            .one(consolidated_models::Entity::find_by_id(reference))
            .await?
        {
            return Ok(exact);
        }
        if let Some(named) = spoke.one(named(reference)).await? {
            return Ok(named);
        }
        let prefixed = reference::prefixed(
            consolidated_models::Entity::find(),
            consolidated_models::Column::Id,
            reference,
        );
        reference::by_prefix("model", reference, spoke.all(prefixed).await?)
    }

    /// Makes a model say something else.
    ///
    /// # Errors
    /// As [`Self::create`], and [`StoreError::NotFound`] when it does not exist.
    pub async fn update(
        &self,
        project: &ProjectId,
        id: &ModelId,
        definition: ModelDefinition,
    ) -> Result<consolidated_models::Model, StoreError> {
        let spoke = self.manager.project(project).await?;
        let transaction = spoke.begin().await?;
        if transaction
            .one(consolidated_models::Entity::find_by_id(id.as_str()))
            .await?
            .is_none()
        {
            return Err(not_found(id));
        }
        let checked = checked(&transaction, id.as_str(), definition).await?;
        let changed = consolidated_models::ActiveModel {
            updated_at: Set(Timestamp::now()),
            ..checked
        };
        let row = transaction.update(changed).await?;
        revision::commit(self.manager.core(), &spoke, transaction).await?;
        Ok(row)
    }

    /// Removes a model; the sources it is made from stay.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; others by meaning.
    pub async fn delete(&self, project: &ProjectId, id: &ModelId) -> Result<(), StoreError> {
        let spoke = self.manager.project(project).await?;
        let transaction = spoke.begin().await?;
        let deleted = transaction
            .exec(consolidated_models::Entity::delete_by_id(id.as_str()))
            .await?;
        if deleted.rows_affected == 0 {
            return Err(not_found(id));
        }
        revision::commit(self.manager.core(), &spoke, transaction).await
    }
}

impl std::fmt::Debug for ConsolidatedModels {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConsolidatedModels").finish_non_exhaustive()
    }
}

/// The row that a definition makes, without its times.
async fn checked(
    transaction: &ProjectTransaction,
    id: &str,
    definition: ModelDefinition,
) -> Result<consolidated_models::ActiveModel, StoreError> {
    let ModelDefinition {
        name,
        description,
        spec,
    } = definition;
    let name = name::check("model", &name)?;
    if !spec.is_object() {
        return Err(StoreError::InvalidValue {
            what: format!("the spec of model `{name}`"),
            value: spec.to_string().chars().take(60).collect(),
            reason: "it must be a JSON object".to_owned(),
        });
    }
    config_secrets::check(&spec)?;
    if let Some(taken) = transaction
        .one(named(&name).filter(consolidated_models::Column::Id.ne(id)))
        .await?
    {
        return Err(StoreError::NameTaken {
            what: "model",
            name,
            id: taken.id,
        });
    }
    Ok(consolidated_models::ActiveModel {
        id: Set(id.to_owned()),
        name_fold: Set(name::fold(&name)),
        name: Set(name),
        description: Set(description),
        spec: Set(spec),
        ..Default::default()
    })
}

fn named(name: &str) -> sea_orm::Select<consolidated_models::Entity> {
    consolidated_models::Entity::find()
        .filter(consolidated_models::Column::NameFold.eq(name::fold(name)))
}

fn not_found(id: &ModelId) -> StoreError {
    StoreError::NotFound {
        what: "model",
        name: id.as_str().chars().take(80).collect(),
    }
}

impl Candidate for consolidated_models::Model {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }
}
