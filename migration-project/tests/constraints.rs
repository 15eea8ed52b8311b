//! What a spoke's tables refuse.
#![allow(clippy::unwrap_used, missing_docs)]

use migration_project::Migrator;
use sea_orm_migration::{
    MigratorTrait,
    sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, Statement},
};

const TIME: &str = "'2026-11-22T10:00:00+00:00'";

#[allow(
    clippy::disallowed_methods,
    reason = "a database in memory, with foreign keys on as the store has them"
)]
async fn spoke() -> DatabaseConnection {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    let spoke = Database::connect(options).await.unwrap();
    Migrator::up(&spoke, None).await.unwrap();
    spoke
}

async fn accepted(spoke: &DatabaseConnection, sql: &str) {
    spoke.execute_unprepared(sql).await.unwrap();
}

async fn refused(spoke: &DatabaseConnection, sql: &str, by: &str) {
    let error = spoke.execute_unprepared(sql).await.unwrap_err().to_string();
    assert!(error.contains(by), "{sql}: {error}");
}

async fn count(spoke: &DatabaseConnection, table: &str, filter: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table} WHERE {filter}");
    let statement = Statement::from_string(spoke.get_database_backend(), sql);
    let row = spoke.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

fn source(id: &str, row_table: i64, view_name: &str, next_seq: i64) -> String {
    format!(
        "INSERT INTO data_sources VALUES ('{id}', 'S', 's', NULL, 'file', '{{}}', 'idle', TRUE, '[]', {row_table}, 1,
         '{view_name}', '{view_name}', 1, {next_seq}, 1, 1, 1, NULL, {TIME}, {TIME}, NULL)"
    )
}

fn snapshot(id: &str, source: &str, job: &str, number: i64, seq: i64) -> String {
    format!(
        "INSERT INTO snapshots VALUES ('{id}', '{source}', {job}, {job} || '-step', {number}, {seq}, 0, 0, NULL,
         0, 0, 0, 0, 0, 0, 0, 0, 'hash', 0, '{{}}', {TIME})"
    )
}

fn column(snapshot: &str, ord: i64, phys: i64) -> String {
    format!(
        "INSERT INTO snapshot_columns VALUES ('{snapshot}', {ord}, {phys}, 'c', 'text', NULL, 'text', 'minimal', 0, NULL, NULL)"
    )
}

/// A source `a` with a published snapshot `s`, a row in every table that hangs on them, and a source `b`.
async fn filled() -> DatabaseConnection {
    let spoke = spoke().await;
    for sql in [
        source("a", 1, "a", 32_768),
        source("b", 2, "b", 32_768),
        "INSERT INTO source_columns VALUES ('a', 1, 'text')".to_owned(),
        "INSERT INTO source_indexes VALUES ('a', 1, 0, 1, 'c')".to_owned(),
        snapshot("s", "a", "'j'", 1, 32_768),
        column("s", 1, 1),
        "INSERT INTO published VALUES ('a', 's', 0, 32768)".to_owned(),
        "INSERT INTO rejected_rows VALUES (NULL, 's', 1, NULL, 'too many fields', x'00')"
            .to_owned(),
        "INSERT INTO row_quirks VALUES ('a', 1, 1, 8388607, x'00')".to_owned(),
        "INSERT INTO row_orders VALUES ('a', 32768, x'020202')".to_owned(),
        "INSERT INTO row_epochs VALUES ('a', 1, 'undone', 1, 2, 32768, 32769)".to_owned(),
        "INSERT INTO original_parts VALUES ('s', 0, x'00')".to_owned(),
        format!("INSERT INTO sync_states VALUES ('a', 's', 'o', NULL, NULL, 'j', 0, 0, 0, {TIME})"),
        format!(
            "INSERT INTO relationships VALUES ('r', 'R', 'a', '[]', 'b', '[]', 'one_to_one', {TIME}, {TIME})"
        ),
        format!(
            "INSERT INTO import_history VALUES ('i', 'a', 'S', 's', 'j', 'f', 'csv', 0, 0, 'running', NULL, {TIME}, NULL)"
        ),
    ] {
        accepted(&spoke, &sql).await;
    }
    spoke
}

