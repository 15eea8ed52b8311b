//! Where a job begins, again and again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use entity_core::enums::JobState;
use manifold_jobs::rescue_dead;
use manifold_jobs::testing::Testing;
use manifold_store::{JobFilter, SqliteManager};
use tempfile::TempDir;

use super::child::{Watch, run};
use super::seen::{Seen, is_in_order};
use super::work::{Work, registry};
use crate::store::{Store, open};
use crate::targets::place::Place;

/// Where a job begins: a folder of which each death gets a copy.
pub struct Stage {
    /// What it is, for messages.
    pub what: String,
    pub folder: TempDir,
    /// The table that is written, if one is.
    pub place: Option<Place>,
    /// The file that is written, if one is, in the copy.
    pub file: Option<&'static str>,
}

/// What is left of a run.
struct Copy {
    folder: TempDir,
    file: Option<PathBuf>,
}

impl Stage {
    /// From a store as it is.
    pub async fn of(what: &str, store: Store, place: Option<Place>) -> Self {
        store.manager.shut_down().await.unwrap();
        if let Some(place) = &place {
            place.keep().await;
        }
        let Store {
            folder, manager, ..
        } = store;
        drop(manager);
        let what = match &place {
            Some(place) => format!("{what} in {}", place.kind),
            None => what.to_owned(),
        };
        Self {
            what,
            folder,
            place,
            file: None,
        }
    }

    async fn copy(&self) -> Copy {
        let folder = tempfile::tempdir().unwrap();
        let from = self.folder.path().join(".");
        let copied = Command::new("cp")
            .args(["-R", "--reflink=auto"])
            .args([from.as_path(), folder.path()])
            .status();
        assert!(copied.unwrap().success());
        if let Some(place) = &self.place {
            place.put_back().await;
        }
        let file = self.file.map(|name| folder.path().join(name));
        Copy { folder, file }
    }

    async fn seen(&self, manager: &Arc<SqliteManager>, copy: &Copy) -> Seen {
        Seen::read(manager, copy.file.as_deref(), self.place.as_ref()).await
    }

    /// Lets the job die at every point that it passes, at the first time and at a later one. Each time the old state is there or the
    /// new one, and what people do then leads to the new one: either the job is tried again, or the command is given again too.
    pub async fn survives(&self, work: impl Fn(&Path) -> Work) {
        let copy = self.copy().await;
        let manager = open(copy.folder.path()).await;
        let old = self.seen(&manager, &copy).await;
        manager.shut_down().await.unwrap();
        drop(manager);
        let notes = tempfile::NamedTempFile::new().unwrap();
        let note = Watch::Note(notes.path().to_owned());
        assert!(run(copy.folder.path(), &work(copy.folder.path()), &note).success());
        let noted = std::fs::read_to_string(notes.path()).unwrap();
        let mut passed = BTreeMap::<&str, usize>::new();
        for point in noted.lines() {
            *passed.entry(point).or_default() += 1;
        }
        let manager = open(copy.folder.path()).await;
        let new = self.seen(&manager, &copy).await;
        is_in_order(
            &manager,
            copy.folder.path(),
            copy.file.as_deref(),
            &self.what,
        )
        .await;
        drop(manager);
        assert_ne!(old, new, "{}", self.what);
        for (point, times) in passed {
            let later = (times > 1).then_some(times.min(3));
            for pass in std::iter::once(1).chain(later) {
                self.dies(&work, (point, pass), (&old, &new)).await;
            }
        }
        if let Some(place) = &self.place {
            place.forget().await;
        }
    }

    async fn dies(
        &self,
        work: &impl Fn(&Path) -> Work,
        (point, pass): (&str, usize),
        (old, new): (&Seen, &Seen),
    ) {
        let what = format!("{}, dead at {point} for the time {pass}", self.what);
        let copy = self.copy().await;
        let work = work(copy.folder.path());
        let died = run(
            copy.folder.path(),
            &work,
            &Watch::Die(point.to_owned(), pass),
        );
        assert_eq!(died.code(), None, "{what}: it was not reached");
        let manager = open(copy.folder.path()).await;
        rescue_dead(&manager).await.unwrap();
        let left = self.seen(&manager, &copy).await;
        assert!(left == *old || left == *new, "{what}: {left:#?}");
        let testing = Testing::new(&manager, registry());
        if pass > 1 {
            work.submit(testing.jobs()).await;
        }
        drain(&testing).await;
        let jobs = testing.jobs().list(&JobFilter::default()).await.unwrap();
        if jobs.iter().any(|job| job.state == JobState::Failed) && pass == 1 {
            // Of a kind that is not tried again by itself.
            work.submit(testing.jobs()).await;
            drain(&testing).await;
        }
        let now = self.seen(&manager, &copy).await;
        assert!(now == *new, "{what}, again: {now:#?}");
        is_in_order(&manager, copy.folder.path(), copy.file.as_deref(), &what).await;
        manager.shut_down().await.unwrap();
    }
}

/// Does all jobs to their end. One that gives way to another in a database is tried again.
async fn drain(testing: &Testing) {
    for _ in 0..5 {
        testing.clock().advance(Duration::from_secs(3_600)); // the time to wait is over
        testing.drain().await.unwrap();
    }
}
