//! Tables of real databases, made equal to sources.

mod conflicts;
mod modes;
pub mod place;
mod refused;
mod stopped;

use manifold_jobs::jobs::{SyncTarget, SyncedTarget};
use manifold_jobs::{Environment, JobError, Observer, Plan, run_foreground};

use self::place::Place;
use crate::store::Store;

/// A store, and a place for its rows.
struct Scene {
    store: Store,
    place: Place,
}

impl Scene {
    /// A scene for each database that can be reached.
    async fn all(test: &str, key: &[&str]) -> Vec<Self> {
        let mut scenes = Vec::new();
        for place in Place::all(test) {
            place.clear().await;
            let store = Store::with_key(key).await;
            scenes.push(Self { store, place });
        }
        scenes
    }

    fn job(&self) -> SyncTarget {
        SyncTarget::new(
            self.store.project.clone(),
            self.store.source.clone(),
            &self.place.url,
            &self.place.table,
        )
    }

    async fn sync(&self, job: SyncTarget) -> Result<SyncedTarget, JobError> {
        let observer = Observer::default().with_environment(Environment::none());
        run_foreground(
            &self.store.manager,
            job,
            Some(self.store.project.clone()),
            observer,
        )
        .await
        .unwrap()
        .outcome
    }

    /// Does it, after it was found out what it would do: that changes nothing, and is what is then done.
    async fn planned(&self, job: SyncTarget) -> Result<SyncedTarget, JobError> {
        let before = self.place.rows().await;
        let project = Some(self.store.project.clone());
        let plan = Plan::of(&self.store.manager, &job, project, Observer::default()).await;
        assert_eq!(self.place.rows().await, before, "a plan changes nothing");
        let done = self.sync(job).await;
        match (plan, done) {
            (Ok(plan), Ok(done)) => {
                let plan: SyncedTarget = serde_json::from_value(plan.changes).unwrap();
                assert_eq!(plan, done, "{:?}", self.place.kind);
                Ok(done)
            }
            (Err(plan), Err(done)) => {
                assert_eq!(plan.code(), done.code());
                Err(done)
            }
            (plan, done) => panic!("{plan:?} and {done:?}"),
        }
    }
}

/// Inserted, updated, deleted, conflicts.
fn counts(synced: &SyncedTarget) -> (u64, u64, u64, u64) {
    (
        synced.inserted,
        synced.updated,
        synced.deleted,
        synced.conflicts,
    )
}
