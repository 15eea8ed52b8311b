//! What the hub shows of a spoke: an index that can be rebuilt from the spoke at any time.

use std::collections::HashMap;

use entity_core::{data_sources as core_sources, import_history as core_imports, projects};
use entity_project::{data_sources, import_history, project, published, snapshots};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ActiveValue::Set, ColumnTrait as _, Condition, EntityTrait as _,
    FromQueryResult, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};

use crate::{
    CoreDatabase, CoreTransaction, ProjectDatabase, ProjectId, ProjectTransaction, StoreError,
};

/// Rows of the hub's import history kept in step per project: the newest so many.
const IMPORTS_SHOWN: u64 = 200;

/// A spoke's contents as the hub shows them, all read in one transaction.
#[derive(Debug)]
pub(crate) struct Projection {
    project: project::Model,
    sources: Vec<core_sources::ActiveModel>,
    imports: Vec<core_imports::ActiveModel>,
    source_count: i64,
    snapshot_count: i64,
    row_count: i64,
}

#[derive(Debug, FromQueryResult)]
struct Latest {
    source_id: String,
    snapshot_id: String,
    row_count: i64,
}

#[derive(Debug, FromQueryResult)]
struct Count {
    source_id: String,
    snapshots: i64,
}

impl Projection {
    /// Reads the projection in the caller's transaction.
    pub(crate) async fn read(spoke: &ProjectTransaction) -> Result<Self, StoreError> {
        let Some(project) = spoke.one(project::Entity::find()).await? else {
            return Err(StoreError::Decode(
                "the project names itself nowhere".to_owned(),
            ));
        };
        let latest = snapshots::Entity::find()
            .select_only()
            .columns([snapshots::Column::SourceId, snapshots::Column::RowCount])
            .column_as(snapshots::Column::Id, "snapshot_id")
            .filter(
                Expr::col((snapshots::Entity, snapshots::Column::Id)).in_subquery(
                    sea_orm::sea_query::Query::select()
                        .column(published::Column::SnapshotId)
                        .from(published::Entity)
                        .to_owned(),
                ),
            );
        let latest: HashMap<String, Latest> = spoke
            .all_as::<Latest, _>(latest)
            .await?
            .into_iter()
            .map(|row| (row.source_id.clone(), row))
            .collect();
        let counts = snapshots::Entity::find()
            .select_only()
            .column(snapshots::Column::SourceId)
            .column_as(snapshots::Column::Id.count(), "snapshots")
            .group_by(snapshots::Column::SourceId);
        let counts: HashMap<String, i64> = spoke
            .all_as::<Count, _>(counts)
            .await?
            .into_iter()
            .map(|row| (row.source_id, row.snapshots))
            .collect();
        let sources = spoke.all(data_sources::Entity::find()).await?;
        let imports = import_history::Entity::find()
            .order_by_desc(import_history::Column::StartedAt)
            .order_by_desc(import_history::Column::Id)
            .limit(IMPORTS_SHOWN);
        let imports = spoke.all(imports).await?;
        Ok(Self {
            source_count: i64::try_from(sources.len()).unwrap_or(i64::MAX),
            snapshot_count: counts.values().sum(),
            row_count: latest.values().map(|row| row.row_count).sum(),
            sources: sources
                .into_iter()
                .map(|source| mirror_source(&project.id, source, &latest, &counts))
                .collect::<Result<_, _>>()?,
            imports: imports
                .into_iter()
                .map(|import| mirror_import(&project.id, import))
                .collect::<Result<_, _>>()?,
            project,
        })
    }

    /// The epoch and revision that this projection shows.
    pub(crate) fn version(&self) -> (i64, i64) {
        (self.project.epoch, self.project.revision)
    }

    /// Writes the projection into the hub unless the hub shows a later state. True when it was written.
    pub(crate) async fn publish(self, core: &CoreDatabase) -> Result<bool, StoreError> {
        let (epoch, revision) = self.version();
        let older = Condition::any().add(projects::Column::Epoch.lt(epoch)).add(
            projects::Column::Epoch
                .eq(epoch)
                .and(projects::Column::Revision.lt(revision)),
        );
        self.write(core, older).await
    }

