//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "rejected_rows")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    #[sea_orm(column_type = "Text")]
    pub snapshot_id: String,
    pub line: i64,
    pub before_rid: Option<i64>,
    #[sea_orm(column_type = "Text")]
    pub reason: String,
    #[sea_orm(column_type = "Blob")]
    pub raw: Vec<u8>,
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
