//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use super::enums::LogLevel;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "job_logs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub execution_id: String,
    #[sea_orm(primary_key, auto_increment = false)]
    pub seq: i64,
    #[sea_orm(column_type = "Text")]
    pub job_id: String,
    pub at: DateTimeUtc,
    pub level: LogLevel,
    #[sea_orm(column_type = "Text")]
    pub target: String,
    #[sea_orm(column_type = "Text")]
    pub message: String,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub fields: Option<Json>,
    #[sea_orm(
        belongs_to,
        from = "execution_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub job_executions: BelongsTo<super::job_executions::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
