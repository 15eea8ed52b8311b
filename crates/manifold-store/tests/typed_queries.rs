//! Typed queries give what SeaORM gives, whichever thread they run on.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

mod support;

use entity_core::enums::{BackupState, BackupType, JobState};
use entity_core::{TableCounts, backups, jobs};
use entity_project::enums::{SourceStatus, SourceType};
use entity_project::{StringList, data_sources, row_quirks, snapshots};
use manifold_store::{DatabaseManager as _, Kind, ProjectDatabase, SourceId, StoreError, StoredIn};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use sea_orm::prelude::DateTimeUtc;
use sea_orm::{
    ActiveModelBehavior, ActiveModelTrait, ColumnTrait as _, EntityTrait, IntoActiveModel,
    LoaderTrait as _, ModelTrait, QueryFilter as _, QueryOrder as _,
};
use serde_json::json;

fn time() -> impl Strategy<Value = DateTimeUtc> {
    (-60_000_000_000_000_000_i64..250_000_000_000_000_000)
        .prop_map(|micros| DateTimeUtc::from_timestamp_micros(micros).unwrap())
}

fn text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..12).prop_map(String::from_iter)
}

fn job() -> impl Strategy<Value = jobs::Model> {
    let numbers = (
        any::<i64>(),
        any::<i64>(),
        option::of(any::<i64>()),
        option::of(0.0..1.0_f64),
    );
    let texts = (
        text(),
        option::of(text()),
        option::of(text()),
        vec(text(), 0..3),
    );
    (numbers, texts, time(), option::of(time())).prop_map(|(numbers, texts, at, maybe)| {
        jobs::Model {
            id: manifold_store::JobId::new().to_string(),
            project_id: None,
            kind: texts.0,
            state: JobState::Completed,
            payload: json!({ "list": texts.3 }),
            result: texts.1.clone().map(|text| json!([text])),
            error_code: texts.1,
            error_message: texts.2,
            attempt: numbers.0.checked_abs().unwrap_or(0),
            max_attempts: 3,
            crash_count: 0,
            lease_token: numbers.1.checked_abs().unwrap_or(0),
            worker_id: None,
            cancel_requested_at: maybe,
            progress: numbers.3,
            step: None,
            items_done: numbers.2.and_then(i64::checked_abs),
            items_total: None,
            unit: None,
            rate: numbers.3,
            eta_at: maybe,
            cancel_reason: None,
            created_at: at,
            started_at: maybe,
            finished_at: Some(at),
            queue: "default".to_owned(),
            priority: numbers.1,
            concurrency_key: String::new(),
            run_at: at,
            unique_key: None,
            pending_dependencies: 0,
            max_crashes: 3,
            schedule_id: None,
            scheduled_for: Some(at),
            planned_for: None,
        }
    })
}

fn backup() -> impl Strategy<Value = backups::Model> {
    let tables = vec((text(), 0..i64::MAX, text()), 0..3);
    let flags = (any::<bool>(), any::<bool>());
    (tables, flags, text(), time()).prop_map(|(tables, flags, text, at)| backups::Model {
        id: manifold_store::BackupId::new().to_string(),
        project_id: flags
            .0
            .then(|| manifold_store::ProjectId::new().to_string()),
        r#type: BackupType::Full,
        state: BackupState::Running,
        location: text.clone(),
        size_bytes: None,
        data_source_count: Some(3),
        snapshot_count: None,
        total_records: Some(0),
        tables: Some(TableCounts(
            tables
                .into_iter()
                .map(|(name, rows, hash)| entity_core::TableCount { name, rows, hash })
                .collect(),
        )),
        compressed: flags.0,
        with_data: flags.1,
        description: Some(text),
        job_id: None,
        error: None,
        verified_at: None,
        created_at: at,
        completed_at: None,
        last_proven_restore_at: None,
    })
}

fn source() -> impl Strategy<Value = data_sources::Model> {
    (
        text(),
        vec(text(), 0..4),
        1..i64::MAX,
        option::of(time()),
        time(),
    )
        .prop_map(|(name, keys, number, maybe, at)| {
            let id = SourceId::new().to_string();
            data_sources::Model {
                name,
                name_fold: id.clone(),
                description: None,
                r#type: SourceType::File,
                config: json!({ "keys": keys }),
                status: SourceStatus::Ok,
                enabled: number % 2 == 0,
                key_columns: StringList(keys),
                row_table: number,
                row_format: 1,
                view_name: id.clone(),
                view_name_fold: id.clone(),
                next_rid: number,
                next_seq: 40_000,
                next_number: 1,
                next_phys: 1,
                next_quirk: 1,
                last_sync_at: maybe,
                created_at: at,
                updated_at: at,
                typing: maybe.map(|_| json!({ "date_order": "dmy" })),
                id,
            }
        })
}