#[tokio::test]
async fn snapshot_numbers_stay_where_a_row_can_hold_them() {
    let spoke = spoke().await;
    for next_seq in [0, 32_767, 8_388_608] {
        refused(
            &spoke,
            &source("a", 1, "a", next_seq),
            "ck_data_sources_next_seq",
        )
        .await;
    }
    accepted(&spoke, &source("a", 1, "a", 8_388_607)).await;
}

#[tokio::test]
async fn row_tables_and_view_names_belong_to_one_source() {
    let spoke = filled().await;
    refused(
        &spoke,
        &source("c", 1, "c", 32_768),
        "data_sources.row_table",
    )
    .await;
    refused(
        &spoke,
        &source("c", 3, "a", 32_768),
        "data_sources.view_name_fold",
    )
    .await;
    accepted(&spoke, &source("c", 3, "c", 32_768)).await;
}

#[tokio::test]
async fn a_snapshot_is_published_once() {
    let spoke = filled().await;
    refused(
        &spoke,
        &snapshot("t", "a", "'k'", 1, 32_769),
        "snapshots.number",
    )
    .await;
    refused(
        &spoke,
        &snapshot("t", "a", "'k'", 2, 32_768),
        "snapshots.seq",
    )
    .await;
    refused(
        &spoke,
        &snapshot("t", "b", "'j'", 1, 32_768),
        "snapshots.job_id",
    )
    .await;
    accepted(&spoke, &snapshot("t", "a", "NULL", 2, 32_769)).await;
    accepted(&spoke, &snapshot("u", "a", "NULL", 3, 32_770)).await;
    refused(&spoke, &column("s", 2, 1), "snapshot_columns.phys").await;
    accepted(&spoke, &column("s", 2, 2)).await;
}

#[tokio::test]
async fn every_list_refuses_a_value_that_is_not_on_it() {
    let spoke = filled().await;
    for (table, column, _, values) in migration_project::ENUMS {
        assert!(
            count(&spoke, table, "TRUE").await > 0,
            "{table} has no row to try on"
        );
        let name = format!("ck_{table}_{column}");
        for wrong in ["", "nonsense", &values[0].to_uppercase()] {
            let sql = format!("UPDATE {table} SET {column} = '{wrong}'");
            refused(&spoke, &sql, &name).await;
        }
        for value in *values {
            accepted(&spoke, &format!("UPDATE {table} SET {column} = '{value}'")).await;
        }
    }
    accepted(&spoke, "UPDATE relationships SET cardinality = NULL").await;
}

#[tokio::test]
async fn rows_of_a_source_that_does_not_exist_are_refused() {
    let spoke = filled().await;
    for sql in [
        "UPDATE source_columns SET source_id = 'x'",
        "UPDATE source_indexes SET source_id = 'x'",
        "UPDATE snapshots SET source_id = 'x'",
        "UPDATE snapshot_columns SET snapshot_id = 'x'",
        "UPDATE published SET snapshot_id = 'x'",
        "UPDATE rejected_rows SET snapshot_id = 'x'",
        "UPDATE row_quirks SET source_id = 'x'",
        "UPDATE row_orders SET source_id = 'x'",
        "UPDATE row_epochs SET source_id = 'x'",
        "UPDATE original_parts SET snapshot_id = 'x'",
        "UPDATE sync_states SET source_id = 'x'",
        "UPDATE relationships SET to_source_id = 'x'",
        "UPDATE import_history SET source_id = 'x'",
    ] {
        refused(&spoke, sql, "FOREIGN KEY").await;
    }
}

#[tokio::test]
async fn deleting_a_source_takes_all_of_it_and_leaves_the_history() {
    let spoke = filled().await;
    accepted(&spoke, "DELETE FROM data_sources WHERE id = 'a'").await;
    for table in [
        "source_columns",
        "source_indexes",
        "snapshots",
        "snapshot_columns",
        "published",
        "rejected_rows",
        "row_quirks",
        "row_orders",
        "row_epochs",
        "original_parts",
        "sync_states",
        "relationships",
    ] {
        assert_eq!(count(&spoke, table, "TRUE").await, 0, "{table}");
    }
    assert_eq!(count(&spoke, "data_sources", "TRUE").await, 1);
    let kept = "source_id IS NULL AND snapshot_id IS NULL AND source_name = 'S'";
    assert_eq!(count(&spoke, "import_history", kept).await, 1);
}
