//! Snapshots: the versions of a project's sources.

use std::sync::Arc;

use entity_project::{data_sources, rejected_rows, snapshot_columns, snapshots};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, EntityTrait as _, Iterable as _, JsonValue as Json, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};

use crate::reference::{self, Candidate};
use crate::{DatabaseManager, ProjectDatabase, ProjectId, StoreError};

/// A snapshot with the source it is a version of and its columns.
#[derive(Debug, Clone)]
pub struct SnapshotDetails {
    /// The snapshot.
    pub snapshot: snapshots::Model,
    /// Its source.
    pub source: data_sources::Model,
    /// Its columns, in the order of the input, without what they hold: [`crate::rows::profiles`] has that.
    pub columns: Vec<snapshot_columns::Model>,
}

/// The snapshots of projects.
#[derive(Clone)]
pub struct Snapshots {
    manager: Arc<dyn DatabaseManager>,
}

impl Snapshots {
    /// The snapshots of the projects that `manager` routes to.
    #[must_use]
    pub fn new(manager: Arc<dyn DatabaseManager>) -> Self {
        Self { manager }
    }

    /// The snapshots of a project, or of one of its sources, newest first.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn list(
        &self,
        project: &ProjectId,
        source: Option<&data_sources::Model>,
    ) -> Result<Vec<SnapshotDetails>, StoreError> {
        let with_source = snapshots::Entity::find().find_also_related(data_sources::Entity);
        let newest = match source {
            Some(source) => with_source
                .filter(snapshots::Column::SourceId.eq(&source.id))
                .order_by_desc(snapshots::Column::Seq),
            None => with_source
                .order_by_desc(snapshots::Column::TakenAt)
                .order_by_desc(snapshots::Column::Seq),
        };
        let spoke = self.manager.project(project).await?;
        let found = spoke
            .read(async |transaction| {
                let mut found = Vec::new();
                for (snapshot, source) in transaction.all(newest).await? {
                    let Some(source) = source else { continue };
                    let columns = transaction.all(columns_of(&snapshot.id)).await?;
                    found.push(SnapshotDetails {
                        snapshot,
                        source,
                        columns,
                    });
                }
                Ok::<_, StoreError>(found)
            })
            .await?;
        Ok(found)
    }

    /// The snapshot that `reference` points at: an exact id, `SOURCE@latest`, `SOURCE@N` (the N-th snapshot of
    /// that source, from 1), or a unique id prefix.
    ///
    /// # Errors
    /// [`StoreError::NotFound`]; [`StoreError::Ambiguous`] with the candidates.
    pub async fn find(
        &self,
        project: &ProjectId,
        reference: &str,
    ) -> Result<SnapshotDetails, StoreError> {
        let spoke = self.manager.project(project).await?;
        let snapshot = match spoke.one(snapshots::Entity::find_by_id(reference)).await? {
            Some(exact) => exact,
            None => match self.numbered(&spoke, project, reference).await? {
                Some(numbered) => numbered,
                None => prefixed(&spoke, reference).await?,
            },
        };
        details(&spoke, snapshot).await
    }

    async fn numbered(
        &self,
        spoke: &ProjectDatabase,
        project: &ProjectId,
        reference: &str,
    ) -> Result<Option<snapshots::Model>, StoreError> {
        let Some((source, version)) = reference.rsplit_once('@') else {
            return Ok(None);
        };
        let source = crate::DataSources::new(self.manager.clone())
            .find(project, source)
            .await?;
        let of_source =
            snapshots::Entity::find().filter(snapshots::Column::SourceId.eq(&source.id));
        let wanted = if version == "latest" {
            of_source.order_by_desc(snapshots::Column::Seq)
        } else {
            let number = version.parse::<i64>().map_err(|_| not_found(reference))?;
            of_source.filter(snapshots::Column::Number.eq(number))
        };
        spoke
            .one(wanted)
            .await?
            .map_or_else(|| Err(not_found(reference)), |snapshot| Ok(Some(snapshot)))
    }

    /// The records of a snapshot's input that are no rows, in the order of the input, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`] by meaning.
    pub async fn rejects(
        &self,
        project: &ProjectId,
        snapshot: &snapshots::Model,
        limit: u64,
    ) -> Result<Vec<rejected_rows::Model>, StoreError> {
        let in_order = rejected_rows::Entity::find()
            .filter(rejected_rows::Column::SnapshotId.eq(&snapshot.id))
            .order_by_asc(rejected_rows::Column::Id)
            .limit(limit);
        self.manager.project(project).await?.all(in_order).await
    }
}

impl std::fmt::Debug for Snapshots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshots").finish_non_exhaustive()
    }
}

fn columns_of(snapshot: &str) -> sea_orm::Select<snapshot_columns::Entity> {
    // A list of snapshots must not read what all of their columns hold.
    let is_read =
        |column: &snapshot_columns::Column| !matches!(column, snapshot_columns::Column::Profile);
    snapshot_columns::Entity::find()
        .select_only()
        .columns(snapshot_columns::Column::iter().filter(is_read))
        .column_as(Expr::value(Option::<Json>::None), "profile")
        .filter(snapshot_columns::Column::SnapshotId.eq(snapshot))
        .order_by_asc(snapshot_columns::Column::Ord)
}

async fn details(
    spoke: &ProjectDatabase,
    snapshot: snapshots::Model,
) -> Result<SnapshotDetails, StoreError> {
    let source = spoke
        .one(data_sources::Entity::find_by_id(&snapshot.source_id))
        .await?;
    let source = source.ok_or_else(|| not_found(&snapshot.source_id))?;
    let columns = spoke.all(columns_of(&snapshot.id)).await?;
    Ok(SnapshotDetails {
        snapshot,
        source,
        columns,
    })
}

async fn prefixed(
    spoke: &ProjectDatabase,
    reference: &str,
) -> Result<snapshots::Model, StoreError> {
    let prefixed = reference::prefixed(snapshots::Entity::find(), snapshots::Column::Id, reference);
    reference::by_prefix("snapshot", reference, spoke.all(prefixed).await?)
}

fn not_found(reference: &str) -> StoreError {
    StoreError::NotFound {
        what: "snapshot",
        name: reference.chars().take(80).collect(),
    }
}

impl Candidate for snapshots::Model {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.input_hash
    }
}