/// Writes one row by each way, and reads both by both ways.
async fn compare<K, E>(database: &manifold_store::Database<K>, here: E::Model, there: E::Model)
where
    K: Kind,
    E: StoredIn<K>,
    E::Model: IntoActiveModel<E::ActiveModel> + PartialEq + Send + Sync,
    E::ActiveModel: ActiveModelBehavior + Send,
{
    let inserted = database
        .write(async |transaction| {
            let inserted = transaction.insert(to_insert::<E>(here.clone())).await?;
            let found = transaction.all(E::find()).await?;
            assert!(found.contains(&inserted));
            assert_eq!(found, E::find().all(transaction.unchecked()).await?);
            Ok::<_, StoreError>(inserted)
        })
        .await
        .unwrap();
    assert_eq!(inserted, here);
    let inserted = to_insert::<E>(there.clone())
        .insert(database.unchecked())
        .await
        .unwrap();
    assert_eq!(inserted, there);
    let found = database.all(E::find()).await.unwrap();
    assert!(found.contains(&here) && found.contains(&there));
    assert_eq!(found, E::find().all(database.unchecked()).await.unwrap());
    assert_eq!(database.count(E::find()).await.unwrap(), found.len() as u64);
    for row in [here, there] {
        row.delete(database.unchecked()).await.unwrap();
    }
}

fn to_insert<E: EntityTrait>(row: E::Model) -> E::ActiveModel
where
    E::Model: IntoActiveModel<E::ActiveModel>,
{
    row.into_active_model().reset_all()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn rows_of_the_hub_are_the_same_by_both_ways() {
    let runtime = runtime();
    let store = runtime.block_on(support::store());
    proptest!(ProptestConfig::with_cases(30), |(one in job(), two in job(), three in backup(), four in backup())| {
        runtime.block_on(async {
            compare::<_, jobs::Entity>(store.manager.core(), one, two).await;
            compare::<_, backups::Entity>(store.manager.core(), three, four).await;
        });
    });
}

#[test]
fn rows_of_a_spoke_are_the_same_by_both_ways() {
    let runtime = runtime();
    let store = runtime.block_on(support::store());
    let project = runtime.block_on(store.project("one"));
    proptest!(ProptestConfig::with_cases(30), |(one in source(), mut two in source(), bytes in vec(any::<u8>(), 0..99))| {
        runtime.block_on(async {
            let spoke = store.manager.project(&project).await.unwrap();
            two.row_table = one.row_table - 1;
            compare::<_, data_sources::Entity>(&spoke, one.clone(), two).await;
            to_insert::<data_sources::Entity>(one.clone()).insert(spoke.unchecked()).await.unwrap();
            let quirk = |quirk_id| row_quirks::Model {
                source_id: one.id.clone(), quirk_id, rid: 1, closed_seq: 0, data: bytes.clone(),
            };
            compare::<_, row_quirks::Entity>(&spoke, quirk(1), quirk(2)).await;
            one.delete(spoke.unchecked()).await.unwrap();
        });
    });
}

async fn source_with(spoke: &ProjectDatabase, number: i64, snapshots: i64) -> String {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut row = source().new_tree(&mut runner).unwrap().current();
    row.row_table = number;
    let id = row.id.clone();
    spoke
        .insert(to_insert::<data_sources::Entity>(row))
        .await
        .unwrap();
    for number in 1..=snapshots {
        let snapshot = snapshots::Model {
            id: manifold_store::SnapshotId::new().to_string(),
            source_id: id.clone(),
            job_id: None,
            job_step: None,
            number,
            seq: 40_000 + number,
            rid_hi: 0,
            quirk_hi: 0,
            order_id: None,
            row_count: 0,
            added: 0,
            removed: 0,
            changed: 0,
            moved: 0,
            rejected: 0,
            padded: 0,
            odd_cells: 0,
            input_hash: String::new(),
            input_bytes: 0,
            dialect: json!({}),
            taken_at: manifold_store::Timestamp::now(),
        };
        spoke
            .insert(to_insert::<snapshots::Entity>(snapshot))
            .await
            .unwrap();
    }
    id
}

#[tokio::test]
async fn a_list_with_a_relation_is_the_one_that_seaorm_loads() {
    let store = support::store().await;
    let project = store.project("one").await;
    let spoke = store.manager.project(&project).await.unwrap();
    for (number, snapshots) in [3, 0, 1, 7, 0].into_iter().enumerate() {
        source_with(&spoke, number as i64 + 1, snapshots).await;
    }
    let parents = || data_sources::Entity::find().order_by_asc(data_sources::Column::RowTable);
    let related = || snapshots::Entity::find().order_by_desc(snapshots::Column::Number);

    let ours = spoke.load_many(parents(), related()).await.unwrap();
    let rows = parents().all(spoke.unchecked()).await.unwrap();
    let many = rows.load_many(related(), spoke.unchecked()).await.unwrap();
    let theirs: Vec<_> = rows.into_iter().zip(many).collect();
    assert_eq!(ours, theirs);
    assert_eq!(
        ours.iter().map(|(_, many)| many.len()).collect::<Vec<_>>(),
        [3, 0, 1, 7, 0]
    );

    // The other way round several parents share one: each has it.
    let sources = spoke
        .load_many(snapshots::Entity::find(), data_sources::Entity::find())
        .await
        .unwrap();
    assert_eq!(sources.len(), 11);
    for (snapshot, sources) in sources {
        assert_eq!(sources.len(), 1);
        assert_eq!(sources[0].id, snapshot.source_id);
    }
    let none = data_sources::Entity::find().filter(data_sources::Column::Id.eq("none"));
    assert!(spoke.load_many(none, related()).await.unwrap().is_empty());
}
