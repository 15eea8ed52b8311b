//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "job_dependencies")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub job_id: String,
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub dependency_id: String,
    #[sea_orm(
        belongs_to,
        relation_enum = "Dependency",
        from = "dependency_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub dependency: BelongsTo<super::jobs::Entity>,
    #[sea_orm(
        belongs_to,
        relation_enum = "Job",
        from = "job_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub job: BelongsTo<super::jobs::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
