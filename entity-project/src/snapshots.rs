//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "snapshots")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text")]
    pub source_id: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub job_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub job_step: Option<String>,
    pub number: i64,
    pub seq: i64,
    pub rid_hi: i64,
    pub quirk_hi: i64,
    pub order_id: Option<i64>,
    pub row_count: i64,
    pub added: i64,
    pub removed: i64,
    pub changed: i64,
    pub moved: i64,
    pub rejected: i64,
    pub padded: i64,
    pub odd_cells: i64,
    #[sea_orm(column_type = "Text")]
    pub input_hash: String,
    pub input_bytes: i64,
    #[sea_orm(column_type = "JsonBinary")]
    pub dialect: Json,
    pub taken_at: DateTimeUtc,
    #[sea_orm(
        belongs_to,
        from = "source_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub data_sources: BelongsTo<super::data_sources::Entity>,
    #[sea_orm(has_many)]
    pub import_history: HasMany<super::import_history::Entity>,
    #[sea_orm(has_many)]
    pub original_parts: HasMany<super::original_parts::Entity>,
    #[sea_orm(has_many)]
    pub published: HasMany<super::published::Entity>,
    #[sea_orm(has_many)]
    pub rejected_rows: HasMany<super::rejected_rows::Entity>,
    #[sea_orm(has_many)]
    pub snapshot_columns: HasMany<super::snapshot_columns::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
