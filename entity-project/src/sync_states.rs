//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "sync_states")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub source_id: String,
    #[sea_orm(column_type = "Text")]
    pub snapshot_id: String,
    #[sea_orm(column_type = "Text")]
    pub origin: String,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub cursor: Option<Json>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub conflicts: Option<Json>,
    #[sea_orm(column_type = "Text")]
    pub job_id: String,
    pub inserted: i64,
    pub updated: i64,
    pub deleted: i64,
    pub pulled_at: DateTimeUtc,
    #[sea_orm(
        belongs_to,
        from = "source_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub data_sources: BelongsTo<super::data_sources::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
