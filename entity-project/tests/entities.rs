//! The entities against the schema that the migrations make.
#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::BTreeSet;

use entity_project::{ProjectEntity, StringList, enums::*};
use migration_project::Migrator;
use sea_orm::{
    ActiveEnum, ActiveModelTrait, ActiveValue::Set, ConnectOptions, ConnectionTrait, Database,
    DatabaseConnection, DbBackend, EntityTrait, IntoActiveModel, Iterable, JoinType, QuerySelect,
    RelationTrait, Statement, prelude::DateTimeUtc,
};
use sea_orm_migration::MigratorTrait;

#[allow(clippy::disallowed_methods, reason = "a database in memory")]
async fn spoke() -> DatabaseConnection {
    let mut options = ConnectOptions::new("sqlite::memory:");
    options.max_connections(1).sqlx_logging(false);
    let spoke = Database::connect(options).await.unwrap();
    Migrator::up(&spoke, None).await.unwrap();
    spoke
}

async fn names(spoke: &DatabaseConnection, sql: String) -> BTreeSet<String> {
    let rows = spoke
        .query_all_raw(Statement::from_string(DbBackend::Sqlite, sql))
        .await
        .unwrap();
    rows.iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect()
}

/// Selects every column of the entity, and finds the table to have no others. Returns the table's name.
async fn fits<E: ProjectEntity>(spoke: &DatabaseConnection, entity: E) -> String
where
    E::Model: Sync,
{
    let table = entity.table_name().to_owned();
    E::find().limit(0).all(spoke).await.unwrap();
    let columns: BTreeSet<String> = E::Column::iter()
        .map(|column| sea_orm::IdenStatic::as_str(&column).to_owned())
        .collect();
    let sql = format!("SELECT name FROM pragma_table_info('{table}')");
    assert_eq!(columns, names(spoke, sql).await, "{table}");
    let keys: BTreeSet<String> = E::PrimaryKey::iter()
        .map(|key| sea_orm::IdenStatic::as_str(&key).to_owned())
        .collect();
    let sql = format!("SELECT name FROM pragma_table_info('{table}') WHERE pk > 0");
    assert_eq!(keys, names(spoke, sql).await, "{table}");
    table
}

#[tokio::test]
async fn every_table_has_an_entity_with_its_columns_and_key() {
    let spoke = spoke().await;
    let tables = BTreeSet::from([
        fits(&spoke, entity_project::consolidated_models::Entity).await,
        fits(&spoke, entity_project::data_sources::Entity).await,
        fits(&spoke, entity_project::import_history::Entity).await,
        fits(&spoke, entity_project::job_cursors::Entity).await,
        fits(&spoke, entity_project::original_parts::Entity).await,
        fits(&spoke, entity_project::project::Entity).await,
        fits(&spoke, entity_project::published::Entity).await,
        fits(&spoke, entity_project::rejected_rows::Entity).await,
        fits(&spoke, entity_project::relationships::Entity).await,
        fits(&spoke, entity_project::row_epochs::Entity).await,
        fits(&spoke, entity_project::row_orders::Entity).await,
        fits(&spoke, entity_project::row_quirks::Entity).await,
        fits(&spoke, entity_project::snapshot_columns::Entity).await,
        fits(&spoke, entity_project::snapshots::Entity).await,
        fits(&spoke, entity_project::source_columns::Entity).await,
        fits(&spoke, entity_project::source_indexes::Entity).await,
        fits(&spoke, entity_project::sync_states::Entity).await,
        fits(&spoke, entity_project::trashed_sources::Entity).await,
    ]);
    let sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('seaql_migrations', 'sqlite_sequence')";
    assert_eq!(tables, names(&spoke, sql.to_owned()).await);
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
    one_text(Cardinality::as_str, Cardinality::VALUES);
    one_text(ColumnType::as_str, ColumnType::VALUES);
    one_text(ImportState::as_str, ImportState::VALUES);
    one_text(Quoting::as_str, Quoting::VALUES);
    one_text(SourceStatus::as_str, SourceStatus::VALUES);
    one_text(SourceType::as_str, SourceType::VALUES);
}

fn time() -> DateTimeUtc {
    "2026-11-22T10:00:00.123456Z".parse().unwrap()
}

