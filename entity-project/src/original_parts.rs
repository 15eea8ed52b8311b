//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "original_parts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub snapshot_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub part: i64,
    #[sea_orm(column_type = "Blob")]
    pub data: Vec<u8>,
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
