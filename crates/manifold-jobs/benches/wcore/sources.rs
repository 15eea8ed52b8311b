//! Data sources and snapshots of open projects.

use std::hint::black_box;
use std::sync::Arc;

use entity_project::{data_sources, snapshots};
use manifold_store::{DataSources, DatabaseManager as _, NewSource, SnapshotId, SqliteManager};
use sea_orm::{ActiveModelTrait as _, EntityTrait as _, IntoActiveModel as _, QueryOrder as _};
use serde_json::{Value as Json, json};

use super::meter::Meter;
use super::projects::Open;
use super::{Random, SOURCES};

/// Reads and inserts for each project.
const READS: usize = 25;
/// Lists for each project.
const LISTS: usize = 10;

/// A source of files, with the config that the peers store.
pub(crate) fn new_source(number: usize) -> NewSource {
    NewSource {
        config: json!({ "url": "file:///data.csv", "delimiter": ",", "header": true }),
        ..NewSource::file(format!("Source {number}"))
    }
}

/// Step b: a source in its project, and in the hub's index.
pub(crate) async fn create(manager: &Arc<SqliteManager>, meter: &Meter, opened: &mut [Open]) {
    let sources = DataSources::new(manager.clone());
    let mut step = meter.step("b_data_source_hub_and_spoke");
    for number in 0..SOURCES {
        for project in &mut *opened {
            let made = sources.create(&project.id, new_source(number));
            project.sources.push(step.time(made).await.unwrap().id);
        }
    }
    step.end(&json!({}));
}

/// Step c.
pub(crate) async fn read_by_id(
    manager: &Arc<SqliteManager>,
    meter: &Meter,
    opened: &[Open],
    random: &mut Random,
) {
    let mut step = meter.step("c_read_by_id");
    for _ in 0..opened.len() * READS {
        let project = &opened[random.below(opened.len())];
        let source = &project.sources[random.below(SOURCES)];
        let read = async {
            let spoke = manager.project(&project.id).await.unwrap();
            let found = spoke
                .one(data_sources::Entity::find_by_id(source))
                .await
                .unwrap();
            black_box(found.unwrap());
        };
        step.time(read).await;
    }
    step.end(&json!({}));
}

/// Step d: one row of about 1 KB, durable.
pub(crate) async fn insert_snapshot(
    manager: &Arc<SqliteManager>,
    meter: &Meter,
    opened: &[Open],
    random: &mut Random,
) {
    let payload = payload();
    let mut step = meter.step("d_insert_snapshot");
    for number in 1..=opened.len() * READS {
        let project = &opened[random.below(opened.len())];
        let source = &project.sources[random.below(SOURCES)];
        let insert = async {
            let row = snapshot(source, i64::try_from(number).unwrap(), payload.clone());
            let spoke = manager.project(&project.id).await.unwrap();
            black_box(
                spoke
                    .insert(row.into_active_model().reset_all())
                    .await
                    .unwrap(),
            );
        };
        step.time(insert).await;
    }
    step.end(&json!({}));
}

/// Step e: a project's sources, newest first, each with its snapshots.
pub(crate) async fn list_with_snapshots(
    manager: &Arc<SqliteManager>,
    meter: &Meter,
    opened: &[Open],
    random: &mut Random,
) {
    let mut step = meter.step("e_list_with_snapshots");
    for _ in 0..opened.len() * LISTS {
        let project = &opened[random.below(opened.len())];
        let list = async {
            let newest =
                data_sources::Entity::find().order_by_desc(data_sources::Column::CreatedAt);
            let spoke = manager.project(&project.id).await.unwrap();
            spoke
                .load_many(newest, snapshots::Entity::find())
                .await
                .unwrap()
        };
        assert_eq!(step.time(list).await.len(), SOURCES);
    }
    step.end(&json!({}));
}

/// Ten people, as the peers store them.
fn payload() -> Json {
    let person = |number: usize| {
        json!({
            "id": number,
            "name": format!("user {number}"),
            "email": format!("u{number}@example.org"),
            "age": 20 + number,
            "city": "Praha",
            "active": number.is_multiple_of(2),
        })
    };
    (0..10).map(person).collect()
}

fn snapshot(source: &str, number: i64, dialect: Json) -> snapshots::Model {
    snapshots::Model {
        id: SnapshotId::new().to_string(),
        source_id: source.to_owned(),
        job_id: None,
        job_step: None,
        number,
        seq: 32_768 + number,
        rid_hi: 0,
        quirk_hi: 0,
        order_id: None,
        row_count: 10,
        added: 10,
        removed: 0,
        changed: 0,
        moved: 0,
        rejected: 0,
        padded: 0,
        odd_cells: 0,
        input_hash: String::new(),
        input_bytes: 0,
        dialect,
        taken_at: manifold_store::Timestamp::now(),
    }
}
