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
    pub project_id: String,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub name_fold: String,
    #[sea_orm(column_type = "Text")]
    pub view_name: String,
    pub r#type: SourceType,
    pub status: SourceStatus,
    pub enabled: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub latest_snapshot_id: Option<String>,
    pub snapshot_count: i64,
    pub row_count: i64,
    pub last_sync_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(
        belongs_to,
        from = "project_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub projects: BelongsTo<super::projects::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
