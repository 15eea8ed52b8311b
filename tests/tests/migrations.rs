//! Migrating a database file: whole or not at all, and a project stays that project.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    missing_docs
)]

use std::path::{Path, PathBuf};

use manifold_store::{
    Core, Direction, Layout, MigrationStatus, NewProject, Project, Projects, SqliteManager,
    StoreError, StoreOptions, migrate, migration_status,
};
use sea_orm::{ConnectionTrait as _, DatabaseConnection, DbBackend, Statement};

/// A data folder with one project, whose file has a source with a row table and a view.
struct Store {
    folder: tempfile::TempDir,
    id: String,
}

impl Store {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let manager = SqliteManager::open(Layout::new(folder.path()), StoreOptions::default())
            .await
            .unwrap();
        let new = NewProject {
            name: "planes".to_owned(),
            description: Some("of an airport".to_owned()),
        };
        let id = Projects::new(&manager).create(new).await.unwrap().id;
        let store = Self { folder, id };
        let spoke = open(&store.spoke()).await;
        for sql in [
            "INSERT INTO data_sources(id, name, name_fold, type, config, status, enabled, key_columns, row_table,
                 row_format, view_name, view_name_fold, next_rid, next_seq, next_number, next_phys, next_quirk,
                 created_at, updated_at)
             VALUES ('s', 'S', 's', 'file', '{}', 'idle', 1, '[]', 7, 1, 'S', 's', 2, 32768, 1, 2, 1,
                 '2026-11-22T10:00:00+00:00', '2026-11-22T10:00:00+00:00')",
            "CREATE TABLE d7(_rid INTEGER PRIMARY KEY, _to INTEGER NOT NULL DEFAULT 8388607, _pos REAL, c1 ANY) STRICT",
            "INSERT INTO d7(c1) VALUES ('N10156')",
            "CREATE VIEW \"S \"\"quoted\"\"\" AS SELECT c1 FROM published, d7",
            "UPDATE project SET epoch = 4, revision = 9, next_row_table = 8, settings = '{\"a\":1}'",
        ] {
            spoke.execute_unprepared(sql).await.unwrap();
        }
        spoke.close().await.unwrap();
        store
    }

    fn spoke(&self) -> PathBuf {
        Layout::new(self.folder.path()).spoke(&self.id)
    }

    fn hub(&self) -> PathBuf {
        Layout::new(self.folder.path()).core()
    }
}

async fn open(path: &Path) -> DatabaseConnection {
    // With checksums on the pages that it writes.
    sea_orm::Database::connect(format!(
        "sqlite://{}?mode=rwc&vfs={}",
        path.display(),
        manifold_store::vfs()
    ))
    .await
    .unwrap()
}

/// The rows of a query, every value as text.
async fn rows(path: &Path, sql: &str) -> Vec<Vec<String>> {
    let connection = open(path).await;
    let rows = connection
        .query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await
        .unwrap();
    connection.close().await.unwrap();
    let text = |row: &sea_orm::QueryResult, column: usize| {
        let text = row
            .try_get_by_index::<Option<String>>(column)
            .map(Option::unwrap_or_default);
        text.unwrap_or_else(|_| row.try_get_by_index::<i64>(column).unwrap().to_string())
    };
    rows.iter()
        .map(|row| {
            (0..row.column_names().len())
                .map(|column| text(row, column))
                .collect()
        })
        .collect()
}

/// Everything in the file: its schema, its stamps and how many rows each table has.
async fn contents(path: &Path) -> Vec<Vec<String>> {
    let mut contents = rows(
        path,
        "SELECT type, name, sql FROM sqlite_schema ORDER BY name",
    )
    .await;
    contents.extend(
        rows(
            path,
            "SELECT user_version, application_id FROM pragma_user_version, pragma_application_id",
        )
        .await,
    );
    for table in rows(
        path,
        "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
    )
    .await
    {
        contents.extend(
            rows(
                path,
                &format!("SELECT '{0}', count(*) FROM \"{0}\"", table[0]),
            )
            .await,
        );
    }
    contents
}

fn is_up_to_date(status: &MigrationStatus) -> bool {
    status.pending.is_empty() && usize::try_from(status.version) == Ok(status.applied.len())
}

#[tokio::test]
async fn a_project_made_anew_is_empty_and_still_that_project() {
    for direction in [Direction::Refresh, Direction::Fresh] {
        let store = Store::new().await;
        let spoke = store.spoke();
        let before = rows(&spoke, "SELECT * FROM project").await;
        let status = migrate::<Project>(&spoke, direction).await.unwrap();
        assert!(is_up_to_date(&status), "{direction:?}: {status:?}");

        let mut expected = before.clone();
        expected[0][4] = "5".to_owned(); // the epoch
        assert_eq!(
            rows(&spoke, "SELECT * FROM project").await,
            expected,
            "{direction:?}"
        );
        let columns = rows(&spoke, "SELECT name FROM pragma_table_info('project')")
            .await
            .concat();
        assert_eq!(columns[4], "epoch");

        let template = tempfile::tempdir().unwrap();
        let empty = template.path().join("empty.db");
        open(&empty).await.close().await.unwrap();
        migrate::<Project>(&empty, Direction::Up).await.unwrap();
        let mut expected = contents(&empty).await;
        for row in &mut expected {
            if row[0] == "project" {
                row[1] = "1".to_owned();
            }
        }
        assert_eq!(
            contents(&spoke).await,
            expected,
            "{direction:?}: views, row tables or rows are left"
        );
    }
}

