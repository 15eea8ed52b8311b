//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "job_crews")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text")]
    pub worker_id: String,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub queues: Option<Json>,
    #[sea_orm(column_type = "JsonBinary")]
    pub kinds: Json,
    pub concurrency: i64,
    pub started_at: DateTimeUtc,
    pub stopping_at: Option<DateTimeUtc>,
    #[sea_orm(
        belongs_to,
        from = "worker_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub job_workers: BelongsTo<super::job_workers::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
