//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use super::enums::RowEpochKind;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "row_epochs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub source_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub epoch: i64,
    pub kind: RowEpochKind,
    pub rid_lo: i64,
    pub rid_hi: i64,
    pub seq_lo: Option<i64>,
    pub seq_hi: Option<i64>,
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
