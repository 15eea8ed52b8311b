//! Data sources: create, list, find, update.

mod fetched;
mod new_source;
mod source_change;
mod source_key;

use std::sync::Arc;

use entity_project::data_sources;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

pub use fetched::{fetched, refuse_secrets};
pub use new_source::NewSource;
pub(crate) use new_source::{free_view_name, insert};
pub use source_change::{SourceChange, SourceUpdateError, refusal_if_disabled};
pub(crate) use source_change::{make_view, take_view};

use crate::reference::{self, Candidate};
use crate::{
    Database, DatabaseManager, Project, ProjectDatabase, ProjectId, SourceId, StoreError,
    TypedConnection, name, revision,
};

/// How often a new key is checked when other rows are published meanwhile.
const KEY_CHECKS: usize = 3;

/// The data sources of projects.
#[derive(Clone)]
pub struct DataSources {
    manager: Arc<dyn DatabaseManager>,
}

impl DataSources {
    /// The sources of the projects that `manager` routes to.
    #[must_use]
    pub fn new(manager: Arc<dyn DatabaseManager>) -> Self {
        Self { manager }
    }

    /// Makes a source in a project. It has no rows, and its view appears with its first snapshot.
    ///
    /// # Errors
    /// [`StoreError::InvalidName`], [`StoreError::NameTaken`], [`StoreError::SecretLiteral`]; others by meaning.
    pub async fn create(
        &self,
        project: &ProjectId,
        new: NewSource,
    ) -> Result<data_sources::Model, StoreError> {
        let spoke = self.manager.project(project).await?;
        let transaction = spoke.begin().await?;
        let row = insert(&transaction, new).await?;
        revision::commit(self.manager.core(), &spoke, transaction).await?;
        Ok(row)
    }

    /// Makes a source something else. Its rows stay as they are; a query finds them under the new name at once.
    ///
    /// A new key is checked against the rows of the latest snapshot, which are all read for that.
    ///
    /// # Errors
    /// [`SourceUpdateError::MissingKeyColumn`], [`SourceUpdateError::RepeatedKey`]; [`StoreError::InvalidName`],
    /// [`StoreError::NameTaken`], [`StoreError::SecretLiteral`], [`StoreError::NotFound`]; [`StoreError::Busy`] when
    /// imports go on publishing while the key is checked; others by meaning. The source is then as it was.
    pub async fn update(
        &self,
        project: &ProjectId,
        source: &SourceId,
        mut change: SourceChange,
    ) -> Result<data_sources::Model, SourceUpdateError> {
        let spoke = self.manager.project(project).await?;
        for _ in 0..KEY_CHECKS {
            let mut checked = None;
            if let Some(wanted) = &mut change.key_columns {
                let key = source_key::check(&spoke, source.as_str(), wanted).await?;
                wanted.clone_from(&key.columns);
                checked = Some(key);
            }
            let transaction = spoke.begin().await?;
            let found = transaction
                .one(data_sources::Entity::find_by_id(source.as_str()))
                .await?;
            let found = found.ok_or_else(|| StoreError::NotFound {
                what: "source",
                name: source.to_string(),
            })?;
            if let Some(key) = checked
                && !key.still_holds(&transaction, source.as_str()).await?
            {
                transaction.rollback().await?;
                continue;
            }
            let row = source_change::update(&transaction, found, change).await?;
            revision::commit(self.manager.core(), &spoke, transaction).await?;
            return Ok(row);
        }
        Err(StoreError::Busy {
            what: format!("source {source}"),
            holder: None,
        }
        .into())
    }

    /// The sources of a project, by name.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(&self, project: &ProjectId) -> Result<Vec<data_sources::Model>, StoreError> {
        let by_name = data_sources::Entity::find()
            .order_by_asc(data_sources::Column::NameFold)
            .order_by_asc(data_sources::Column::Id);
        self.manager.project(project).await?.all(by_name).await
    }

    /// The source that an import into `wanted` goes into: the one with this name, without regard to case if no
    /// name matches exactly, else the one with this id. (Not the one whose id begins with it: a file called
    /// `0.csv` is no version of whatever that is.)
    ///
    /// # Errors
    /// [`StoreError::Ambiguous`]; others by meaning.
    pub async fn named(
        &self,
        project: &ProjectId,
        wanted: &str,
    ) -> Result<Option<data_sources::Model>, StoreError> {
        named(&self.manager.project(project).await?, wanted).await
    }

    /// The source with this exact id, exact name, or unique id prefix.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ambiguous`] with the candidates.
    pub async fn find(
        &self,
        project: &ProjectId,
        reference: &str,
    ) -> Result<data_sources::Model, StoreError> {
        find(&self.manager.project(project).await?, reference).await
    }
}

impl std::fmt::Debug for DataSources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataSources").finish_non_exhaustive()
    }
}

/// As [`DataSources::named`], in a project or in a transaction on it.
pub(crate) async fn named<C: TypedConnection>(
    spoke: &Database<Project, C>,
    wanted: &str,
) -> Result<Option<data_sources::Model>, StoreError> {
    let named =
        data_sources::Entity::find().filter(data_sources::Column::NameFold.eq(name::fold(wanted)));
    if let Some(found) = reference::by_name("source", wanted, spoke.all(named).await?)? {
        return Ok(Some(found));
    }
    spoke.one(data_sources::Entity::find_by_id(wanted)).await
}

async fn find(spoke: &ProjectDatabase, reference: &str) -> Result<data_sources::Model, StoreError> {
    if let Some(exact) = spoke
        .one(data_sources::Entity::find_by_id(reference))
        .await?
    {
        return Ok(exact);
    }
    let named = data_sources::Entity::find()
        .filter(data_sources::Column::NameFold.eq(name::fold(reference)));
    if let Some(found) = reference::by_name("source", reference, spoke.all(named).await?)? {
        return Ok(found);
    }
    let prefixed = reference::prefixed(
        data_sources::Entity::find(),
        data_sources::Column::Id,
        reference,
    );
    reference::by_prefix("source", reference, spoke.all(prefixed).await?)
}

impl Candidate for data_sources::Model {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }
}
