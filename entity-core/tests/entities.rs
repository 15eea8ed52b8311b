//! The entities against the schema that the migrations make.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;

use entity_core::{CoreEntity, TableCount, TableCounts, enums::*};
use migration_core::Migrator;
use sea_orm::{
    ActiveEnum, ActiveModelTrait, ColumnTrait, ConnectOptions, ConnectionTrait, Database,
    DatabaseConnection, DbBackend, EntityTrait, IntoActiveModel, Iterable, QueryFilter,
    QuerySelect, Statement, prelude::DateTimeUtc,
};
use sea_orm_migration::MigratorTrait;

#[allow(clippy::disallowed_methods, reason = "a database in memory")]
async fn hub() -> DatabaseConnection {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    let hub = Database::connect(options).await.unwrap();
    Migrator::up(&hub, None).await.unwrap();
    hub
}

async fn names(hub: &DatabaseConnection, sql: String) -> BTreeSet<String> {
    let rows = hub
        .query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect()
}

/// Selects every column of the entity, and finds the table to have no others. Returns the table's name.
async fn fits<E: CoreEntity>(hub: &DatabaseConnection, entity: E) -> String
where
    E::Model: Sync,
{
    let table = entity.table_name().to_owned();
    E::find().limit(0).all(hub).await.unwrap();
    let columns: BTreeSet<String> = E::Column::iter()
        .map(|column| sea_orm::IdenStatic::as_str(&column).to_owned())
        .collect();
    let sql = format!("SELECT name FROM pragma_table_info('{table}')");
    assert_eq!(columns, names(hub, sql).await, "{table}");
    let keys: BTreeSet<String> = E::PrimaryKey::iter()
        .map(|key| sea_orm::IdenStatic::as_str(&key).to_owned())
        .collect();
    let sql = format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0");
    assert_eq!(keys, names(hub, sql).await, "{table}");
    table
}

#[tokio::test]
async fn every_table_has_an_entity_with_its_columns_and_key() {
    let hub = hub().await;
    let tables = BTreeSet::from([
        fits(&hub, entity_core::app_settings::Entity).await,
        fits(&hub, entity_core::backups::Entity).await,
        fits(&hub, entity_core::data_sources::Entity).await,
        fits(&hub, entity_core::import_history::Entity).await,
        fits(&hub, entity_core::job_checkpoints::Entity).await,
        fits(&hub, entity_core::job_crews::Entity).await,
        fits(&hub, entity_core::job_dependencies::Entity).await,
        fits(&hub, entity_core::job_executions::Entity).await,
        fits(&hub, entity_core::job_lanes::Entity).await,
        fits(&hub, entity_core::job_limits::Entity).await,
        fits(&hub, entity_core::job_logs::Entity).await,
        fits(&hub, entity_core::job_queues::Entity).await,
        fits(&hub, entity_core::job_schedules::Entity).await,
        fits(&hub, entity_core::job_workers::Entity).await,
        fits(&hub, entity_core::jobs::Entity).await,
        fits(&hub, entity_core::project_operations::Entity).await,
        fits(&hub, entity_core::projects::Entity).await,
    ]);
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'seaql_migrations'";
    assert_eq!(tables, names(&hub, sql.to_owned()).await);
}

