//! The trash of a project: data sources that were deleted and can be undeleted.
//!
//! Everything of such a source lies in tables of its own, out of the catalogue, so that nothing that reads the catalogue
//! sees it: no list, no query, no backup, no count. Copies of a project have no trash.

mod kept;
mod move_back;
mod move_out;
mod strip;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use entity_project::enums::ImportState;
use entity_project::{data_sources, import_history, trashed_sources};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

pub(crate) use kept::{LIST, is_trash_table};
pub(crate) use strip::{is_in, strip};

use crate::reference::{self, Candidate};
use crate::{
    DatabaseManager as _, ImportRecord, ProjectDatabase, ProjectId, ProjectTransaction, RowLog,
    Settings, SourceId, SqliteManager, StoreError, Timestamp, fail_point, name, revision,
};

/// A data source in the trash of its project.
#[derive(Debug, Clone, PartialEq)]
pub struct TrashedSource {
    /// The source as it was; `trashed_at` says when it was deleted.
    pub source: trashed_sources::Model,
    /// Until when it is kept at least.
    pub expires_at: DateTime<Utc>,
}

impl TrashedSource {
    /// Whether it has been kept for as long as the setting `trash.keep_days` says.
    #[must_use]
    pub fn is_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires_at <= now
    }
}

/// The data sources in the trash of projects.
#[derive(Debug, Clone)]
pub struct SourceTrash {
    manager: Arc<SqliteManager>,
}

impl SourceTrash {
    /// The trash of the projects of the store that `manager` opened.
    #[must_use]
    pub fn new(manager: &Arc<SqliteManager>) -> Self {
        Self {
            manager: manager.clone(),
        }
    }

    /// What is in it, last deleted first.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(&self, project: &ProjectId) -> Result<Vec<TrashedSource>, StoreError> {
        let newest = trashed_sources::Entity::find()
            .order_by_desc(trashed_sources::Column::TrashedAt)
            .order_by_desc(trashed_sources::Column::Id);
        let spoke = self.manager.project(project).await?;
        let kept = self.kept().await?;
        let found = spoke.all(newest).await?.into_iter();
        Ok(found.map(|source| trashed(source, kept)).collect())
    }

    /// The source in the trash with this exact id, exact name, or unique id prefix.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ambiguous`] with the candidates.
    pub async fn find(
        &self,
        project: &ProjectId,
        reference: &str,
    ) -> Result<TrashedSource, StoreError> {
        let spoke = self.manager.project(project).await?;
        Ok(trashed(find(&spoke, reference).await?, self.kept().await?))
    }

    /// Moves a source into the trash, in one transaction, with its snapshots, rows, rejected records, indexes and the
    /// relationships from and to it. Its name and the name of its view are free then, and lines of the import history
    /// name no source. What expired in the trash is removed.
    ///
    /// Imports into the project are waited for; `waiting` is told once who runs one. Dropping the future gives up.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Busy`] naming the job when an import into the source has begun; others
    /// by meaning. The source is then as it was. A crash leaves it as it was or in the trash.
    pub async fn delete(
        &self,
        project: &ProjectId,
        source: &SourceId,
        waiting: impl FnOnce(Option<&str>) + Send,
    ) -> Result<TrashedSource, StoreError> {
        let manager = &self.manager;
        ImportRecord::close_abandoned(manager, project).await?;
        let spoke = manager.project(project).await?;
        let _alone = RowLog::new(manager).write_lock(project, waiting).await?;
        let transaction = spoke.begin().await?;
        let found = transaction
            .one(data_sources::Entity::find_by_id(source.as_str()))
            .await?
            .ok_or_else(|| StoreError::NotFound {
                what: "source",
                name: source.to_string(),
            })?;
        refuse_import(&transaction, &found).await?;
        let moved = move_out::move_out(&transaction, found, Timestamp::now()).await?;
        fail_point!("source-trashed");
        revision::commit(manager.core(), &spoke, transaction).await?;
        self.purge_expired(project).await?;
        Ok(trashed(moved, self.kept().await?))
    }

    /// Takes a source out of the trash, as it was, or under `new_name`. Its view has the name it had, or one with a
    /// number behind it when that is taken. `reference` is an exact id, exact name, or unique id prefix of a source
    /// there. A relationship comes back with the second of its sources.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Ambiguous`]; [`StoreError::NameTaken`] when another source has its name
    /// by now: give a new one, or rename the other; [`StoreError::InvalidName`]; others by meaning. The source is then
    /// still in the trash. A crash leaves it there or in the project.
    pub async fn undelete(
        &self,
        project: &ProjectId,
        reference: &str,
        new_name: Option<&str>,
    ) -> Result<data_sources::Model, StoreError> {
        let spoke = self.manager.project(project).await?;
        let found = find(&spoke, reference).await?;
        let transaction = spoke.begin().await?;
        let found = still_there(&transaction, &found.id).await?;
        let name = name::check("source", new_name.unwrap_or(&found.name))?;
        let source = move_back::move_back(&transaction, &found, name, Timestamp::now()).await?;
        fail_point!("source-undeleted");
        revision::commit(self.manager.core(), &spoke, transaction).await?;
        Ok(source)
    }

    /// Removes a source in the trash for good. The space it had is used by what is imported next.
    ///
    /// One transaction drops its tables: that writes next to nothing, and takes 0.4 s for each GB of rows.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when it is not in the trash any more; [`StoreError::Busy`]; others by meaning. It is
    /// then still there. A crash leaves it there or removed.
    pub async fn purge(&self, project: &ProjectId, id: &str) -> Result<(), StoreError> {
        let spoke = self.manager.project(project).await?;
        let transaction = spoke.begin().await?;
        let found = still_there(&transaction, id).await?;
        kept::drop_tables(&transaction, found.row_table).await?;
        transaction
            .exec(trashed_sources::Entity::delete_by_id(found.id))
            .await?;
        fail_point!("source-purged");
        transaction.commit().await
    }

    /// Removes what has been in the trash for longer than `trash.keep_days`, but one source at most: who happens to
    /// write to the project does this, and must not wait for long. Returns what was removed.
    ///
    /// # Errors
    /// As [`SourceTrash::purge`].
    pub async fn purge_expired(
        &self,
        project: &ProjectId,
    ) -> Result<Option<trashed_sources::Model>, StoreError> {
        let spoke = self.manager.project(project).await?;
        let oldest = trashed_sources::Entity::find()
            .order_by_asc(trashed_sources::Column::TrashedAt)
            .order_by_asc(trashed_sources::Column::Id);
        let Some(oldest) = spoke.one(oldest).await? else {
            return Ok(None);
        };
        let oldest = trashed(oldest, self.kept().await?);
        if !oldest.is_expired(Timestamp::now()) {
            return Ok(None);
        }
        match self.purge(project, &oldest.source.id).await {
            Ok(()) => Ok(Some(oldest.source)),
            Err(StoreError::NotFound { .. }) => Ok(None), // somebody else did
            Err(error) => Err(error),
        }
    }

    /// For how long what is deleted is kept.
    async fn kept(&self) -> Result<TimeDelta, StoreError> {
        let settings = Settings::new(self.manager.core());
        Ok(TimeDelta::days(settings.trash_keep_days().await?.into()))
    }
}

