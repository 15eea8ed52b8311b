//! Jobs wait, are done and told of; schedules make them.

use std::sync::Arc;

use entity_core::enums::{LogLevel, OverlapPolicy};
use manifold_jobs::schedule::{OnFailure, ScheduleSpec, Schedules};
use manifold_jobs::{Registry, Worker, WorkerOptions};
use manifold_store::{
    Claim, Clock, DatabaseManager as _, Ending, Fence, FenceError, HubLog, JobId, JobLog,
    JobProgress, Jobs, LogBuffer, LogFilter, LogLine, NewJob, ProjectId, Reason, Settings,
    SqliteManager, StepCursor, Timestamp,
};

/// What is told of jobs and of who does them.
async fn told(jobs: &Jobs, claim: &Claim, waiting: &JobId) {
    let (lines, mut log) = (LogBuffer::default(), JobLog::new(jobs, claim));
    for number in 0..20_000 {
        lines.push(LogLine {
            at: Timestamp::now(),
            level: LogLevel::Warn,
            target: "tour".to_owned(),
            message: number.to_string(),
            fields: None,
        });
        if number % 9_000 == 0 {
            log.append(&lines).await.unwrap();
        }
    }
    log.append(&lines).await.unwrap();
    let execution = claim.execution_id.as_str();
    jobs.log_behind(execution, 5, 10).await.unwrap();
    let manager = jobs.manager();
    for project in [None, claim.job.project_id.as_ref()] {
        let filter = LogFilter {
            level: LogLevel::Trace,
            project: project.map(|id| id.parse().unwrap()),
            since: Some(claim.job.created_at),
            limit: 10,
        };
        let log = HubLog::new(manager.clone());
        assert_eq!(log.read(&filter).await.unwrap().len(), 10);
        log.read(&LogFilter {
            since: None,
            ..filter
        })
        .await
        .unwrap();
    }
    let crew = jobs.enlist(None, &["tour"], 1).await.unwrap();
    assert_eq!(jobs.crews().await.unwrap().len(), 1);
    let again = jobs.enlist(None, &["tour"], 1).await.unwrap();
    for job in [&claim.job_id, waiting] {
        jobs.explain(job).await.unwrap();
    }
    let other = NewJob {
        queue: "tour".to_owned(),
        project_id: claim.job.project_id.as_ref().map(|id| id.parse().unwrap()),
        ..NewJob::new("tour", serde_json::json!({}))
    };
    let other: JobId = jobs.submit(other).await.unwrap().job.id.parse().unwrap();
    assert_eq!(jobs.explain(&other).await.unwrap().reasons.len(), 2);
    jobs.limit_project(
        &claim.job.project_id.as_ref().unwrap().parse().unwrap(),
        None,
    )
    .await
    .unwrap();
    jobs.limit_queue("tour", None).await.unwrap();
    assert!(matches!(
        jobs.explain(&other).await.unwrap().reasons[..],
        [Reason::InTurn { .. }]
    ));
    jobs.cancel_because(&other, Some("the tour")).await.unwrap();
    jobs.stats().await.unwrap();
    again.stopping(Timestamp::now()).await.unwrap();
    again.end().await.unwrap();
    crew.end().await.unwrap();
}

