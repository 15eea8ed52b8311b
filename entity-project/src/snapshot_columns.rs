//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use super::enums::ColumnType;
use super::enums::Quoting;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "snapshot_columns")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub snapshot_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub ord: i64,
    pub phys: i64,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    pub r#type: ColumnType,
    #[sea_orm(column_type = "Text", nullable)]
    pub format: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub encoding: String,
    pub quoting: Quoting,
    pub odd_cells: i64,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub null_tokens: Option<crate::StringList>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub profile: Option<Json>,
    #[sea_orm(
        belongs_to,
        from = "snapshot_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub snapshots: BelongsTo<super::snapshots::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
