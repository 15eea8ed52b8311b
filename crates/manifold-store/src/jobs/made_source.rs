//! The source that an import goes into: it makes it if need be, and takes it back when nothing came of it.

use entity_project::enums::ImportState;
use entity_project::{data_sources, import_history, job_cursors, relationships, snapshots};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, Condition, ConnectionTrait as _, EntityTrait as _,
    QueryFilter as _,
};
use serde::{Deserialize, Serialize};

use super::{Claim, NewImport};
use crate::{NewSource, ProjectTransaction, SourceId, StoreError, data_sources as sources};

/// The source that an import goes into.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ImportSource {
    /// The one with this id. It exists.
    #[serde(rename = "source_id")]
    Id(SourceId),
    /// The one that [`DataSources::named`](crate::DataSources::named) finds; made when there is none.
    #[serde(rename = "source_name")]
    Named(String),
}

/// What a job's cursor in the project says of its import.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    /// The source that is there only for this import, and for others into it that run at the same time.
    made_source: String,
}

/// The source of an import that begins. When it is made, or found empty while the import runs that made it,
/// the job's cursor says so: whoever ends last takes it back.
pub(super) async fn find_or_make(
    transaction: &ProjectTransaction,
    claim: &Claim,
    step: &str,
    new: &NewImport,
) -> Result<data_sources::Model, StoreError> {
    let (found, wanted) = match &new.source {
        ImportSource::Id(id) => (
            transaction
                .one(data_sources::Entity::find_by_id(id.as_str()))
                .await?,
            id.as_str(),
        ),
        ImportSource::Named(name) => (sources::named(transaction, name).await?, name.as_str()),
    };
    if let Some(refusal) = found.as_ref().and_then(sources::refusal_if_disabled) {
        return Err(refusal);
    }
    let (source, made) = match (found, &new.source) {
        (Some(found), _) => {
            let made = is_made_for_others(transaction, &found.id).await?;
            (found, made)
        }
        (None, ImportSource::Named(name)) => {
            let new = NewSource {
                key_columns: new.key_columns.clone(),
                ..NewSource::file(name)
            };
            (sources::insert(transaction, new).await?, true)
        }
        (None, ImportSource::Id(_)) => {
            return Err(StoreError::NotFound {
                what: "source",
                name: wanted.to_owned(),
            });
        }
    };
    if made {
        let cursor = Cursor {
            made_source: source.id.clone(),
        };
        let cursor = serde_json::to_value(cursor)
            .map_err(|error| StoreError::Decode(format!("a job's cursor: {error}")))?;
        let noted = job_cursors::Entity::update_many()
            .set(job_cursors::ActiveModel {
                cursor: Set(Some(cursor)),
                ..Default::default()
            })
            .filter(job_cursors::Column::JobId.eq(&claim.job_id))
            .filter(job_cursors::Column::Step.eq(step));
        transaction.exec(noted).await?;
    }
    Ok(source)
}

/// Removes the source of an import that has ended, if it was made for it and is still as it was made: no
/// snapshot, changed by nobody, and nobody else imports into it. True when it is gone.
pub(super) async fn take_back(
    transaction: &ProjectTransaction,
    job: &str,
    source: &str,
) -> Result<bool, StoreError> {
    if !is_made_for(transaction, job, source).await? {
        return Ok(false);
    }
    let Some(source) = transaction
        .one(data_sources::Entity::find_by_id(source))
        .await?
    else {
        return Ok(true);
    };
    let linked = relationships::Entity::find().filter(
        Condition::any()
            .add(relationships::Column::FromSourceId.eq(&source.id))
            .add(relationships::Column::ToSourceId.eq(&source.id)),
    );
    let kept = source.updated_at != source.created_at
        || has_snapshot(transaction, &source.id).await?
        || !running(transaction, &source.id).await?.is_empty()
        || transaction.one(linked).await?.is_some();
    if kept {
        return Ok(false);
    }
    // The rows of an import that could not even take them back; what is in other tables goes with the source.
    let rows = format!("DROP TABLE IF EXISTS d{}", source.row_table);
    transaction
        .connection()
        .execute_unprepared(&rows)
        .await
        .map_err(StoreError::from)?;
    transaction
        .exec(data_sources::Entity::delete_by_id(source.id))
        .await?;
    Ok(true)
}

/// Whether a source is there only for imports that run.
async fn is_made_for_others(
    transaction: &ProjectTransaction,
    source: &str,
) -> Result<bool, StoreError> {
    if has_snapshot(transaction, source).await? {
        return Ok(false);
    }
    for line in running(transaction, source).await? {
        if let Some(job) = line.job_id
            && is_made_for(transaction, &job, source).await?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn is_made_for(
    transaction: &ProjectTransaction,
    job: &str,
    source: &str,
) -> Result<bool, StoreError> {
    let cursors = job_cursors::Entity::find().filter(job_cursors::Column::JobId.eq(job));
    let cursors = transaction.all(cursors).await?.into_iter();
    Ok(cursors
        .filter_map(|found| serde_json::from_value::<Cursor>(found.cursor?).ok())
        .any(|cursor| cursor.made_source == source))
}

async fn has_snapshot(transaction: &ProjectTransaction, source: &str) -> Result<bool, StoreError> {
    let snapshot = snapshots::Entity::find().filter(snapshots::Column::SourceId.eq(source));
    Ok(transaction.one(snapshot).await?.is_some())
}

/// The imports into a source that have not ended.
async fn running(
    transaction: &ProjectTransaction,
    source: &str,
) -> Result<Vec<import_history::Model>, StoreError> {
    let running = import_history::Entity::find()
        .filter(import_history::Column::State.eq(ImportState::Running))
        .filter(import_history::Column::SourceId.eq(source));
    transaction.all(running).await
}
