//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use super::enums::ProjectState;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "projects")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub name_fold: String,
    #[sea_orm(column_type = "Text", nullable)]
    pub description: Option<String>,
    pub state: ProjectState,
    #[sea_orm(column_type = "Text")]
    pub location: String,
    #[sea_orm(column_type = "Text", unique)]
    pub namespace: String,
    pub epoch: i64,
    pub revision: i64,
    pub source_count: i64,
    pub snapshot_count: i64,
    pub row_count: i64,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    pub trashed_at: Option<DateTimeUtc>,
    pub last_proven_restore_at: Option<DateTimeUtc>,
    #[sea_orm(has_many)]
    pub data_sources: HasMany<super::data_sources::Entity>,
    #[sea_orm(has_many)]
    pub import_history: HasMany<super::import_history::Entity>,
    #[sea_orm(has_many)]
    pub jobs: HasMany<super::jobs::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
