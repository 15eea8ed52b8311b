//! Data sources: create, list, find.

use std::sync::Arc;

use entity_project::enums::{SourceStatus, SourceType};
use entity_project::{StringList, data_sources, project};
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ActiveValue::Set, ColumnTrait as _, ConnectionTrait as _, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use serde_json::Value as Json;

use crate::projects::raise_revision;
use crate::reference::{self, Candidate};
use crate::{
    DatabaseManager, ProjectDatabase, ProjectId, ProjectTransaction, SourceId, StoreError,
    Timestamp, config_secrets, fail_point, name, projection, rows,
};

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
        let name = name::check("source", &new.name)?;
        config_secrets::check(&new.config)?;
        let spoke = self.manager.project(project).await?;
        let transaction = spoke.begin().await?;
        let fold = name::fold(&name);
        let same_name =
            data_sources::Entity::find().filter(data_sources::Column::NameFold.eq(&fold));
        if let Some(taken) = transaction.one(same_name).await? {
            return Err(StoreError::NameTaken {
                what: "source",
                name,
                id: taken.id,
            });
        }
        let view_name = free_view_name(&transaction, &name).await?;
        let row_table = next_row_table(&transaction).await?;
        let now = Timestamp::now();
        let row = transaction
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
            })
            .await?;
        raise_revision(&transaction).await?;
        transaction.commit().await?;
        fail_point!("source-created");
        projection::publish(self.manager.core(), &spoke).await?;
        Ok(row)
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
    let prefixed = data_sources::Entity::find()
        .filter(
            Expr::col(data_sources::Column::Id)
                .between(reference, reference::prefix_end(reference)),
        )
        .limit(reference::MOST_CANDIDATES);
    reference::by_prefix("source", reference, spoke.all(prefixed).await?)
}

/// The name of the source's view: the source's name unless SQL needs it for something else.
async fn free_view_name(
    transaction: &ProjectTransaction,
    name: &str,
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
    Ok(rows::view_name(name, |candidate| {
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

impl Candidate for data_sources::Model {
    fn id(&self) -> &str {
        &self.id
    }

    fn name(&self) -> &str {
        &self.name
    }
}
