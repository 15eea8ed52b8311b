//! A data source that is to be something else.

use entity_project::data_sources;
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, Statement,
};
use serde_json::Value as Json;

use super::new_source::free_view_name;
use crate::freeze::quoted;
use crate::{ProjectTransaction, StoreError, Timestamp, config_secrets, name};

/// What is to change about a source; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceChange {
    /// Its name, unique without regard to case among the sources of its project. Its view is renamed with it.
    pub name: Option<String>,
    /// What it is for; an empty one takes the description away.
    pub description: Option<String>,
    /// How to reach its rows; secrets only by reference.
    pub config: Option<Json>,
}

/// Changes a source in the caller's transaction, which is to raise the project's revision.
///
/// # Errors
/// As [`DataSources::update`](super::DataSources::update).
pub(super) async fn update(
    transaction: &ProjectTransaction,
    source: data_sources::Model,
    change: SourceChange,
) -> Result<data_sources::Model, StoreError> {
    let old_view = source.view_name.clone();
    let id = source.id.clone();
    let mut changed = source.into_active_model();
    if let Some(wanted) = change.name {
        let name = name::check("source", &wanted)?;
        let fold = name::fold(&name);
        let same_name = data_sources::Entity::find()
            .filter(data_sources::Column::NameFold.eq(&fold))
            .filter(data_sources::Column::Id.ne(&id));
        if let Some(taken) = transaction.one(same_name).await? {
            return Err(StoreError::NameTaken {
                what: "source",
                name,
                id: taken.id,
            });
        }
        let view_name = free_view_name(transaction, &name, Some(&old_view)).await?;
        rename_view(transaction, &old_view, &view_name).await?;
        changed.name = Set(name);
        changed.name_fold = Set(fold);
        changed.view_name_fold = Set(name::fold(&view_name));
        changed.view_name = Set(view_name);
    }
    if let Some(description) = change.description {
        changed.description = Set(Some(description).filter(|text| !text.is_empty()));
    }
    if let Some(config) = change.config {
        config_secrets::check(&config)?;
        changed.config = Set(config);
    }
    changed.updated_at = Set(Timestamp::now());
    transaction.update(changed).await
}

/// Makes the view again under its new name, if the source has one by now.
async fn rename_view(
    transaction: &ProjectTransaction,
    from: &str,
    to: &str,
) -> Result<(), StoreError> {
    let connection = transaction.connection();
    let stored = Statement::from_sql_and_values(
        DbBackend::Sqlite,
        "SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?",
        [from.into()],
    );
    let Some(row) = connection.query_one_raw(stored).await? else {
        return Ok(());
    };
    let sql: String = row.try_get_by_index(0)?;
    let (from, to) = (quoted(from), quoted(to));
    let body = sql
        .strip_prefix(&format!("CREATE VIEW {from} "))
        .ok_or_else(|| StoreError::Decode(format!("the view {from} is not one of Manifold's")))?;
    connection
        .execute_unprepared(&format!("DROP VIEW main.{from}"))
        .await?;
    connection
        .execute_unprepared(&format!("CREATE VIEW {to} {body}"))
        .await?;
    Ok(())
}
