//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use super::enums::Cardinality;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

#[sea_orm::model]
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "relationships")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false, column_type = "Text")]
    pub id: String,
    #[sea_orm(column_type = "Text")]
    pub name: String,
    #[sea_orm(column_type = "Text")]
    pub from_source_id: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub from_columns: crate::StringList,
    #[sea_orm(column_type = "Text")]
    pub to_source_id: String,
    #[sea_orm(column_type = "JsonBinary")]
    pub to_columns: crate::StringList,
    pub cardinality: Option<Cardinality>,
    pub created_at: DateTimeUtc,
    pub updated_at: DateTimeUtc,
    #[sea_orm(
        belongs_to,
        relation_enum = "ToSource",
        from = "to_source_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub to_source: BelongsTo<super::data_sources::Entity>,
    #[sea_orm(
        belongs_to,
        relation_enum = "FromSource",
        from = "from_source_id",
        to = "id",
        on_update = "NoAction",
        on_delete = "Cascade"
    )]
    pub from_source: BelongsTo<super::data_sources::Entity>,
}

impl ActiveModelBehavior for ActiveModel {}