    /// Writes the projection if the hub still shows exactly `seen`: the repair of a hub that shows a later
    /// state than the spoke has.
    pub(crate) async fn replace(
        self,
        core: &CoreDatabase,
        seen: (i64, i64),
    ) -> Result<bool, StoreError> {
        let unchanged = Condition::all()
            .add(projects::Column::Epoch.eq(seen.0))
            .add(projects::Column::Revision.eq(seen.1));
        self.write(core, unchanged).await
    }

    async fn write(self, core: &CoreDatabase, condition: Condition) -> Result<bool, StoreError> {
        core.write(async |transaction| self.write_on(transaction, condition).await)
            .await
    }

    async fn write_on(
        self,
        transaction: &CoreTransaction,
        condition: Condition,
    ) -> Result<bool, StoreError> {
        let Self {
            project,
            sources,
            imports,
            source_count,
            snapshot_count,
            row_count,
        } = self;
        let updated = transaction
            .exec(
                projects::Entity::update_many()
                    .set(projects::ActiveModel {
                        name_fold: Set(crate::name::fold(&project.name)),
                        name: Set(project.name),
                        description: Set(project.description),
                        epoch: Set(project.epoch),
                        revision: Set(project.revision),
                        source_count: Set(source_count),
                        snapshot_count: Set(snapshot_count),
                        row_count: Set(row_count),
                        updated_at: Set(project.updated_at),
                        ..Default::default()
                    })
                    .filter(projects::Column::Id.eq(&project.id))
                    .filter(condition),
            )
            .await?;
        if updated.rows_affected == 0 {
            return Ok(false);
        }
        write_sources(transaction, &project.id, sources).await?;
        write_imports(transaction, &project.id, imports).await?;
        Ok(true)
    }
}

/// Brings the hub's sources of a project in step: only what differs is written.
async fn write_sources(
    transaction: &CoreTransaction,
    project: &str,
    sources: Vec<core_sources::ActiveModel>,
) -> Result<(), StoreError> {
    let of_project =
        core_sources::Entity::find().filter(core_sources::Column::ProjectId.eq(project));
    let mut shown: HashMap<String, core_sources::ActiveModel> = HashMap::new();
    for row in transaction.all(of_project).await? {
        shown.insert(row.id.clone(), row.into_active_model().reset_all());
    }
    for source in sources {
        let id = source.id.try_as_ref();
        if id.and_then(|id| shown.remove(id)).as_ref() != Some(&source) {
            transaction
                .exec(core_sources::Entity::insert(source).on_conflict(replace_source()))
                .await?;
        }
    }
    if !shown.is_empty() {
        transaction
            .exec(
                core_sources::Entity::delete_many()
                    .filter(core_sources::Column::ProjectId.eq(project))
                    .filter(core_sources::Column::Id.is_in(shown.into_keys())),
            )
            .await?;
    }
    Ok(())
}

/// Brings the hub's import history of a project in step: only what differs is written. Lines that the spoke does not
/// have are removed: it was replaced by an earlier state. Those older than all that are shown stay, since the
/// spoke may still have them.
async fn write_imports(
    transaction: &CoreTransaction,
    project: &str,
    imports: Vec<core_imports::ActiveModel>,
) -> Result<(), StoreError> {
    let mut of_project =
        core_imports::Entity::find().filter(core_imports::Column::ProjectId.eq(project));
    if imports.len() as u64 >= IMPORTS_SHOWN {
        let begun = imports
            .iter()
            .filter_map(|import| import.started_at.try_as_ref());
        of_project = of_project.filter(core_imports::Column::StartedAt.gt(begun.min().copied()));
    }
    let mut shown: HashMap<String, core_imports::ActiveModel> = HashMap::new();
    for row in transaction.all(of_project).await? {
        shown.insert(row.id.clone(), row.into_active_model().reset_all());
    }
    for import in imports {
        let id = import.id.try_as_ref();
        if id.and_then(|id| shown.remove(id)).as_ref() != Some(&import) {
            transaction
                .exec(core_imports::Entity::insert(import).on_conflict(replace_import()))
                .await?;
        }
    }
    if !shown.is_empty() {
        transaction
            .exec(
                core_imports::Entity::delete_many()
                    .filter(core_imports::Column::ProjectId.eq(project))
                    .filter(core_imports::Column::Id.is_in(shown.into_keys())),
            )
            .await?;
    }
    Ok(())
}

