//! Generated from the migrations by `cargo xtask generate-entities`: do not edit.

use crate::ProjectEntity;

impl ProjectEntity for crate::consolidated_models::Entity {}
impl ProjectEntity for crate::data_sources::Entity {}
impl ProjectEntity for crate::import_history::Entity {}
impl ProjectEntity for crate::job_cursors::Entity {}
impl ProjectEntity for crate::original_parts::Entity {}
impl ProjectEntity for crate::project::Entity {}
impl ProjectEntity for crate::published::Entity {}
impl ProjectEntity for crate::rejected_rows::Entity {}
impl ProjectEntity for crate::relationships::Entity {}
impl ProjectEntity for crate::row_epochs::Entity {}
impl ProjectEntity for crate::row_orders::Entity {}
impl ProjectEntity for crate::row_quirks::Entity {}
impl ProjectEntity for crate::snapshot_columns::Entity {}
impl ProjectEntity for crate::snapshots::Entity {}
impl ProjectEntity for crate::source_columns::Entity {}
impl ProjectEntity for crate::source_indexes::Entity {}
impl ProjectEntity for crate::sync_states::Entity {}
impl ProjectEntity for crate::trashed_sources::Entity {}
