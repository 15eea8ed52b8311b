//! What the hub's tables refuse.
#![allow(clippy::unwrap_used, missing_docs)]

use migration_core::Migrator;
use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement},
};

const TIME: &str = "'2026-11-22T10:00:00+00:00'";

#[allow(
    clippy::disallowed_methods,
    reason = "a database in memory, with foreign keys on as the store has them"
)]
async fn hub() -> DatabaseConnection {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    let hub = Database::connect(options).await.unwrap();
    Migrator::up(&hub, None).await.unwrap();
    hub
}

async fn accepted(hub: &DatabaseConnection, sql: &str) {
    hub.execute_unprepared(sql).await.unwrap();
}

async fn refused(hub: &DatabaseConnection, sql: &str, by: &str) {
    let error = hub.execute_unprepared(sql).await.unwrap_err().to_string();
    assert!(error.contains(by), "{sql}: {error}");
}

async fn count(hub: &DatabaseConnection, table: &str, filter: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table} WHERE {filter}");
    let statement = Statement::from_string(hub.get_database_backend(), sql);
    let row = hub.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

fn project(id: &str, namespace: &str, state: &str, trashed_at: &str) -> String {
    format!(
        "INSERT INTO projects VALUES ('{id}', 'P', 'p', NULL, '{state}', 'local', '{namespace}', 1, 1, 0, 0, 0,
         {TIME}, {TIME}, {trashed_at}, NULL)"
    )
}

fn job(id: &str, state: &str, attempt: i64, progress: &str, finished_at: &str) -> String {
    format!(
        "INSERT INTO jobs (id, project_id, kind, state, payload, attempt, max_attempts, crash_count, lease_token,
         progress, created_at, finished_at)
         VALUES ('{id}', 'p', 'import_file', '{state}', '{{}}', {attempt}, 3, 0, 0, {progress}, {TIME}, {finished_at})"
    )
}

#[tokio::test]
async fn a_project_says_since_when_it_is_in_the_trash_and_only_then() {
    let hub = hub().await;
    accepted(&hub, &project("a", "a", "active", "NULL")).await;
    accepted(&hub, &project("b", "b", "trashed", TIME)).await;
    for (state, trashed_at) in [("active", TIME), ("creating", TIME), ("trashed", "NULL")] {
        let sql = project("c", "c", state, trashed_at);
        refused(&hub, &sql, "ck_projects_trashed_at").await;
    }
    refused(
        &hub,
        &project("c", "c", "gone", "NULL"),
        "ck_projects_state",
    )
    .await;
    refused(&hub, &project("c", "a", "active", "NULL"), "UNIQUE").await;
}

#[tokio::test]
async fn a_job_says_when_it_ended_once_it_has_ended() {
    let hub = hub().await;
    accepted(&hub, &project("p", "p", "active", "NULL")).await;
    for (id, state) in [("1", "completed"), ("2", "failed"), ("3", "cancelled")] {
        refused(
            &hub,
            &job(id, state, 1, "NULL", "NULL"),
            "ck_jobs_finished_at",
        )
        .await;
        accepted(&hub, &job(id, state, 1, "NULL", TIME)).await;
    }
    for (id, state) in [("4", "pending"), ("5", "blocked"), ("6", "running")] {
        refused(
            &hub,
            &job(id, state, 0, "NULL", TIME),
            "ck_jobs_finished_at",
        )
        .await;
        accepted(&hub, &job(id, state, 0, "NULL", "NULL")).await;
    }
}

#[tokio::test]
async fn a_jobs_numbers_stay_in_range() {
    let hub = hub().await;
    accepted(&hub, &project("p", "p", "active", "NULL")).await;
    refused(
        &hub,
        &job("j", "pending", -1, "NULL", "NULL"),
        "ck_jobs_attempt",
    )
    .await;
    for progress in ["-0.01", "1.01"] {
        let sql = job("j", "pending", 0, progress, "NULL");
        refused(&hub, &sql, "ck_jobs_progress").await;
    }
    accepted(&hub, &job("j", "pending", 0, "1", "NULL")).await;
    let sql = "UPDATE jobs SET lease_token = -1";
    refused(&hub, sql, "ck_jobs_lease_token").await;
}

#[tokio::test]
async fn an_execution_runs_or_has_ended_and_a_token_is_given_once() {
    let hub = hub().await;
    accepted(&hub, &project("p", "p", "active", "NULL")).await;
    accepted(&hub, &job("j", "pending", 0, "NULL", "NULL")).await;
    let execution = |id: &str, token: i64, state: &str, finished_at: &str| {
        format!(
            "INSERT INTO job_executions VALUES ('{id}', 'j', 1, {token}, 'w', '{state}', NULL, NULL, {TIME}, {finished_at}, NULL, NULL)"
        )
    };
    let ck = "ck_job_executions_finished_at";
    refused(&hub, &execution("e", 1, "running", TIME), ck).await;
    refused(&hub, &execution("e", 1, "crashed", "NULL"), ck).await;
    accepted(&hub, &execution("e", 1, "running", "NULL")).await;
    refused(&hub, &execution("f", 1, "crashed", TIME), "UNIQUE").await;
    accepted(&hub, &execution("f", 2, "crashed", TIME)).await;
}

fn schedule(id: &str, missed_policy: &str, missed_max: i64) -> String {
    format!(
        "INSERT INTO job_schedules VALUES ('{id}', 'gone', 'n{id}', 'try', '{{}}', 'default', 0, 1, 1, '@daily', 'UTC',
         '{missed_policy}', {missed_max}, 0, 'queue', NULL, {TIME}, {TIME}, {TIME}, 'missed', TRUE, {TIME}, {TIME})"
    )
}

