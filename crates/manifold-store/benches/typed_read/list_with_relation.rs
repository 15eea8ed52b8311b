//! A list with a relation: two queries, grouped by parent.

use entity_project::{data_sources, snapshots};
use manifold_store::{DatabaseManager as _, StoreError};
use sea_orm::{ColumnTrait as _, EntityTrait as _, LoaderTrait as _, QueryFilter as _, Select};

use super::support::{self, ROUNDS, cpu_us};

const LISTS: usize = 2_000;
const SOURCES: i64 = 200;
const SNAPSHOTS: i64 = 3;

/// Ten parents.
fn ten(list: usize) -> Select<data_sources::Entity> {
    let first = list as i64 % (SOURCES - 10) + 1;
    data_sources::Entity::find().filter(data_sources::Column::RowTable.between(first, first + 9))
}

pub(crate) async fn bench() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let manager = support::manager(&folder).await;
    let (id, path) = support::project(&manager, "bench").await;
    let spoke = manager.project(&id).await.unwrap();
    spoke
        .write(async |transaction| {
            for number in 1..=SOURCES {
                let source = transaction.insert(support::source(number)).await?.id;
                for number in 1..=SNAPSHOTS {
                    transaction
                        .insert(support::snapshot(&source, number))
                        .await?;
                }
            }
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    drop(spoke);
    let pool = support::bare_pool(&path).await;

    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..=ROUNDS {
        let cpu = cpu_us();
        for list in 0..LISTS {
            let spoke = manager.project(&id).await.unwrap();
            let found = spoke
                .load_many(ten(list), snapshots::Entity::find())
                .await
                .unwrap();
            assert_eq!((found.len(), found[0].1.len()), (10, 3));
        }
        ours.push((cpu_us() - cpu) / LISTS as f64);

        let cpu = cpu_us();
        for list in 0..LISTS {
            let parents = ten(list).all(&pool).await.unwrap();
            let found = parents.load_many(snapshots::Entity, &pool).await.unwrap();
            assert_eq!((found.len(), found[0].len()), (10, 3));
        }
        bare.push((cpu_us() - cpu) / LISTS as f64);
    }
    support::verdict(
        "ten parents with three children each",
        "us CPU",
        &ours,
        &bare,
        0.4,
    )
}
