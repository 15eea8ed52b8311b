//! A data source that is made.

use entity_project::enums::{SourceStatus, SourceType};
use entity_project::{StringList, data_sources, project};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use serde_json::Value as Json;

use crate::{ProjectTransaction, SourceId, StoreError, Timestamp, config_secrets, name, rows};

/// The format of the row tables that this program writes.
const ROW_FORMAT: i64 = 1;

/// The first internal number of a snapshot; with the end marker 8,388,607 every `_to` takes 3 bytes.
const FIRST_SEQ: i64 = 32_768;

/// A source to be made.
#[derive(Debug, Clone)]
pub struct NewSource {
    /// Its name, unique without regard to case among the sources of its project.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// Where its rows come from.
    pub source_type: SourceType,
    /// How to reach them; secrets only by reference.
    pub config: Json,
    /// The columns that together identify a row; none: a row is identified by its content.
    pub key_columns: Vec<String>,
}

impl NewSource {
    /// A source of files with this name.
    #[must_use]
    pub fn file(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: None,
            source_type: SourceType::File,
            config: Json::Object(serde_json::Map::new()),
            key_columns: Vec::new(),
        }
    }
}

/// Makes a source in the caller's transaction, which is to raise the project's revision.
///
/// # Errors
/// As [`DataSources::create`](super::DataSources::create).
pub(crate) async fn insert(
    transaction: &ProjectTransaction,
    new: NewSource,
) -> Result<data_sources::Model, StoreError> {
    let name = name::check("source", &new.name)?;
    config_secrets::check(&new.config)?;
    let fold = name::fold(&name);
    let same_name = data_sources::Entity::find().filter(data_sources::Column::NameFold.eq(&fold));
    if let Some(taken) = transaction.one(same_name).await? {
        return Err(StoreError::NameTaken {
            what: "source",
            name,
            id: taken.id,
        });
    }
    let view_name = free_view_name(transaction, &name, None).await?;
    let row_table = next_row_table(transaction).await?;
    let now = Timestamp::now();
    transaction
        .insert(data_sources::ActiveModel {
            id: Set(SourceId::new().to_string()),
            name_fold: Set(fold),
            name: Set(name),
            description: Set(new.description),
            r#type: Set(new.source_type),
            config: Set(new.config),
            status: Set(SourceStatus::Idle),
            enabled: Set(true),
            key_columns: Set(StringList(new.key_columns)),
            row_table: Set(row_table),
            row_format: Set(ROW_FORMAT),
            view_name_fold: Set(name::fold(&view_name)),
            view_name: Set(view_name),
            next_rid: Set(1),
            next_seq: Set(FIRST_SEQ),
            next_number: Set(1),
            next_phys: Set(1),
            next_quirk: Set(1),
            last_sync_at: Set(None),
            created_at: Set(now),
            updated_at: Set(now),
            typing: Set(None),
        })
        .await
}

/// The name of the source's view: the source's name unless SQL needs it for something else. Its `present` one is free.
pub(crate) async fn free_view_name(
    transaction: &ProjectTransaction,
    source: &str,
    present: Option<&str>,
) -> Result<String, StoreError> {
    let tables = sea_orm::Statement::from_string(
        sea_orm::DbBackend::Sqlite,
        "SELECT name FROM sqlite_schema",
    );
    let mut taken: Vec<String> = Vec::new();
    for row in transaction.connection().query_all_raw(tables).await? {
        taken.push(name::fold(&row.try_get_by_index::<String>(0)?));
    }
    let views = data_sources::Entity::find()
        .select_only()
        .column(data_sources::Column::ViewNameFold);
    taken.extend(
        transaction
            .all_as::<ViewName, _>(views)
            .await?
            .into_iter()
            .map(|view| view.view_name_fold),
    );
    if let Some(present) = present.map(name::fold) {
        taken.retain(|view| *view != present);
    }
    Ok(rows::view_name(source, |candidate| {
        taken.contains(&name::fold(candidate))
    }))
}

#[derive(Debug, sea_orm::FromQueryResult)]
struct ViewName {
    view_name_fold: String,
}

/// Takes the next number for a row table; numbers are never reused.
async fn next_row_table(transaction: &ProjectTransaction) -> Result<i64, StoreError> {
    transaction
        .exec(project::Entity::update_many().col_expr(
            project::Column::NextRowTable,
            Expr::col(project::Column::NextRowTable).add(1),
        ))
        .await?;
    let row = transaction.one(project::Entity::find()).await?;
    row.map(|row| row.next_row_table - 1)
        .ok_or_else(|| StoreError::Decode("the project names itself nowhere".to_owned()))
}
