//! What is logged with `tracing` during an attempt is in the log of its job.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use entity_core::enums::LogLevel;
use entity_core::job_logs;
use manifold_jobs::{
    CleanUpReason, Job, JobContext, JobError, JobLogLayer, Observer, Registry, Worker,
    WorkerOptions, new_job, run_foreground,
};
use manifold_store::{Jobs, Layout, SqliteManager, StoreOptions, blocking};
use serde::{Deserialize, Serialize};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Logs in every way there is, and fails.
#[derive(Serialize, Deserialize)]
struct Talk(String);

impl Job for Talk {
    const KIND: &'static str = "talk";
    type Output = ();

    async fn run(&self, context: &JobContext) -> Result<(), JobError> {
        let name = self.0.clone();
        tracing::info!(name, rows = 3, share = 0.5, first = true, "begins");
        tracing::debug!("not wanted");
        context.log(LogLevel::Info, format!("{name} says so itself"));
        blocking(move || {
            let inner = tracing::info_span!("inner");
            let _within = inner.enter();
            tracing::warn!(error = %std::io::Error::other("too warm"), "{name} blocks a thread");
        })
        .await;
        tokio::task::yield_now().await;
        Err(JobError::failed("talked", &"it talked"))
    }

    async fn clean_up(
        &self,
        _context: &JobContext,
        _reason: CleanUpReason,
    ) -> Result<(), JobError> {
        tracing::error!("cleans up");
        Ok(())
    }
}

async fn log(jobs: &Jobs, id: &str) -> Vec<job_logs::Model> {
    jobs.logs(&id.parse().unwrap()).await.unwrap()
}

fn check(lines: &[job_logs::Model], name: &str) {
    let said: Vec<_> = lines
        .iter()
        .map(|line| (line.level, line.message.as_str()))
        .collect();
    let (itself, blocks) = (
        format!("{name} says so itself"),
        format!("{name} blocks a thread"),
    );
    assert_eq!(
        said,
        [
            (LogLevel::Info, "begins"),
            (LogLevel::Info, &*itself),
            (LogLevel::Warn, &*blocks),
            (LogLevel::Error, "cleans up"),
        ]
    );
    assert_eq!(
        lines[0].fields,
        Some(serde_json::json!({ "name": name, "rows": 3, "share": 0.5, "first": true }))
    );
    assert_eq!(lines[0].target, "log_layer");
    assert_eq!(lines[1].target, "talk");
    assert_eq!(
        lines[2].fields,
        Some(serde_json::json!({ "error": "too warm" }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_job_has_what_was_logged_within_it() {
    // What is shown is filtered by itself.
    let shown = tracing_subscriber::fmt::layer().with_filter(LevelFilter::OFF);
    tracing_subscriber::registry()
        .with(shown)
        .with(JobLogLayer::default())
        .init();
    let folder = tempfile::tempdir().unwrap();
    let layout = Layout::new(folder.path().join("data"));
    let manager = SqliteManager::open(layout, StoreOptions::default())
        .await
        .unwrap();
    let jobs = Jobs::new(&manager);
    tracing::error!("of nobody");

    let talk = Talk("foreground".to_owned());
    let finished = run_foreground(&manager, talk, None, Observer::default())
        .await
        .unwrap();
    check(&log(&jobs, &finished.job.id).await, "foreground");

    // Several at once in a worker, each with its own.
    let mut ids = Vec::new();
    for number in 0..8 {
        let name = format!("number {number}");
        let new = new_job(&Talk(name.clone()), None).unwrap();
        ids.push((jobs.submit(new).await.unwrap().job.id, name));
    }
    let options = WorkerOptions {
        concurrency: 4,
        ..WorkerOptions::default()
    };
    let worker = Worker::new(&manager, Registry::empty().with::<Talk>(), options);
    worker.drain().await.unwrap();
    for (id, name) in ids {
        check(&log(&jobs, &id).await, &name);
    }
}