/// Jobs wait, take turns, are limited, put off, cancelled, retried, taken away and waited for.
pub(crate) async fn engine(manager: &Arc<SqliteManager>, project: &ProjectId) {
    let jobs = Jobs::new(manager);
    let new = || NewJob {
        project_id: Some(project.clone()),
        max_attempts: 3,
        queue: "tour".to_owned(),
        unique_key: Some("tour".to_owned()),
        ..NewJob::new("tour", serde_json::json!({}))
    };
    let next = async || jobs.claim_next(&["tour", "other"], None).await.unwrap();
    let first = jobs.submit(new()).await.unwrap().job;
    let first: JobId = first.id.parse().unwrap();
    assert!(!jobs.submit(new()).await.unwrap().is_new);
    let waiting = NewJob {
        unique_key: None,
        depends_on: vec![first.clone()],
        ..new()
    };
    let waiting: JobId = jobs.submit(waiting).await.unwrap().job.id.parse().unwrap();
    jobs.pause_queue("tour").await.unwrap();
    assert!(next().await.is_none());
    jobs.resume_queue("tour").await.unwrap();
    jobs.limit_queue("tour", Some(1)).await.unwrap();
    jobs.limit_project(project, Some(1)).await.unwrap();
    jobs.next_due(None).await.unwrap();
    let claim = next().await.unwrap();
    assert!(next().await.is_none());
    jobs.heartbeat(&claim, &JobProgress::default())
        .await
        .unwrap();
    jobs.standing(&claim).await.unwrap();
    told(&jobs, &claim, &waiting).await;
    jobs.remember_step(&claim, "step", 1.into()).await.unwrap();
    jobs.step_output(&first, "step").await.unwrap();
    jobs.steps(&first).await.unwrap();
    jobs.forget_steps(&claim).await.unwrap();
    let spoke = manager.project(project).await.unwrap();
    let write = spoke.write::<_, FenceError>(async |transaction| {
        let fence = Fence::raise(transaction, &claim, "rows").await?;
        let cursor = StepCursor {
            cursor: 1.into(),
            input: None,
        };
        fence.advance(transaction, &cursor).await?;
        fence.cursor(transaction).await?;
        fence.hold(transaction).await
    });
    write.await.unwrap();
    jobs.bar(&claim).await.unwrap();
    jobs.release(&first).await.unwrap();
    let claim = next().await.unwrap();
    let run_at = Timestamp::now();
    jobs.finish(&claim, &Ending::Snoozed { run_at })
        .await
        .unwrap();
    let claim = next().await.unwrap();
    jobs.cancel(&first).await.unwrap();
    let cancelled = jobs.finish_here(&claim, &Ending::Interrupted).await;
    assert!(cancelled.unwrap().is_break());
    jobs.retry(&first).await.unwrap();
    jobs.retry(&waiting).await.unwrap();
    let done = Ending::Completed {
        result: serde_json::json!(1),
    };
    let queues = ["tour".to_owned()];
    let claim = jobs.claim_next(&["tour"], Some(&queues)).await.unwrap();
    let claim = claim.unwrap();
    let both = jobs.finish_and_claim_next(&claim, &done, &["tour"], None);
    let claim = both.await.unwrap().1.unwrap();
    jobs.finish(&claim, &done).await.unwrap();
    jobs.limit_project(project, None).await.unwrap();
}

/// Schedules are made, changed, planted and deleted, their jobs fail, and old jobs go.
pub(crate) async fn schedules(manager: &Arc<SqliteManager>, project: &ProjectId) {
    let clock = Clock::manual(Timestamp::now());
    let jobs = Jobs::with_clock(manager, clock.clone());
    let schedules = Schedules::new(&jobs);
    let spec = |project: Option<&ProjectId>| ScheduleSpec {
        on_failure: Some(OnFailure::command(vec!["true".to_owned()])),
        overlap: OverlapPolicy::Queue,
        ..ScheduleSpec::new(
            "tour",
            "* * * * *",
            NewJob {
                project_id: project.cloned(),
                ..NewJob::new("tour", serde_json::json!({}))
            },
        )
    };
    schedules.set(spec(None)).await.unwrap();
    let (schedule, _) = schedules.set(spec(Some(project))).await.unwrap();
    schedules.set(spec(Some(project))).await.unwrap();
    let id = Schedules::id(&schedule).unwrap();
    for reference in [id.as_str(), &id.as_str()[..31]] {
        schedules.find(reference).await.unwrap();
    }
    schedules.list(None).await.unwrap();
    schedules.list(Some(project)).await.unwrap();
    schedules.disable(&id).await.unwrap();
    schedules.enable(&id).await.unwrap();
    let options = || WorkerOptions {
        clock: clock.clone(),
        ..WorkerOptions::default()
    };
    for _ in 0..4 {
        clock.advance(std::time::Duration::from_secs(60));
        let worker = Worker::new(manager, Registry::empty(), options());
        worker.drain().await.unwrap();
    }
    let job = schedules.latest_job(&id).await.unwrap().unwrap();
    schedules.run_now(&schedule).await.unwrap();
    jobs.cancel(&job.id.parse().unwrap()).await.unwrap();
    let claim = jobs.claim_next(&["tour"], None).await.unwrap().unwrap();
    let failed = Ending::Failed {
        code: "tour".to_owned(),
        message: "it failed".to_owned(),
    };
    jobs.finish(&claim, &failed).await.unwrap();
    Worker::new(manager, Registry::built_in(), options())
        .drain()
        .await
        .unwrap();
    schedules.delete(&id).await.unwrap();

    let retention = Settings::new(manager.core()).job_retention().await.unwrap();
    clock.advance(std::time::Duration::from_secs(365 * 24 * 3600));
    jobs.prunable(retention).await.unwrap();
    jobs.prune(retention).await.unwrap();
}
