//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use super::enums::JobState;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "jobs")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub project_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    pub state: JobState,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub result: Option<Json>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error_code: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error_message: Option<String>,
    pub attempt: i64,
    pub max_attempts: i64,
    pub crash_count: i64,
    pub lease_token: i64,
    #[sea_orm(column_type = "Text", nullable)]
    pub worker_id: Option<String>,
    pub cancel_requested_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Double", nullable)]
    pub progress: Option<f64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub step: Option<String>,
    pub items_done: Option<i64>,
    pub items_total: Option<i64>,
    #[sea_orm(column_type = "Text", nullable)]
    pub unit: Option<String>,
    pub created_at: DateTimeUtc,
    pub started_at: Option<DateTimeUtc>,
    pub finished_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Text")]
    pub queue: String,
    pub priority: i64,
    #[sea_orm(column_type = "Text")]
    pub concurrency_key: String,
    pub run_at: DateTimeUtc,
    #[sea_orm(column_type = "Text", nullable)]
    pub unique_key: Option<String>,
    pub pending_dependencies: i64,
    pub max_crashes: i64,
    #[sea_orm(column_type = "Text", nullable)]
    pub schedule_id: Option<String>,
    pub scheduled_for: Option<DateTimeUtc>,
    #[sea_orm(column_type = "Double", nullable)]
    pub rate: Option<f64>,
    pub eta_at: Option<DateTimeUtc>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub planned_for: Option<Json>,
    #[sea_orm(column_type = "Text", nullable)]
    pub cancel_reason: Option<String>,
    #[sea_orm(has_many)]
    pub job_checkpoints: HasMany<super::job_checkpoints::Entity>,
    #[sea_orm(has_many)]
    pub job_executions: HasMany<super::job_executions::Entity>,
    #[sea_orm(
        belongs_to,
        from = "worker_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "SetNull"
    )]
    pub job_workers: BelongsTo<Option<super::job_workers::Entity>>,
    #[sea_orm(
        belongs_to,
        from = "project_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "SetNull"
    )]
    pub projects: BelongsTo<Option<super::projects::Entity>>,
}

impl ActiveModelBehavior for ActiveModel {}
