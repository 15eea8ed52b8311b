//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use super::enums::ImportState;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "import_history")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub project_id: String,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub source_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub source_name: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub snapshot_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub job_id: Option<String>,
    #[sea_orm(column_type = "Text")]
    pub file_name: String,
    #[sea_orm(column_type = "Text")]
    pub format: String,
    pub rows: i64,
    pub rejected: i64,
    pub state: ImportState,
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    pub started_at: DateTimeUtc,
    pub finished_at: Option<DateTimeUtc>,
    #[sea_orm(
        belongs_to,
        from = "project_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub projects: BelongsTo<super::projects::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
