//! A store with schedules, by a clock that the test sets.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use entity_core::jobs;
use manifold_jobs::schedule::{ScheduleSpec, Schedules};
use manifold_jobs::{
    Environment, Job, JobContext, JobError, Registry, Worker, WorkerOptions, new_job,
};
use manifold_store::{
    Clock, JobFilter, Jobs, Layout, NewJob, NewProject, ProjectId, Projects, SqliteManager,
    StoreOptions,
};
use serde::{Deserialize, Serialize};

/// Ends as it says.
#[derive(Debug, Serialize, Deserialize)]
pub enum Chore {
    Done,
    Fails,
}

impl Job for Chore {
    const KIND: &'static str = "chore";
    type Output = ();

    async fn run(&self, _context: &JobContext) -> Result<(), JobError> {
        match self {
            Self::Done => Ok(()),
            Self::Fails => Err(JobError::failed("broken_chore", &"it is broken")),
        }
    }
}

pub struct Scene {
    folder: tempfile::TempDir,
    pub manager: Arc<SqliteManager>,
    pub clock: Clock,
    pub jobs: Jobs,
    pub schedules: Schedules,
}

pub fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

impl Scene {
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A store at noon of a Monday.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path().join("data"));
        let manager = SqliteManager::open(layout, StoreOptions::default())
            .await
            .unwrap();
        let clock = Clock::manual(utc("2026-11-23T12:00:00Z"));
        let jobs = Jobs::with_clock(&manager, clock.clone());
        Self {
            folder,
            schedules: Schedules::new(&jobs),
            manager,
            clock,
            jobs,
        }
    }

    pub async fn project(&self) -> ProjectId {
        let new = NewProject {
            name: "p".to_owned(),
            description: None,
        };
        Projects::id(&Projects::new(&self.manager).create(new).await.unwrap()).unwrap()
    }

    pub fn chore(&self, project: Option<ProjectId>) -> NewJob {
        new_job(&Chore::Done, project).unwrap()
    }

    /// Every hour.
    pub fn hourly(&self) -> ScheduleSpec {
        ScheduleSpec::new("hourly", "0 * * * *", self.chore(None))
    }

    pub fn worker(&self) -> Worker {
        let options = WorkerOptions {
            clock: self.clock.clone(),
            concurrency: 1,
            grace: Duration::from_millis(100),
            environment: Environment::new(|name| {
                (name == "HOME_OF_TEST").then(|| "the test".to_owned())
            }),
            ..WorkerOptions::default()
        };
        Worker::new(&self.manager, Registry::built_in().with::<Chore>(), options)
    }

    /// A worker that plants what is due and knows no kind of job.
    pub async fn plant(&self) {
        let options = WorkerOptions {
            clock: self.clock.clone(),
            ..WorkerOptions::default()
        };
        let worker = Worker::new(&self.manager, Registry::empty(), options);
        worker.drain().await.unwrap();
    }

    pub fn advance(&self, minutes: u64) {
        self.clock.advance(Duration::from_secs(60 * minutes));
    }

    /// The jobs of schedules, by slot.
    pub async fn planted(&self) -> Vec<jobs::Model> {
        let mut found = self.jobs.list(&JobFilter::default()).await.unwrap();
        found.retain(|job| job.scheduled_for.is_some());
        found.sort_by_key(|job| job.scheduled_for);
        found
    }

    pub async fn slots(&self) -> Vec<String> {
        let planted = self.planted().await.into_iter();
        planted
            .map(|job| job.scheduled_for.unwrap().format("%d %H:%M").to_string())
            .collect()
    }
}
