//! The life of a job, by the calls that a worker makes.

use std::sync::Arc;

use manifold_store::{Ending, JobProgress, Jobs, NewJob, SqliteManager, Standing};
use serde_json::json;

use super::meter::Meter;
use super::projects::Open;

/// The kind of the jobs.
const KIND: &str = "wcore";
/// Jobs for each project.
const JOBS: usize = 10;
/// How often an attempt says how far it is.
const REPORTS: i64 = 5;

/// Step f: a job is written down, claimed, says five times how far it is, and completes; each is a transaction.
pub(crate) async fn life_cycle(manager: &Arc<SqliteManager>, meter: &Meter, opened: &[Open]) {
    let jobs = Jobs::new(manager);
    let count = opened.len() * JOBS;
    let mut step = meter.step("f_job_life_cycle");
    for number in 0..count {
        let new = NewJob {
            project_id: Some(opened[number % opened.len()].id.clone()),
            ..NewJob::new(KIND, json!({ "number": number, "note": "n" }))
        };
        step.time(live(&jobs, new)).await;
    }
    step.end(&json!({ "writes": 3 + REPORTS }));
}

async fn live(jobs: &Jobs, new: NewJob) {
    let id = jobs.submit(new).await.unwrap().job.id;
    let claim = jobs.claim_next(&[KIND], None).await.unwrap().unwrap();
    assert_eq!(claim.job.id, id);
    for done in 1..=REPORTS {
        let progress = JobProgress {
            step: Some("working".to_owned()),
            items_done: Some(done),
            items_total: Some(REPORTS),
            unit: Some("rows".to_owned()),
            progress: Some(done as f64 / REPORTS as f64),
            rate: None,
            eta_at: None,
        };
        let standing = jobs.heartbeat(&claim, &progress).await.unwrap();
        assert_eq!(standing, Standing::Owned);
    }
    let done = Ending::Completed { result: json!({}) };
    jobs.finish(&claim, &done).await.unwrap();
}
