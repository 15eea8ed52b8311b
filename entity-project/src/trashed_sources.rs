//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "trashed_sources")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub name_fold: String,
    #[sea_orm(column_type = "Text")]
    pub r#type: String,
    #[sea_orm(unique)]
    pub row_table: i64,
    #[sea_orm(column_type = "Text", nullable)]
    pub view_sql: Option<String>,
    pub snapshot_count: i64,
    pub row_count: i64,
    pub trashed_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