/// Brings the hub in step with a spoke after a transaction that raised its revision.
pub(crate) async fn publish(
    core: &CoreDatabase,
    spoke: &ProjectDatabase,
) -> Result<(), StoreError> {
    let projection = spoke
        .read(async |transaction| Projection::read(transaction).await)
        .await?;
    projection.publish(core).await?;
    Ok(())
}

/// Rebuilds the hub's row of a project that was just opened, when it shows another state than the spoke has.
pub(crate) async fn reconcile(
    core: &CoreDatabase,
    row: &projects::Model,
    spoke: &ProjectDatabase,
) -> Result<(), StoreError> {
    let Some(project) = spoke.one(project::Entity::find_by_id(&row.id)).await? else {
        return Ok(());
    };
    let seen = (row.epoch, row.revision);
    if seen == (project.epoch, project.revision) {
        return Ok(());
    }
    let projection = spoke
        .read(async |transaction| Projection::read(transaction).await)
        .await?;
    let rebuilt = if projection.version() > seen {
        projection.publish(core).await?
    } else {
        projection.replace(core, seen).await?
    };
    if rebuilt {
        tracing::info!(project.id = %row.id, "rebuilt what the hub shows of project {}", row.id);
    }
    Ok(())
}

fn mirror_source(
    project: &str,
    source: data_sources::Model,
    latest: &HashMap<String, Latest>,
    counts: &HashMap<String, i64>,
) -> Result<core_sources::ActiveModel, StoreError> {
    let published = latest.get(&source.id);
    Ok(core_sources::ActiveModel {
        project_id: Set(project.to_owned()),
        snapshot_count: Set(counts.get(&source.id).copied().unwrap_or_default()),
        row_count: Set(published.map_or(0, |row| row.row_count)),
        latest_snapshot_id: Set(published.map(|row| row.snapshot_id.clone())),
        id: Set(source.id),
        name: Set(source.name),
        name_fold: Set(source.name_fold),
        view_name: Set(source.view_name),
        r#type: Set(same_text(&source.r#type)?),
        status: Set(same_text(&source.status)?),
        enabled: Set(source.enabled),
        last_sync_at: Set(source.last_sync_at),
        created_at: Set(source.created_at),
        updated_at: Set(source.updated_at),
    })
}

fn mirror_import(
    project: &str,
    import: import_history::Model,
) -> Result<core_imports::ActiveModel, StoreError> {
    Ok(core_imports::ActiveModel {
        project_id: Set(project.to_owned()),
        id: Set(import.id),
        source_id: Set(import.source_id),
        source_name: Set(import.source_name),
        snapshot_id: Set(import.snapshot_id),
        job_id: Set(import.job_id),
        file_name: Set(import.file_name),
        format: Set(import.format),
        rows: Set(import.rows),
        rejected: Set(import.rejected),
        state: Set(same_text(&import.state)?),
        error: Set(import.error),
        started_at: Set(import.started_at),
        finished_at: Set(import.finished_at),
    })
}

/// The hub's enum with the same text as the spoke's: the two entity crates do not know each other.
fn same_text<A, B>(value: &A) -> Result<B, StoreError>
where
    A: sea_orm::ActiveEnum<Value = String>,
    B: sea_orm::ActiveEnum<Value = String>,
{
    Ok(B::try_from_value(&value.to_value())?)
}

fn replace_source() -> OnConflict {
    use core_sources::Column::{Id, ProjectId};
    use sea_orm::Iterable as _;
    let others = core_sources::Column::iter().filter(|column| !matches!(column, ProjectId | Id));
    OnConflict::columns([ProjectId, Id])
        .update_columns(others)
        .to_owned()
}

fn replace_import() -> OnConflict {
    use core_imports::Column::{Id, ProjectId};
    use sea_orm::Iterable as _;
    let others = core_imports::Column::iter().filter(|column| !matches!(column, ProjectId | Id));
    OnConflict::columns([ProjectId, Id])
        .update_columns(others)
        .to_owned()
}

/// The id in a hub row.
pub(crate) fn project_id(row: &projects::Model) -> Result<ProjectId, StoreError> {
    row.id
        .parse()
        .map_err(|error: crate::IdError| StoreError::Decode(error.to_string()))
}
