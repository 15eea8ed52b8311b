//! Every entity of both databases is read here, not by falling back.

use sea_orm::EntityTrait;

use crate::inline::columns::Columns;

fn is_read_here<E: EntityTrait>() {
    assert!(
        Columns::of::<E>().is_some(),
        "{} has a column that only sqlx can read",
        E::default().table_name()
    );
}

#[test]
fn every_entity_of_the_hub() {
    use entity_core::*;
    is_read_here::<app_settings::Entity>();
    is_read_here::<backups::Entity>();
    is_read_here::<data_sources::Entity>();
    is_read_here::<import_history::Entity>();
    is_read_here::<job_executions::Entity>();
    is_read_here::<job_logs::Entity>();
    is_read_here::<job_workers::Entity>();
    is_read_here::<jobs::Entity>();
    is_read_here::<project_operations::Entity>();
    is_read_here::<projects::Entity>();
}

#[test]
fn every_entity_of_a_spoke() {
    use entity_project::*;
    is_read_here::<consolidated_models::Entity>();
    is_read_here::<data_sources::Entity>();
    is_read_here::<import_history::Entity>();
    is_read_here::<job_cursors::Entity>();
    is_read_here::<project::Entity>();
    is_read_here::<published::Entity>();
    is_read_here::<rejected_rows::Entity>();
    is_read_here::<relationships::Entity>();
    is_read_here::<row_epochs::Entity>();
    is_read_here::<row_orders::Entity>();
    is_read_here::<row_quirks::Entity>();
    is_read_here::<snapshot_columns::Entity>();
    is_read_here::<snapshots::Entity>();
    is_read_here::<source_columns::Entity>();
    is_read_here::<sync_states::Entity>();
}
