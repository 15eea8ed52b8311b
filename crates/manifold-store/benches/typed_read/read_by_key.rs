//! A read by key.

use std::hint::black_box;

use entity_project::data_sources;
use manifold_store::DatabaseManager as _;
use sea_orm::EntityTrait as _;

use super::support::{self, ROUNDS, cpu_us};

const READS: usize = 20_000;
const SOURCES: usize = 200;

pub(crate) async fn bench() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let manager = support::manager(&folder).await;
    let (id, path) = support::project(&manager, "bench").await;
    let spoke = manager.project(&id).await.unwrap();
    let mut keys = Vec::new();
    for number in 1..=SOURCES {
        keys.push(
            spoke
                .insert(support::source(number as i64))
                .await
                .unwrap()
                .id,
        );
    }
    drop(spoke);
    let pool = support::bare_pool(&path).await;

    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        let cpu = cpu_us();
        for read in 0..READS {
            let spoke = manager.project(&id).await.unwrap();
            let query = data_sources::Entity::find_by_id(&keys[read % SOURCES]);
            black_box(spoke.one(query).await.unwrap().unwrap());
        }
        ours.push((cpu_us() - cpu) / READS as f64);

        let cpu = cpu_us();
        for read in 0..READS {
            let query = data_sources::Entity::find_by_id(&keys[read % SOURCES]);
            black_box(query.one(&pool).await.unwrap().unwrap());
        }
        bare.push((cpu_us() - cpu) / READS as f64);
    }
    support::verdict("read by key", "us CPU", &ours, &bare, 0.25)
}
