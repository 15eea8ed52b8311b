//! What a source's rows were fetched as, so that the same is not fetched again.

use entity_project::data_sources;
use sea_orm::{ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};
use serde_json::{Value as Json, json};

use super::DataSources;
use crate::{ProjectId, SourceId, StoreError, config_secrets, revision};

/// The key of the config that says what was fetched.
const FETCHED: &str = "fetched";

impl DataSources {
    /// Notes in a source's config, as `fetched`, what its rows were fetched as; `None` forgets it. What stands there already
    /// is not written again.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::SecretLiteral`]; others by meaning.
    pub async fn note_fetched(
        &self,
        project: &ProjectId,
        source: &SourceId,
        fetched: Option<Json>,
    ) -> Result<(), StoreError> {
        let spoke = self.manager.project(project).await?;
        let transaction = spoke.begin().await?;
        let found = transaction
            .one(data_sources::Entity::find_by_id(source.as_str()))
            .await?;
        let found = found.ok_or_else(|| StoreError::NotFound {
            what: "source",
            name: source.to_string(),
        })?;
        let mut config = match &found.config {
            Json::Object(members) => members.clone(),
            _ => serde_json::Map::new(),
        };
        let before = match &fetched {
            Some(now) => config.insert(FETCHED.to_owned(), now.clone()),
            None => config.shift_remove(FETCHED),
        };
        if before == fetched {
            return transaction.rollback().await;
        }
        let config = Json::Object(config);
        config_secrets::check(&config)?;
        let mut changed = found.into_active_model();
        changed.config = Set(config);
        transaction.update(changed).await?;
        revision::commit(self.manager.core(), &spoke, transaction).await?;
        Ok(())
    }
}

/// What a source with this config was fetched as.
#[must_use]
pub fn fetched(config: &Json) -> Option<&Json> {
    config.get(FETCHED)
}

/// Refuses secrets as literals: texts under keys that look like a secret's, and passwords within URLs.
///
/// # Errors
/// [`StoreError::SecretLiteral`] with the path of the key.
pub fn refuse_secrets(texts: &[(String, String)]) -> Result<(), StoreError> {
    for (key, text) in texts {
        config_secrets::check(&json!({ key: text }))?;
    }
    Ok(())
}
