use entity_core::enums::{ExecutionState, JobState};
use manifold_jobs::{JobError, Observer, run_foreground};
use manifold_store::{
    DatabaseManager as _, Ending, JobFilter, JobId, JobProgress, JobsError, Standing, StoreError,
};

use crate::store::{Store, Try, enqueue, new_job, states};

#[tokio::test(flavor = "multi_thread")]
async fn a_job_goes_from_pending_to_completed() {
    let store = Store::new().await;
    let jobs = store.jobs();
    let id = enqueue(&store.manager).await;
    let pending = jobs.find(id.as_str()).await.unwrap();
    assert_eq!(
        (pending.state, pending.attempt, pending.lease_token),
        (JobState::Pending, 0, 0)
    );
    assert!(pending.worker_id.is_none() && pending.started_at.is_none());

    let claim = jobs.claim(&id).await.unwrap();
    assert_eq!((claim.attempt, claim.lease_token), (1, 1));
    assert_eq!(claim.job.state, JobState::Running);
    assert_eq!(
        claim.job.worker_id.as_deref(),
        Some(claim.worker_id.as_str())
    );
    assert!(claim.job.started_at.is_some());
    assert_eq!(jobs.standing(&claim).await.unwrap(), Standing::Owned);

    let progress = JobProgress {
        step: Some("reading".to_owned()),
        items_done: Some(5),
        items_total: Some(20),
        unit: Some("bytes".to_owned()),
        progress: Some(0.25),
        ..JobProgress::default()
    };
    jobs.heartbeat(&claim, &progress).await.unwrap();
    let running = jobs.find(id.as_str()).await.unwrap();
    assert_eq!(
        (
            running.step.as_deref(),
            running.items_done,
            running.progress
        ),
        (Some("reading"), Some(5), Some(0.25))
    );

    let ending = Ending::Completed {
        result: serde_json::json!({ "rows": 3 }),
    };
    let completed = jobs.finish(&claim, &ending).await.unwrap();
    assert_eq!(
        (completed.state, completed.progress),
        (JobState::Completed, Some(1.0))
    );
    assert_eq!(completed.result, Some(serde_json::json!({ "rows": 3 })));
    assert!(completed.finished_at.is_some());
    let executions = jobs.executions(&id).await.unwrap();
    assert_eq!(executions.len(), 1);
    assert_eq!(executions[0].id, claim.execution_id.to_string());
    assert_eq!(
        (executions[0].state, executions[0].lease_token),
        (ExecutionState::Completed, 1)
    );
    assert!(executions[0].finished_at.is_some());
    assert_eq!(jobs.standing(&claim).await.unwrap(), Standing::Lost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_claimed_once() {
    let store = Store::new().await;
    let jobs = store.jobs();
    let id = enqueue(&store.manager).await;
    let (one, two) = tokio::join!(jobs.claim(&id), jobs.claim(&id));
    let errors: Vec<_> = [one, two].into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1);
    assert!(
        matches!(&errors[0], JobsError::Conflict { job, found: JobState::Running, .. } if *job == id)
    );
    assert_eq!(errors[0].code(), "job_conflict");
    assert_eq!(
        states(&jobs, &id).await,
        (JobState::Running, vec![ExecutionState::Running])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_does_not_own_its_job_changes_nothing() {
    let store = Store::new().await;
    let jobs = store.jobs();
    let claim = jobs.start(new_job(None)).await.unwrap();
    let mut stale = claim.clone();
    stale.lease_token -= 1;
    let ending = Ending::Completed {
        result: serde_json::Value::Null,
    };
    let lost = |error: JobsError| assert!(matches!(error, JobsError::LeaseLost { .. }), "{error}");
    lost(jobs.finish(&stale, &ending).await.unwrap_err());
    lost(
        jobs.heartbeat(&stale, &JobProgress::default())
            .await
            .unwrap_err(),
    );
    assert_eq!(jobs.standing(&stale).await.unwrap(), Standing::Lost);
    assert_eq!(
        states(&jobs, &claim.job_id).await,
        (JobState::Running, vec![ExecutionState::Running])
    );

    jobs.finish(&claim, &Ending::Cancelled).await.unwrap();
    lost(jobs.finish(&claim, &ending).await.unwrap_err());
    assert_eq!(
        states(&jobs, &claim.job_id).await,
        (JobState::Cancelled, vec![ExecutionState::Cancelled])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_rolled_back_was_never_there() {
    let store = Store::new().await;
    let new = new_job(None);
    let id = new.id.clone();
    let transaction = store.manager.core().begin().await.unwrap();
    store.jobs().enqueue(&transaction, new).await.unwrap();
    transaction.rollback().await.unwrap();
    assert!(matches!(
        store.jobs().find(id.as_str()).await,
        Err(StoreError::NotFound { what: "job", .. })
    ));
    assert!(matches!(
        store.jobs().claim(&id).await,
        Err(JobsError::Store(StoreError::NotFound { what: "job", .. }))
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_found_by_prefix_and_listed_newest_first() {
    let store = Store::new().await;
    let jobs = store.jobs();
    let mut ids: Vec<JobId> = Vec::new();
    for _ in 0..3 {
        ids.push(enqueue(&store.manager).await);
    }
    let of_project = jobs
        .start(new_job(Some(&store.project)))
        .await
        .unwrap()
        .job_id;

    assert_eq!(
        jobs.find(&of_project.as_str()[..31]).await.unwrap().id,
        of_project.to_string()
    );
    assert!(matches!(
        jobs.find("").await,
        Err(StoreError::NotFound { .. })
    ));
    assert!(matches!(
        jobs.find("0").await,
        Err(StoreError::Ambiguous { .. })
    ));

    let listed = async |filter: JobFilter| -> Vec<String> {
        jobs.list(&filter)
            .await
            .unwrap()
            .into_iter()
            .map(|job| job.id)
            .collect()
    };
    let newest: Vec<String> = [&of_project, &ids[2], &ids[1], &ids[0]]
        .map(ToString::to_string)
        .into();
    assert_eq!(listed(JobFilter::default()).await, newest);
    assert_eq!(
        listed(JobFilter {
            limit: Some(2),
            ..JobFilter::default()
        })
        .await,
        newest[..2]
    );
    let running = JobFilter {
        state: Some(JobState::Running),
        ..JobFilter::default()
    };
    assert_eq!(listed(running).await, newest[..1]);
    let of_this = JobFilter {
        project: Some(store.project.clone()),
        ..JobFilter::default()
    };
    assert_eq!(listed(of_this).await, newest[..1]);
    let of_kind = JobFilter {
        kind: Some("other".to_owned()),
        ..JobFilter::default()
    };
    assert!(listed(of_kind).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreground_job_ends_with_its_outcome() {
    let store = Store::new().await;
    let run = |job| run_foreground(&store.manager, job, None, Observer::default());

    let answered = run(Try::Answer(42)).await.unwrap();
    assert_eq!(answered.outcome.unwrap(), 42);
    assert_eq!(
        (answered.job.state, answered.job.result),
        (JobState::Completed, Some(42.into()))
    );
    assert_eq!(
        (answered.job.kind.as_str(), answered.job.payload),
        ("try", serde_json::json!({ "Answer": 42 }))
    );

    let failed = run(Try::Fail).await.unwrap();
    assert_eq!(failed.outcome.unwrap_err().code(), "tried");
    assert_eq!(failed.job.state, JobState::Failed);
    assert_eq!(
        (
            failed.job.error_code.as_deref(),
            failed.job.error_message.as_deref()
        ),
        (Some("tried"), Some("it was tried"))
    );
    let execution = &store
        .jobs()
        .executions(&failed.job.id.parse().unwrap())
        .await
        .unwrap()[0];
    assert_eq!(
        (execution.state, execution.error_code.as_deref()),
        (ExecutionState::Failed, Some("tried"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_failure_with_its_message() {
    let store = Store::new().await;
    let panicked = run_foreground(&store.manager, Try::Panic, None, Observer::default())
        .await
        .unwrap();
    assert!(
        matches!(panicked.outcome, Err(JobError::Panicked { ref message }) if message == "number 7")
    );
    assert_eq!(panicked.job.error_code.as_deref(), Some("defect"));
    assert!(panicked.job.error_message.unwrap().contains("number 7"));
    assert_eq!(panicked.job.state, JobState::Failed);
}
