//! Migrations that rebuild a table others refer to.

use std::path::{Path, PathBuf};

use sea_orm_migration::prelude::*;

use super::{Direction, create, migrate, status};
use crate::kind::sealed::Sealed;
use crate::{Kind, StoreError};

/// Four tables, each row of one belonging to a row of the one before.
struct CreateFamily;
/// Rebuilds the first of them as SQLite wants it: a new table, a copy, and its name.
struct RebuildEldest;
/// The same, but loses a row.
struct LoseOne;

impl MigrationName for CreateFamily {
    fn name(&self) -> &str {
        "m1_create_family"
    }
}

impl MigrationName for RebuildEldest {
    fn name(&self) -> &str {
        "m2_rebuild_eldest"
    }
}

impl MigrationName for LoseOne {
    fn name(&self) -> &str {
        "m2_lose_one"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for CreateFamily {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut sql = "CREATE TABLE a(id INTEGER PRIMARY KEY, name TEXT);".to_owned();
        for (table, parent) in [("b", "a"), ("c", "b"), ("d", "c")] {
            sql += &format!(
                "CREATE TABLE {table}(id INTEGER PRIMARY KEY, parent INTEGER NOT NULL \
                 REFERENCES {parent}(id) ON DELETE CASCADE);"
            );
        }
        manager.get_connection().execute_unprepared(&sql).await?;
        Ok(())
    }
}

const REBUILD: &str = "CREATE TABLE a_new(id INTEGER PRIMARY KEY, name TEXT NOT NULL DEFAULT '');
    INSERT INTO a_new SELECT id, coalesce(name, '') FROM a;
    DROP TABLE a;
    ALTER TABLE a_new RENAME TO a;";

#[async_trait::async_trait]
impl MigrationTrait for RebuildEldest {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(REBUILD).await?;
        Ok(())
    }
}

#[async_trait::async_trait]
impl MigrationTrait for LoseOne {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let connection = manager.get_connection();
        connection.execute_unprepared(REBUILD).await?;
        connection
            .execute_unprepared("DELETE FROM d WHERE id = 1")
            .await?;
        Ok(())
    }
}

struct Young;
struct Grown;
struct Careless;

impl MigratorTrait for Young {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateFamily)]
    }
}

impl MigratorTrait for Grown {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateFamily), Box::new(RebuildEldest)]
    }
}

impl MigratorTrait for Careless {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(CreateFamily), Box::new(LoseOne)]
    }
}

macro_rules! kind {
    ($migrator:ty, $version:literal) => {
        impl Sealed for $migrator {}
        impl Kind for $migrator {
            const NAME: &'static str = "family";
            const VERSION: u32 = $version;
            type Migrator = Self;
        }
    };
}

kind!(Young, 1);
kind!(Grown, 2);
kind!(Careless, 2);

/// A family of four generations: every parent has three children.
async fn family(folder: &Path) -> PathBuf {
    let path = folder.join("family.db");
    create::<Young>(&path).await.unwrap();
    let connection = crate::sqlite::connect(&path, rusqlite::OpenFlags::default()).unwrap();
    for (table, rows) in [("a", 3), ("b", 9), ("c", 27), ("d", 81)] {
        let insert = format!("INSERT INTO {table} VALUES (?1, (?1 - 1) / 3 + 1)");
        for id in 1..=rows {
            connection.execute(&insert, [id]).unwrap();
        }
    }
    path
}

fn counts(path: &Path) -> [i64; 4] {
    let connection = crate::sqlite::connect(path, rusqlite::OpenFlags::default()).unwrap();
    ["a", "b", "c", "d"].map(|table| {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    })
}

#[tokio::test]
async fn rebuilding_a_parent_keeps_three_levels_of_children() {
    let folder = tempfile::tempdir().unwrap();
    let path = family(folder.path()).await;
    assert_eq!(counts(&path), [3, 9, 27, 81]);
    let done = migrate::<Grown>(&path, Direction::Up).await.unwrap();
    assert_eq!(done.version, 2);
    assert_eq!(counts(&path), [3, 9, 27, 81]);
    let connection = crate::sqlite::connect(&path, rusqlite::OpenFlags::default()).unwrap();
    connection
        .execute_batch("PRAGMA foreign_keys = ON; DELETE FROM a WHERE id = 1")
        .unwrap();
    drop(connection);
    assert_eq!(
        counts(&path),
        [2, 6, 18, 54],
        "the children still belong to the new table"
    );
}

#[tokio::test]
async fn a_migration_that_loses_a_row_is_undone() {
    let folder = tempfile::tempdir().unwrap();
    let path = family(folder.path()).await;
    let refused = migrate::<Careless>(&path, Direction::Up).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Migration { reason, .. } if reason.contains("`d` had 81 rows and would have 80")),
        "{refused:?}"
    );
    assert_eq!(counts(&path), [3, 9, 27, 81]);
    let status = status::<Young>(&path).await.unwrap();
    assert_eq!((status.version, status.applied.len()), (1, 1));
}
