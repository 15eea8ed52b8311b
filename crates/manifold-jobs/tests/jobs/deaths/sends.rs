//! What is sent into databases and dies.

use manifold_jobs::jobs::SyncTarget;
use manifold_jobs::sync::{MaxDeletes, SyncMode};
use manifold_jobs::{Environment, Observer, run_foreground};

use super::csv;
use super::stage::Stage;
use super::work::Work;
use crate::store::Store;
use crate::targets::place::Place;

#[tokio::test(flavor = "multi_thread")]
async fn a_new_table_is_made_once() {
    for place in Place::apart("deaths_new").await {
        let store = Store::with_key(&["id"]).await;
        store.import(csv(1)).await;
        let job = job(&store, &place, SyncMode::Merge);
        place.clear().await;
        let stage = Stage::of("a new table", store, Some(place)).await;
        stage.survives(|_| Work::Send(job.clone())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_made_anew_once() {
    dies(SyncMode::Full).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_added_to_a_table_once() {
    dies(SyncMode::Append).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_merged_into_a_table_once() {
    dies(SyncMode::Merge).await;
}

async fn dies(mode: SyncMode) {
    for place in Place::apart(&format!("deaths_{}", mode.name())).await {
        // Rows without a key, of which a second time could not be told from a first.
        let key: &[&str] = if mode == SyncMode::Merge {
            &["id"]
        } else {
            &[]
        };
        let store = Store::with_key(key).await;
        store.import(csv(1)).await;
        let job = job(&store, &place, mode);
        place.clear().await;
        let observer = Observer::default().with_environment(Environment::none());
        let project = Some(store.project.clone());
        let done = run_foreground(&store.manager, job.clone(), project, observer).await;
        done.unwrap().outcome.unwrap();
        store.import(csv(2)).await;
        let stage = Stage::of(&format!("a table by {mode:?}"), store, Some(place)).await;
        stage.survives(|_| Work::Send(job.clone())).await;
    }
}

fn job(store: &Store, place: &Place, mode: SyncMode) -> SyncTarget {
    SyncTarget {
        mode,
        max_deletes: MaxDeletes::ALL,
        ..SyncTarget::new(
            store.project.clone(),
            store.source.clone(),
            &place.url,
            &place.table,
        )
    }
}
