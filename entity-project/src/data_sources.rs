//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use super::enums::SourceStatus;
use super::enums::SourceType;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "data_sources")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub name_fold: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub r#type: SourceType,
    #[sea_orm(column_type = "JsonBinary")]
    pub config: Json,
    pub status: SourceStatus,
    pub enabled: bool,
    #[sea_orm(column_type = "JsonBinary")]
    pub key_columns: crate::StringList,
    #[sea_orm(unique)]
    pub row_table: i64,
    pub row_format: i64,
    #[sea_orm(column_type = "Text")]
    pub view_name: String,
    #[sea_orm(column_type = "Text", unique)]
    pub view_name_fold: String,
    pub next_rid: i64,
    pub next_seq: i64,
    pub next_number: i64,
    pub next_phys: i64,
    pub next_quirk: i64,
    pub last_sync_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub typing: Option<Json>,
    #[sea_orm(has_many)]
    pub import_history: HasMany<super::import_history::Entity>,
    #[sea_orm(has_one)]
    pub published: HasOne<super::published::Entity>,
    #[sea_orm(has_many)]
    pub row_epochs: HasMany<super::row_epochs::Entity>,
    #[sea_orm(has_many)]
    pub row_orders: HasMany<super::row_orders::Entity>,
    #[sea_orm(has_many)]
    pub row_quirks: HasMany<super::row_quirks::Entity>,
    #[sea_orm(has_many)]
    pub snapshots: HasMany<super::snapshots::Entity>,
    #[sea_orm(has_many)]
    pub source_columns: HasMany<super::source_columns::Entity>,
    #[sea_orm(has_many)]
    pub source_indexes: HasMany<super::source_indexes::Entity>,
    #[sea_orm(has_one)]
    pub sync_states: HasOne<super::sync_states::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
