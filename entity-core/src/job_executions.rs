//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use super::enums::EndReason;
use super::enums::ExecutionState;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "job_executions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text")]
    pub job_id: String,
    pub attempt: i64,
    pub lease_token: i64,
    #[sea_orm(column_type = "Text")]
    pub worker_id: String,
    pub state: ExecutionState,
    #[sea_orm(column_type = "Text", nullable)]
    pub error_code: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error_message: Option<String>,
    pub started_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    pub heartbeat_at: Option<DateTimeUtc>,
    pub end_reason: Option<EndReason>,
    #[sea_orm(has_many)]
    pub job_logs: HasMany<super::job_logs::Entity>,
    #[sea_orm(
        belongs_to,
        from = "job_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub jobs: BelongsTo<super::jobs::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
