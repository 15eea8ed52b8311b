//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use super::enums::BackupState;
use super::enums::BackupType;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "backups")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub project_id: Option<String>,
    pub r#type: BackupType,
    pub state: BackupState,
    #[sea_orm(column_type = "Text")]
    pub location: String,
    pub size_bytes: Option<i64>,
    pub data_source_count: Option<i64>,
    pub snapshot_count: Option<i64>,
    pub total_records: Option<i64>,
    #[sea_orm(column_type = "JsonBinary", nullable)]
    pub tables: Option<crate::TableCounts>,
    pub compressed: bool,
    pub with_data: bool,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub job_id: Option<String>,
    #[sea_orm(column_type = "Text", nullable)]
    pub error: Option<String>,
    pub verified_at: Option<DateTimeUtc>,
    pub created_at: DateTimeUtc,
    pub completed_at: Option<DateTimeUtc>,
    pub last_proven_restore_at: Option<DateTimeUtc>,
}

impl ActiveModelBehavior for ActiveModel {}
