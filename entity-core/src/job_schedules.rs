//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use super::enums::MissedPolicy;
use super::enums::OverlapPolicy;
use super::enums::SkipReason;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "job_schedules")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub project_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub kind: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub payload: Json,
    #[sea_orm(column_type = "Text")]
    pub queue: String,
    pub priority: i64,
    pub max_attempts: i64,
    pub max_crashes: i64,
    #[sea_orm(column_type = "Text")]
    pub cron: String,
    #[sea_orm(column_type = "Text")]
    pub time_zone: String,
    pub missed_policy: MissedPolicy,
    pub missed_max: i64,
    pub missed_grace_ms: i64,
    pub overlap_policy: OverlapPolicy,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub on_failure: Option<Json>,
    pub last_slot: DateTimeUtc,
    pub next_at: DateTimeUtc,
    pub skipped_slot: Option<DateTimeUtc>,
    pub skip_reason: Option<SkipReason>,
    pub enabled: bool,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
}

impl ActiveModelBehavior for ActiveModel {}