fn trashed(source: trashed_sources::Model, kept: TimeDelta) -> TrashedSource {
    TrashedSource {
        expires_at: source.trashed_at + kept,
        source,
    }
}

/// An import that has begun must find its source.
async fn refuse_import(
    transaction: &ProjectTransaction,
    source: &data_sources::Model,
) -> Result<(), StoreError> {
    let running = import_history::Entity::find()
        .filter(import_history::Column::State.eq(ImportState::Running))
        .filter(import_history::Column::SourceId.eq(&source.id));
    match transaction.one(running).await? {
        None => Ok(()),
        Some(line) => Err(StoreError::Busy {
            what: format!("source `{}`", source.name),
            holder: Some(match line.job_id {
                Some(job) => format!("job {job}, which imports {}", line.file_name),
                None => format!("an import of {}", line.file_name),
            }),
        }),
    }
}

async fn still_there(
    transaction: &ProjectTransaction,
    id: &str,
) -> Result<trashed_sources::Model, StoreError> {
    let found = transaction
        .one(trashed_sources::Entity::find_by_id(id))
        .await?;
    found.ok_or_else(|| not_in_trash(id))
}

fn not_in_trash(reference: &str) -> StoreError {
    StoreError::NotFound {
        what: StoreError::SOURCE_IN_TRASH,
        name: reference.to_owned(),
    }
}

async fn find(
    spoke: &ProjectDatabase,
    reference: &str,
) -> Result<trashed_sources::Model, StoreError> {
    if let Some(exact) = spoke
        .one(trashed_sources::Entity::find_by_id(reference))
        .await?
    {
        return Ok(exact);
    }
    let named = trashed_sources::Entity::find()
        .filter(trashed_sources::Column::NameFold.eq(name::fold(reference)));
    if let Some(found) = reference::by_name("source", reference, spoke.all(named).await?)? {
        return Ok(found);
    }
    let prefixed = reference::prefixed(
        trashed_sources::Entity::find(),
        trashed_sources::Column::Id,
        reference,
    );
    match reference::by_prefix("source", reference, spoke.all(prefixed).await?) {
        // The list of sources in use would be the wrong place to look.
        Err(StoreError::NotFound { name, .. }) => Err(not_in_trash(&name)),
        found => found,
    }
}

impl Candidate for trashed_sources::Model {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }
}