fn source(id: &str, row_table: i64, keys: &[&str]) -> entity_project::data_sources::Model {
    entity_project::data_sources::Model {
        id: id.to_owned(),
        name: id.to_owned(),
        name_fold: id.to_owned(),
        description: None,
        r#type: SourceType::File,
        config: serde_json::json!({"path": "a.csv"}),
        status: SourceStatus::Ok,
        enabled: true,
        key_columns: StringList(keys.iter().map(|&key| key.to_owned()).collect()),
        row_table,
        row_format: 1,
        view_name: id.to_owned(),
        view_name_fold: id.to_owned(),
        next_rid: 1,
        next_seq: 32_768,
        next_number: 1,
        next_phys: 1,
        next_quirk: 1,
        last_sync_at: None,
        created_at: time(),
        updated_at: time(),
        typing: Some(serde_json::json!({"date_order": "dmy"})),
    }
}

#[tokio::test]
async fn a_source_comes_back_as_it_went_in() {
    let spoke = spoke().await;
    let written = source("a", 1, &["id", "a \"quoted\" name"]);
    written
        .clone()
        .into_active_model()
        .insert(&spoke)
        .await
        .unwrap();
    let read = entity_project::data_sources::Entity::find_by_row_table(1)
        .one(&spoke)
        .await
        .unwrap();
    assert_eq!(read, Some(written));
    let stored = r#"file ok ["id","a \"quoted\" name"]"#.to_owned();
    let sql = "SELECT type || ' ' || status || ' ' || key_columns FROM data_sources".to_owned();
    assert_eq!(names(&spoke, sql).await, BTreeSet::from([stored]));
}

#[tokio::test]
async fn both_ends_of_a_relationship_are_told_apart() {
    use entity_project::relationships;
    let spoke = spoke().await;
    for (id, row_table) in [("orders", 1), ("customers", 2)] {
        source(id, row_table, &[])
            .into_active_model()
            .insert(&spoke)
            .await
            .unwrap();
    }
    relationships::Model {
        id: "r".to_owned(),
        name: "r".to_owned(),
        from_source_id: "orders".to_owned(),
        from_columns: StringList(vec!["customer_id".to_owned()]),
        to_source_id: "customers".to_owned(),
        to_columns: StringList(vec!["id".to_owned()]),
        cardinality: Some(Cardinality::ManyToOne),
        created_at: time(),
        updated_at: time(),
    }
    .into_active_model()
    .insert(&spoke)
    .await
    .unwrap();
    for (relation, expected) in [
        (relationships::Relation::FromSource, "orders"),
        (relationships::Relation::ToSource, "customers"),
    ] {
        let id: Option<String> = relationships::Entity::find()
            .join(JoinType::InnerJoin, relation.def())
            .select_only()
            .column(entity_project::data_sources::Column::Id)
            .into_tuple()
            .one(&spoke)
            .await
            .unwrap();
        assert_eq!(id.as_deref(), Some(expected));
    }
}

#[tokio::test]
async fn rejected_rows_are_numbered_by_the_database() {
    use entity_project::{rejected_rows, snapshots};
    let spoke = spoke().await;
    source("a", 1, &[])
        .into_active_model()
        .insert(&spoke)
        .await
        .unwrap();
    snapshots::ActiveModel {
        id: Set("s".to_owned()),
        source_id: Set("a".to_owned()),
        number: Set(1),
        seq: Set(32_768),
        rid_hi: Set(0),
        quirk_hi: Set(0),
        row_count: Set(0),
        added: Set(0),
        removed: Set(0),
        changed: Set(0),
        moved: Set(0),
        rejected: Set(1),
        padded: Set(0),
        odd_cells: Set(0),
        input_hash: Set("00".to_owned()),
        input_bytes: Set(0),
        dialect: Set(serde_json::json!({})),
        taken_at: Set(time()),
        ..Default::default()
    }
    .insert(&spoke)
    .await
    .unwrap();
    for line in 1..=2 {
        let row = rejected_rows::ActiveModel {
            snapshot_id: Set("s".to_owned()),
            line: Set(line),
            reason: Set("too many fields".to_owned()),
            raw: Set(vec![0, 255, 10]),
            ..Default::default()
        };
        let inserted = row.insert(&spoke).await.unwrap();
        assert_eq!((inserted.id, inserted.raw), (line, vec![0, 255, 10]));
    }
    let loaded = snapshots::Entity::load()
        .with(rejected_rows::Entity)
        .one(&spoke)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(loaded.rejected_rows.len(), 2);
}
