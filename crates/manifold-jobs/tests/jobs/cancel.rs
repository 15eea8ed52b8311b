use entity_core::enums::{ExecutionState, JobState};
use manifold_jobs::{JobError, Observer, run_foreground};
use manifold_store::{Ending, JobFilter, JobsError, Standing};
use tokio_util::sync::CancellationToken;

use crate::store::{Store, Try, enqueue, new_job, states};

#[tokio::test(flavor = "multi_thread")]
async fn the_observer_stops_a_job() {
    let store = Store::new().await;
    let token = CancellationToken::new();
    let (observer, _progress) = Observer::new(token.clone());
    let running = run_foreground(&store.manager, Try::Wait, None, observer);
    let (finished, ()) = tokio::join!(running, async { token.cancel() });
    let finished = finished.unwrap();
    assert!(matches!(finished.outcome, Err(JobError::Cancelled)));
    let id = finished.job.id.parse().unwrap();
    assert_eq!(
        states(&store.jobs(), &id).await,
        (JobState::Cancelled, vec![ExecutionState::Cancelled])
    );
    assert!(finished.job.error_code.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_in_the_hub_stops_a_job() {
    let store = Store::new().await;
    let running = run_foreground(&store.manager, Try::Wait, None, Observer::default());
    let asking = async {
        loop {
            if let Some(job) = store
                .jobs()
                .list(&JobFilter::default())
                .await
                .unwrap()
                .pop()
            {
                return store.jobs().cancel(&job.id.parse().unwrap()).await.unwrap();
            }
            tokio::task::yield_now().await;
        }
    };
    let (finished, asked) = tokio::join!(running, asking);
    assert_eq!(asked.state, JobState::Running);
    assert!(asked.cancel_requested_at.is_some());
    let finished = finished.unwrap();
    assert!(matches!(finished.outcome, Err(JobError::Cancelled)));
    assert_eq!(finished.job.state, JobState::Cancelled);
    assert_eq!(finished.job.cancel_requested_at, asked.cancel_requested_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_job_ends_cancelled() {
    let store = Store::new().await;
    let running = run_foreground(&store.manager, Try::Wait, None, Observer::default());
    let begun = async {
        while store
            .jobs()
            .list(&JobFilter::default())
            .await
            .unwrap()
            .is_empty()
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        _ = running => panic!("it waits for ever"),
        () = begun => {}
    }
    let id = store.jobs().list(&JobFilter::default()).await.unwrap()[0]
        .id
        .parse()
        .unwrap();
    while states(&store.jobs(), &id).await.0 == JobState::Running {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        states(&store.jobs(), &id).await,
        (JobState::Cancelled, vec![ExecutionState::Cancelled])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_nobody_began_is_cancelled_at_once() {
    let store = Store::new().await;
    let id = enqueue(&store.manager).await;
    let cancelled = store.jobs().cancel(&id).await.unwrap();
    assert_eq!(cancelled.state, JobState::Cancelled);
    assert!(cancelled.finished_at.is_some() && cancelled.cancel_requested_at.is_some());
    let refused = store.jobs().claim(&id).await.unwrap_err();
    assert!(
        matches!(
            refused,
            JobsError::Conflict {
                found: JobState::Cancelled,
                ..
            }
        ),
        "{refused}"
    );
    let refused = store.jobs().cancel(&id).await.unwrap_err();
    assert!(
        matches!(
            refused,
            JobsError::Conflict {
                found: JobState::Cancelled,
                ..
            }
        ),
        "{refused}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_completes_before_it_sees_the_request_is_completed() {
    let store = Store::new().await;
    let jobs = store.jobs();
    let claim = jobs.start(new_job(None)).await.unwrap();
    let first = jobs.cancel(&claim.job_id).await.unwrap();
    let second = jobs.cancel(&claim.job_id).await.unwrap();
    assert_eq!(
        first.cancel_requested_at, second.cancel_requested_at,
        "asking twice is asking once"
    );
    assert_eq!(
        jobs.standing(&claim).await.unwrap(),
        Standing::CancelRequested
    );
    let done = jobs
        .finish(&claim, &Ending::Completed { result: 1.into() })
        .await
        .unwrap();
    assert_eq!(done.state, JobState::Completed);
}

/// Whenever the caller goes away: no job stays behind as if somebody did it.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_dropped_at_any_moment_ends() {
    let store = Store::new().await;
    for polls in 0..40 {
        let running = run_foreground(&store.manager, Try::Wait, None, Observer::default());
        let mut running = std::pin::pin!(running);
        for _ in 0..polls {
            assert!(
                futures_util::poll!(&mut running).is_pending(),
                "it waits for ever"
            );
            tokio::time::sleep(std::time::Duration::from_micros(200)).await;
        }
    }
    let unfinished = async || {
        let jobs = store.jobs().list(&JobFilter::default()).await.unwrap();
        jobs.iter().any(|job| job.finished_at.is_none())
    };
    while unfinished().await {
        tokio::task::yield_now().await;
    }
    // What was dropped before it was written down may come late: it too ends cancelled.
    let jobs = store.jobs().list(&JobFilter::default()).await.unwrap();
    assert!(jobs.len() > 20);
    assert!(jobs.iter().all(|job| job.state == JobState::Cancelled));
}
