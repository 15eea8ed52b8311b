//! What holds for every migration of both schemas.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use sea_orm_migration::MigratorTrait;

use super::Schema;
use crate::scratch::Scratch;

/// Longest name that every engine keeps whole, in bytes.
const LONGEST_NAME: usize = 63;

async fn rows(database: &Scratch, sql: &str) -> Vec<Vec<String>> {
    let statement = Statement::from_string(DbBackend::Sqlite, sql);
    let rows = database
        .connection()
        .query_all_raw(statement)
        .await
        .unwrap();
    rows.iter()
        .map(|row| {
            (0..row.column_names().len())
                .map(|column| row.try_get_by_index::<Option<String>>(column).unwrap())
                .map(Option::unwrap_or_default)
                .collect()
        })
        .collect()
}

/// Type, name and text of everything in the database.
async fn objects(database: &Scratch) -> Vec<Vec<String>> {
    rows(
        database,
        "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )
    .await
}

/// Reverts the last `steps` migrations, or all.
async fn down(schema: Schema, database: &Scratch, steps: Option<u32>) {
    let connection = database.connection();
    match schema {
        Schema::Core => migration_core::Migrator::down(connection, steps).await,
        Schema::Project => migration_project::Migrator::down(connection, steps).await,
    }
    .unwrap();
}

#[tokio::test]
async fn down_takes_everything_back_and_up_makes_the_same_again() {
    for schema in Schema::ALL {
        let database = Scratch::migrated(schema).await.unwrap();
        let first = objects(&database).await;
        down(schema, &database, None).await;
        let left: Vec<String> = objects(&database)
            .await
            .into_iter()
            .map(|mut object| object.remove(1))
            .collect();
        assert_eq!(left, ["seaql_migrations"], "{schema:?}");
        schema.up(database.connection()).await.unwrap();
        assert_eq!(objects(&database).await, first, "{schema:?}");
    }
}

#[tokio::test]
async fn down_and_up_by_single_steps_meet_the_same_schemas() {
    for schema in Schema::ALL {
        let database = Scratch::migrated(schema).await.unwrap();
        let all = objects(&database).await;
        let versions = "SELECT version FROM seaql_migrations";
        for left in (0..rows(&database, versions).await.len()).rev() {
            down(schema, &database, Some(1)).await;
            assert_eq!(rows(&database, versions).await.len(), left);
        }
        schema.up(database.connection()).await.unwrap();
        assert_eq!(objects(&database).await, all, "{schema:?}");
    }
}

#[tokio::test]
async fn up_again_changes_nothing() {
    for schema in Schema::ALL {
        let database = Scratch::migrated(schema).await.unwrap();
        let first = objects(&database).await;
        schema.up(database.connection()).await.unwrap();
        assert_eq!(objects(&database).await, first);
    }
}

/// `"ck_t_c" CHECK ("c" IN ('a', 'b'))` of a constraint's text, if it is such a list and nothing more.
fn list_check(constraint: &str) -> Option<&str> {
    let (_, condition) = constraint.split_once(" CHECK (\"")?;
    let (_column, list) = condition.split_once('"')?;
    if !list.starts_with(" IN (") {
        return None;
    }
    let end = constraint.find("))")?;
    Some(&constraint[..end + 2])
}

#[tokio::test]
async fn the_enums_are_all_the_lists_that_columns_are_checked_against() {
    for schema in Schema::ALL {
        let database = Scratch::migrated(schema).await.unwrap();
        let expected: BTreeSet<String> = schema
            .enums()
            .iter()
            .map(|(table, column, _, values)| {
                let values = values.join("', '");
                format!("\"ck_{table}_{column}\" CHECK (\"{column}\" IN ('{values}'))")
            })
            .collect();
        let found: BTreeSet<String> = objects(&database)
            .await
            .iter()
            .flat_map(|object| object[2].split("CONSTRAINT ").skip(1))
            .filter_map(list_check)
            .map(str::to_owned)
            .collect();
        assert_eq!(found, expected, "{schema:?}");
    }
}

/// Columns that tables with rows were widened by: what is not null needs a default then. Elsewhere the program gives
/// every value, so that both engines store the same.
const ADDED_LATER: [(&str, &str); 6] = [
    ("jobs", "queue"),
    ("jobs", "priority"),
    ("jobs", "concurrency_key"),
    ("jobs", "run_at"),
    ("jobs", "pending_dependencies"),
    ("jobs", "max_crashes"),
];

#[tokio::test]
async fn only_types_that_every_engine_reads_alike() {
    let known = [
        "boolean",
        "blob",
        "double",
        "integer",
        "jsonb_text",
        "text",
        "timestamp_with_timezone_text",
    ];
    for schema in Schema::ALL {
        let database = Scratch::migrated(schema).await.unwrap();
        let columns = rows(
            &database,
            "SELECT t.name, c.name, c.type, c.dflt_value FROM sqlite_master t, pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name <> 'seaql_migrations' AND t.name <> 'sqlite_sequence'",
        )
        .await;
        assert!(!columns.is_empty());
        for column in columns {
            assert!(known.contains(&&*column[2].to_lowercase()), "{column:?}");
            let place = (column[0].as_str(), column[1].as_str());
            let may_default = ADDED_LATER.contains(&place);
            assert!(column[3].is_empty() || may_default, "a default: {column:?}");
        }
    }
}

/// SQLite declares a 32-bit and a 64-bit integer alike, so the sources have to tell.
#[test]
fn every_integer_has_64_bits() {
    for folder in ["migration-core/src", "migration-project/src"] {
        for entry in std::fs::read_dir(crate::workspace_root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let source = std::fs::read_to_string(&path).unwrap();
            for before_call in source.split('(') {
                let call = before_call
                    .rsplit(|letter: char| !letter.is_alphanumeric() && letter != '_')
                    .next();
                let call = call.unwrap_or_default();
                let narrow = ["integer", "unsigned", "pk_auto"]
                    .iter()
                    .any(|kind| call.contains(kind));
                assert!(
                    !narrow || call.starts_with("big_"),
                    "{}: {call}",
                    path.display()
                );
            }
        }
    }
}

#[tokio::test]
async fn names_fit_every_engine() {
    for schema in Schema::ALL {
        let database = Scratch::migrated(schema).await.unwrap();
        for object in objects(&database).await {
            for name in object[2].split('"').skip(1).step_by(2) {
                assert!(name.len() <= LONGEST_NAME, "{name}");
            }
        }
    }
}