#[tokio::test]
async fn a_slot_of_a_schedule_has_one_job_and_a_project_one_schedule_of_a_name() {
    let hub = hub().await;
    accepted(&hub, &project("p", "p", "active", "NULL")).await;
    let of_slot = |id: &str, schedule: &str, slot: &str| {
        format!(
            "UPDATE jobs SET schedule_id = {schedule}, scheduled_for = {slot} WHERE id = '{id}'"
        )
    };
    for id in ["1", "2", "3"] {
        accepted(&hub, &job(id, "pending", 0, "NULL", "NULL")).await;
    }
    accepted(&hub, &of_slot("1", "'s'", TIME)).await;
    refused(&hub, &of_slot("2", "'s'", TIME), "UNIQUE").await;
    accepted(&hub, &of_slot("2", "'t'", TIME)).await;
    accepted(&hub, &of_slot("3", "'s'", "'2026-11-22T11:00:00+00:00'")).await;

    accepted(&hub, &schedule("s", "skip", 1)).await;
    refused(
        &hub,
        &schedule("t", "skip", 0),
        "ck_job_schedules_missed_max",
    )
    .await;
    accepted(&hub, &schedule("t", "run_all", 1000)).await;
    let same = "UPDATE job_schedules SET name = 'ns'";
    refused(&hub, same, "UNIQUE").await;
    let apart = "UPDATE job_schedules SET name = 'ns', project_id = NULL";
    accepted(&hub, apart).await;
}

#[tokio::test]
async fn a_project_has_one_operation_under_way() {
    let hub = hub().await;
    let operation = |id: &str, project: &str, state: &str| {
        format!(
            "INSERT INTO project_operations VALUES ('{id}', '{project}', 'clone', '{state}', 's', '{{}}', NULL, NULL,
             {TIME}, {TIME}, NULL)"
        )
    };
    accepted(&hub, &operation("1", "p", "running")).await;
    refused(&hub, &operation("2", "p", "running"), "UNIQUE").await;
    accepted(&hub, &operation("2", "p", "done")).await;
    accepted(&hub, &operation("3", "p", "failed")).await;
    accepted(&hub, &operation("4", "q", "running")).await;
}

#[tokio::test]
async fn every_list_refuses_a_value_that_is_not_on_it() {
    let hub = hub().await;
    accepted(&hub, &project("p", "p", "active", "NULL")).await;
    accepted(&hub, &job("j", "pending", 0, "NULL", "NULL")).await;
    for sql in [
        format!("INSERT INTO data_sources VALUES ('p', 's', 'S', 's', 's', 'file', 'idle', TRUE, NULL, 0, 0, NULL, {TIME}, {TIME})"),
        format!("INSERT INTO job_executions VALUES ('e', 'j', 1, 1, 'w', 'running', NULL, NULL, {TIME}, NULL, NULL, NULL)"),
        format!("INSERT INTO job_logs VALUES ('e', 1, 'j', {TIME}, 'info', 't', 'm', NULL)"),
        format!(
            "INSERT INTO backups (id, project_id, type, state, location, compressed, with_data, created_at)
             VALUES ('b', 'p', 'csv', 'running', '/', TRUE, TRUE, {TIME})"
        ),
        format!("INSERT INTO import_history VALUES ('p', 'i', NULL, 's', NULL, NULL, 'f', 'csv', 0, 0, 'running', NULL, {TIME}, NULL)"),
        schedule("s", "skip", 1),
        format!("INSERT INTO project_operations VALUES ('o', 'p', 'clone', 'done', 's', '{{}}', NULL, NULL, {TIME}, {TIME}, NULL)"),
    ] {
        accepted(&hub, &sql).await;
    }
    for (table, column, _, values) in migration_core::ENUMS {
        assert!(
            count(&hub, table, "TRUE").await > 0,
            "{table} has no row to try on"
        );
        let name = format!("ck_{table}_{column}");
        for wrong in ["", "nonsense", &values[0].to_uppercase()] {
            let sql = format!("UPDATE {table} SET {column} = '{wrong}'");
            refused(&hub, &sql, &name).await;
        }
    }
}

#[tokio::test]
async fn deleting_a_project_takes_its_index_and_leaves_jobs_and_backups() {
    let hub = hub().await;
    let source = format!(
        "INSERT INTO data_sources VALUES ('p', 's', 'S', 's', 's', 'file', 'idle', TRUE, NULL, 0, 0, NULL, {TIME}, {TIME})"
    );
    refused(&hub, &source, "FOREIGN KEY").await;
    accepted(&hub, &project("p", "p", "active", "NULL")).await;
    accepted(&hub, &source).await;
    accepted(&hub, &job("j", "pending", 0, "NULL", "NULL")).await;
    accepted(
        &hub,
        &format!(
            "INSERT INTO backups (id, project_id, type, state, location, compressed, with_data, created_at)
             VALUES ('b', 'p', 'csv', 'completed', '/', TRUE, TRUE, {TIME})"
        ),
    )
    .await;
    accepted(&hub, "DELETE FROM projects").await;
    assert_eq!(count(&hub, "data_sources", "TRUE").await, 0);
    assert_eq!(count(&hub, "jobs", "project_id IS NULL").await, 1);
    assert_eq!(count(&hub, "backups", "project_id = 'p'").await, 1);
}
