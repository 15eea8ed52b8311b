//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "job_checkpoints")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub job_id: String,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub step: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub output: Json,
    pub lease_token: i64,
    pub completed_at: DateTimeUtc,
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