/// Database text, JSON, display and parsing are one text.
fn one_text<E>(as_str: fn(E) -> &'static str, values: &[&str])
where
    E: ActiveEnum<Value = String>
        + Iterable
        + Copy
        + PartialEq
        + std::fmt::Debug
        + std::fmt::Display
        + std::str::FromStr<Err = UnknownValue>
        + serde::Serialize
        + serde::de::DeserializeOwned,
{
    let all: Vec<E> = <E as Iterable>::iter().collect();
    assert_eq!(all.len(), values.len());
    for (value, text) in all.into_iter().zip(values) {
        assert_eq!(as_str(value), *text);
        assert_eq!(value.to_value(), *text);
        assert_eq!(value.to_string(), *text);
        assert_eq!(text.parse::<E>(), Ok(value));
        let json = serde_json::to_value(value).unwrap();
        assert_eq!(json, *text);
        assert_eq!(serde_json::from_value::<E>(json).unwrap(), value);
    }
    let refused = "nonsense".parse::<E>().unwrap_err().to_string();
    assert!(
        refused.contains("`nonsense`") && refused.contains(values[0]),
        "{refused}"
    );
}

#[test]
fn an_enum_is_one_text_everywhere() {
    one_text(BackupState::as_str, BackupState::VALUES);
    one_text(BackupType::as_str, BackupType::VALUES);
    one_text(EndReason::as_str, EndReason::VALUES);
    one_text(ExecutionState::as_str, ExecutionState::VALUES);
    one_text(ImportState::as_str, ImportState::VALUES);
    one_text(JobState::as_str, JobState::VALUES);
    one_text(LogLevel::as_str, LogLevel::VALUES);
    one_text(OperationKind::as_str, OperationKind::VALUES);
    one_text(OperationState::as_str, OperationState::VALUES);
    one_text(ProjectState::as_str, ProjectState::VALUES);
    one_text(SourceStatus::as_str, SourceStatus::VALUES);
    one_text(SourceType::as_str, SourceType::VALUES);
}

fn time() -> DateTimeUtc {
    "2026-11-22T10:00:00.123456Z".parse().unwrap()
}

fn project() -> entity_core::projects::Model {
    entity_core::projects::Model {
        id: "p".to_owned(),
        name: "Project".to_owned(),
        name_fold: "project".to_owned(),
        description: None,
        state: ProjectState::Active,
        location: "local".to_owned(),
        namespace: "p".to_owned(),
        epoch: 1,
        revision: i64::MAX,
        source_count: 0,
        snapshot_count: 0,
        row_count: 0,
        created_at: time(),
        updated_at: time(),
        trashed_at: None,
        last_proven_restore_at: None,
    }
}

#[tokio::test]
async fn a_row_comes_back_as_it_went_in() {
    let hub = hub().await;
    let written = project();
    written
        .clone()
        .into_active_model()
        .insert(&hub)
        .await
        .unwrap();
    let read = entity_core::projects::Entity::find()
        .filter(entity_core::projects::Column::State.eq(ProjectState::Active))
        .one(&hub)
        .await
        .unwrap();
    assert_eq!(read, Some(written));
    let stored = "SELECT state || ' ' || created_at FROM projects".to_owned();
    let expected = "active 2026-11-22T10:00:00.123456+00:00".to_owned();
    assert_eq!(names(&hub, stored).await, BTreeSet::from([expected]));
}

#[tokio::test]
async fn relations_lead_from_a_project_to_its_jobs_and_their_attempts() {
    use entity_core::{job_executions, jobs, projects};
    let hub = hub().await;
    project().into_active_model().insert(&hub).await.unwrap();
    let job = jobs::Model {
        id: "j".to_owned(),
        project_id: Some("p".to_owned()),
        kind: "import_file".to_owned(),
        state: JobState::Running,
        payload: serde_json::json!({"file": "a.csv"}),
        result: None,
        error_code: None,
        error_message: None,
        attempt: 1,
        max_attempts: 3,
        crash_count: 0,
        lease_token: 1,
        worker_id: None,
        cancel_requested_at: None,
        progress: Some(0.5),
        step: None,
        items_done: None,
        items_total: None,
        unit: None,
        created_at: time(),
        started_at: Some(time()),
        finished_at: None,
        queue: "default".to_owned(),
        priority: 0,
        concurrency_key: "p".to_owned(),
        run_at: time(),
        unique_key: None,
        pending_dependencies: 0,
        max_crashes: 3,
        schedule_id: None,
        scheduled_for: None,
        rate: Some(2.5),
        eta_at: Some(time()),
        cancel_reason: None,
        planned_for: Some(serde_json::json!({ "epoch": 1, "revision": 2 })),
    };
    job.clone().into_active_model().insert(&hub).await.unwrap();
    job_executions::Model {
        id: "e".to_owned(),
        job_id: "j".to_owned(),
        attempt: 1,
        lease_token: 1,
        worker_id: "w".to_owned(),
        state: ExecutionState::Running,
        error_code: None,
        error_message: None,
        started_at: time(),
        finished_at: None,
        heartbeat_at: None,
        end_reason: None,
    }
    .into_active_model()
    .insert(&hub)
    .await
    .unwrap();
    let loaded = projects::Entity::load()
        .with((jobs::Entity, job_executions::Entity))
        .one(&hub)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(loaded.jobs[0].payload, job.payload);
    assert_eq!(loaded.jobs[0].job_executions[0].id, "e");
}

#[tokio::test]
async fn table_counts_are_a_json_array_of_objects() {
    use entity_core::backups;
    let hub = hub().await;
    let counts = TableCounts(vec![TableCount {
        name: "orders".to_owned(),
        rows: 3,
        hash: "00ff".to_owned(),
    }]);
    backups::Model {
        id: "b".to_owned(),
        project_id: Some("p".to_owned()),
        r#type: BackupType::Incremental,
        state: BackupState::Completed,
        location: "/".to_owned(),
        size_bytes: None,
        data_source_count: None,
        snapshot_count: None,
        total_records: None,
        tables: Some(counts.clone()),
        compressed: true,
        with_data: false,
        description: None,
        job_id: None,
        error: None,
        verified_at: None,
        created_at: time(),
        completed_at: None,
        last_proven_restore_at: None,
    }
    .into_active_model()
    .insert(&hub)
    .await
    .unwrap();
    let read = backups::Entity::find().one(&hub).await.unwrap().unwrap();
    assert_eq!(read.tables, Some(counts));
    let stored = r#"[{"name":"orders","rows":3,"hash":"00ff"}]"#.to_owned();
    let sql = "SELECT tables FROM backups".to_owned();
    assert_eq!(names(&hub, sql).await, BTreeSet::from([stored]));
}