#[tokio::test]
async fn down_that_would_leave_a_file_of_nobody_is_refused() {
    let store = Store::new().await;
    let before = contents(&store.spoke()).await;
    let all = u32::try_from(
        migration_status::<Project>(&store.spoke())
            .await
            .unwrap()
            .applied
            .len(),
    )
    .unwrap();
    let refused = migrate::<Project>(&store.spoke(), Direction::Down(all))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, StoreError::Migration { .. }),
        "{refused:?}"
    );
    assert!(refused.to_string().contains(&store.id), "{refused}");
    assert_eq!(contents(&store.spoke()).await, before);

    migrate::<Project>(&store.spoke(), Direction::Down(all - 1))
        .await
        .unwrap();
    let identity = rows(&store.spoke(), "SELECT id, epoch FROM project").await;
    assert_eq!(identity, [[store.id.clone(), "5".to_owned()]]);
    let status = migrate::<Project>(&store.spoke(), Direction::Up)
        .await
        .unwrap();
    assert!(is_up_to_date(&status), "{status:?}");
}

#[tokio::test]
async fn the_hub_goes_down_and_up_whole() {
    let store = Store::new().await;
    let before = contents(&store.hub()).await;
    for direction in [Direction::Refresh, Direction::Fresh] {
        let status = migrate::<Core>(&store.hub(), direction).await.unwrap();
        assert!(is_up_to_date(&status), "{direction:?}: {status:?}");
        assert!(
            rows(&store.hub(), "SELECT id FROM projects")
                .await
                .is_empty()
        );
    }
    let schema = |contents: Vec<Vec<String>>| {
        contents
            .into_iter()
            .filter(|row| row.len() == 3)
            .collect::<Vec<_>>()
    };
    assert_eq!(schema(contents(&store.hub()).await), schema(before));
}

#[tokio::test]
async fn a_file_of_another_program_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let foreign = folder.path().join("foreign.db");
    let connection = open(&foreign).await;
    connection
        .execute_unprepared("CREATE TABLE project(id); INSERT INTO project VALUES ('theirs')")
        .await
        .unwrap();
    connection.close().await.unwrap();
    let before = contents(&foreign).await;
    for direction in [
        Direction::Up,
        Direction::Down(1),
        Direction::Refresh,
        Direction::Fresh,
    ] {
        for refused in [
            migrate::<Core>(&foreign, direction).await,
            migrate::<Project>(&foreign, direction).await,
        ] {
            let refused = refused.unwrap_err();
            assert!(
                matches!(&refused, StoreError::NotOurs { path, .. } if *path == foreign),
                "{direction:?}: {refused:?}"
            );
        }
    }
    assert_eq!(contents(&foreign).await, before);
}

#[tokio::test]
async fn what_this_program_does_not_know_is_refused_but_can_be_made_anew() {
    let store = Store::new().await;
    for (sql, expected) in [
        (
            "INSERT INTO seaql_migrations VALUES ('m99991231_235959_from_elsewhere', 0)",
            "not_a_manifold_database",
        ),
        ("PRAGMA user_version = 999", "newer_schema"),
    ] {
        let spoke = open(&store.spoke()).await;
        spoke.execute_unprepared(sql).await.unwrap();
        spoke.close().await.unwrap();
        let before = contents(&store.spoke()).await;
        for direction in [Direction::Up, Direction::Down(1), Direction::Refresh] {
            let refused = migrate::<Project>(&store.spoke(), direction)
                .await
                .unwrap_err();
            assert_eq!(refused.code(), expected, "{direction:?}: {refused}");
        }
        assert_eq!(contents(&store.spoke()).await, before);
    }
    let status = migrate::<Project>(&store.spoke(), Direction::Fresh)
        .await
        .unwrap();
    assert!(is_up_to_date(&status), "{status:?}");
    let kept = rows(&store.spoke(), "SELECT id FROM project").await;
    assert_eq!(kept, [[store.id.clone()]]);
}

#[tokio::test]
async fn references_to_nothing_stop_a_migration_and_change_nothing() {
    let store = Store::new().await;
    migrate::<Core>(&store.hub(), Direction::Down(1))
        .await
        .unwrap();
    let hub = open(&store.hub()).await;
    let orphan = "INSERT INTO import_history
            (project_id, id, source_name, file_name, format, rows, rejected, state, started_at)
        VALUES ('nobody', 'i', 's', 'f', 'csv', 0, 0, 'completed', '2026-01-01T00:00:00+00:00')";
    hub.execute_unprepared(&format!("PRAGMA foreign_keys = OFF; {orphan}"))
        .await
        .unwrap();
    hub.close().await.unwrap();
    let before = contents(&store.hub()).await;
    let refused = migrate::<Core>(&store.hub(), Direction::Up)
        .await
        .unwrap_err();
    assert!(
        matches!(refused, StoreError::Migration { .. }),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("`import_history`")
            && refused.to_string().contains("`projects`"),
        "{refused}"
    );
    assert_eq!(contents(&store.hub()).await, before);
}
