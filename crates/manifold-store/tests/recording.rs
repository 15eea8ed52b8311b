//! The recorder of the plan test sees every statement, whichever thread runs it.
#![cfg(debug_assertions)]
#![allow(clippy::unwrap_used, missing_docs)]

mod support;

use entity_core::app_settings;
use manifold_store::{DatabaseManager as _, Timestamp, recorder};
use sea_orm::{ActiveValue::Set, EntityTrait as _};

#[tokio::test]
async fn short_statements_are_recorded_too() {
    recorder::start();
    let store = support::store().await;
    let core = store.manager.core();
    let row = app_settings::ActiveModel {
        key: Set("a".to_owned()),
        value: Set(serde_json::json!(1)),
        updated_at: Set(Timestamp::now()),
    };
    let transaction = core.begin().await.unwrap();
    transaction.insert(row).await.unwrap();
    transaction.commit().await.unwrap();
    core.one(app_settings::Entity::find_by_id("a"))
        .await
        .unwrap()
        .unwrap();
    let recorded = recorder::recorded();
    let has = |start: &str, part: &str| {
        recorded.iter().any(|(place, sql)| {
            *place == recorder::Place::Hub && sql.starts_with(start) && sql.contains(part)
        })
    };
    assert!(
        has("INSERT INTO \"app_settings\"", "RETURNING"),
        "{recorded:?}"
    );
    assert!(
        has("SELECT \"app_settings\".\"key\"", "LIMIT ?"),
        "{recorded:?}"
    );
}
