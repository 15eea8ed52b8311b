//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "job_lanes")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub queue: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub priority: i64,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub concurrency_key: String,
    pub turn: Option<i64>,
    pub due_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
