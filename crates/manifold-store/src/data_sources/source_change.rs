//! A data source that is to be something else.

use entity_project::enums::{ImportState, SourceStatus};
use entity_project::{StringList, data_sources, import_history};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, Statement,
};
use serde_json::Value as Json;

use super::new_source::free_view_name;
use crate::freeze::quoted;
use crate::{ProjectTransaction, RowLogError, StoreError, Timestamp, config_secrets, name};

/// What is to change about a source; `None` stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SourceChange {
    /// Its name, unique without regard to case among the sources of its project. Its view is renamed with it.
    pub name: Option<String>,
    /// What it is for; an empty one takes the description away.
    pub description: Option<String>,
    /// How to reach its rows; secrets only by reference.
    pub config: Option<Json>,
    /// The columns that together identify a row; none: a row is identified by its content. The next import compares by
    /// them. Where the source has rows they must identify those of the latest snapshot.
    pub key_columns: Option<Vec<String>>,
    /// Whether it takes imports.
    pub enabled: Option<bool>,
    /// Forget what imports were told of its columns: the next one finds types and null tokens again.
    pub forget_typing: bool,
}

/// Why a source could not be made something else. It is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceUpdateError {
    /// The store refused it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The stored rows could not be read.
    #[error(transparent)]
    Rows(RowLogError),
    /// The latest snapshot has no such column.
    #[error("there is no column `{key}` in the latest snapshot; its columns are {}", columns.join(", "))]
    MissingKeyColumn {
        /// The column that was asked for.
        key: String,
        /// Those that there are.
        columns: Vec<String>,
    },
    /// Rows of the latest snapshot have the same key.
    #[error(
        "{key} cannot be the key: {rows} rows of the latest snapshot repeat the one of an earlier row, such as {example}; choose columns that tell all rows apart"
    )]
    RepeatedKey {
        /// The columns.
        key: String,
        /// How many rows repeat the key of an earlier one.
        rows: i64,
        /// The columns with values that are repeated.
        example: String,
    },
}

impl SourceUpdateError {
    /// The stable name of this error, as scripts see it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Store(error) => error.code(),
            Self::Rows(error) => error.code(),
            Self::MissingKeyColumn { .. } => "missing_key_column",
            Self::RepeatedKey { .. } => "repeated_key",
        }
    }
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
    if let Some(key_columns) = change.key_columns {
        changed.key_columns = Set(StringList(key_columns));
    }
    if let Some(enabled) = change.enabled {
        changed.enabled = Set(enabled);
        changed.status = Set(status(transaction, &id, enabled).await?);
    }
    if change.forget_typing {
        changed.typing = Set(None);
    }
    changed.updated_at = Set(Timestamp::now());
    transaction.update(changed).await
}

/// What the source shows: how its last import ended is told by the import history when it takes imports again.
async fn status(
    transaction: &ProjectTransaction,
    source: &str,
    enabled: bool,
) -> Result<SourceStatus, StoreError> {
    if !enabled {
        return Ok(SourceStatus::Disabled);
    }
    let last = import_history::Entity::find()
        .filter(import_history::Column::SourceId.eq(source))
        .filter(import_history::Column::State.ne(ImportState::Running))
        .order_by_desc(import_history::Column::StartedAt)
        .order_by_desc(import_history::Column::Id);
    Ok(match transaction.one(last).await? {
        None => SourceStatus::Idle,
        Some(line) if line.state == ImportState::Failed => SourceStatus::Error,
        Some(_) => SourceStatus::Ok,
    })
}

/// The refusal of an import into a source that takes none.
#[must_use]
pub fn refusal_if_disabled(source: &data_sources::Model) -> Option<StoreError> {
    (!source.enabled).then(|| StoreError::SourceDisabled {
        name: source.name.clone(),
        id: source.id.clone(),
    })
}

/// Makes the view again under its new name, if the source has one by now.
async fn rename_view(
    transaction: &ProjectTransaction,
    from: &str,
    to: &str,
) -> Result<(), StoreError> {
    match take_view(transaction, from).await? {
        Some(sql) => make_view(transaction, to, &sql).await,
        None => Ok(()),
    }
}

/// Drops a view, if it is there, and returns what follows its name in the statement that made it.
pub(crate) async fn take_view(
    transaction: &ProjectTransaction,
    name: &str,
) -> Result<Option<String>, StoreError> {
    let connection = transaction.connection();
    let stored = Statement::from_sql_and_values(
        DbBackend::Sqlite,
        "SELECT sql FROM sqlite_schema WHERE type = 'view' AND name = ?",
        [name.into()],
    );
    let Some(row) = connection.query_one_raw(stored).await? else {
        return Ok(None);
    };
    let sql: String = row.try_get_by_index(0)?;
    let name = quoted(name);
    let rest = sql
        .strip_prefix(&format!("CREATE VIEW {name} "))
        .ok_or_else(|| StoreError::Decode(format!("the view {name} is not one of Manifold's")))?;
    connection
        .execute_unprepared(&format!("DROP VIEW main.{name}"))
        .await?;
    Ok(Some(rest.to_owned()))
}

/// Makes a view of what [`take_view`] returned.
pub(crate) async fn make_view(
    transaction: &ProjectTransaction,
    name: &str,
    sql: &str,
) -> Result<(), StoreError> {
    let name = quoted(name);
    transaction
        .connection()
        .execute_unprepared(&format!("CREATE VIEW {name} {sql}"))
        .await?;
    Ok(())
}
