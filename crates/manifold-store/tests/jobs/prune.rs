//! Jobs that ended long ago are removed, and no others.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use entity_core::enums::{BackupState, BackupType, JobState, LogLevel};
use entity_core::{backups, job_executions, job_logs, jobs};
use manifold_store::{
    DatabaseManager as _, JobFilter, JobLog, JobRetention, Jobs, LogBuffer, LogLine, NewJob,
    PrunedJobs,
};
use sea_orm::{ActiveValue::Set, EntityTrait as _, IntoActiveModel as _};

use crate::scene::{Scene, done, failed, job};

const DAY: Duration = Duration::from_secs(24 * 3600);

const KEPT: JobRetention = JobRetention {
    completed_days: 30,
    failed_days: 90,
    cancelled_days: 30,
    logs_days: 14,
};

async fn kinds_left(scene: &Scene) -> Vec<String> {
    let mut left = scene.jobs.list(&JobFilter::default()).await.unwrap();
    left.sort_by(|a, b| a.kind.cmp(&b.kind));
    left.into_iter().map(|job| job.kind).collect()
}

/// A job of this kind that has ended, with a line in its log.
async fn ended(scene: &Scene, kind: &str, state: JobState) {
    let id = scene
        .add(NewJob {
            kind: kind.to_owned(),
            ..job()
        })
        .await;
    if state == JobState::Cancelled {
        scene.jobs.cancel(&id).await.unwrap();
        return;
    }
    let claim = scene.jobs.claim(&id).await.unwrap();
    let line = LogLine {
        at: scene.clock.now(),
        level: LogLevel::Info,
        target: "test".to_owned(),
        message: "hello".to_owned(),
        fields: None,
    };
    let lines = LogBuffer::default();
    lines.push(line);
    JobLog::new(&scene.jobs, &claim)
        .append(&lines)
        .await
        .unwrap();
    let ending = if state == JobState::Failed {
        failed()
    } else {
        done()
    };
    scene.jobs.finish(&claim, &ending).await.unwrap();
}

#[tokio::test]
async fn each_state_has_its_time_and_logs_go_earlier() {
    let scene = Scene::new().await;
    ended(&scene, "completed", JobState::Completed).await;
    ended(&scene, "failed", JobState::Failed).await;
    ended(&scene, "cancelled", JobState::Cancelled).await;
    scene.add(job()).await;
    let prune = async |days: u32| {
        scene.clock.advance(DAY * days);
        let would = scene.jobs.prunable(KEPT).await.unwrap();
        let pruned = scene.jobs.prune(KEPT).await.unwrap();
        assert_eq!(
            would,
            PrunedJobs {
                batches: 0,
                ..pruned
            },
            "the dry run says what is done"
        );
        pruned
    };
    assert_eq!(prune(13).await, PrunedJobs::default());
    assert_eq!(prune(2).await.log_lines, 2);
    assert_eq!(
        kinds_left(&scene).await,
        ["cancelled", "completed", "failed", "try"]
    );
    let pruned = prune(16).await;
    assert_eq!((pruned.completed, pruned.cancelled), (1, 1));
    assert_eq!(kinds_left(&scene).await, ["failed", "try"]);
    assert_eq!(prune(60).await.failed, 1);
    assert_eq!(kinds_left(&scene).await, ["try"], "it has not ended");
    let executions = job_executions::Entity::find();
    let core = scene.store.manager.core();
    assert_eq!(core.count(executions).await.unwrap(), 0);
}

#[tokio::test]
async fn a_job_stays_while_its_backup_exists_or_another_waits_for_it() {
    let scene = Scene::new().await;
    for kind in ["backed up", "backup failed", "first", "retried"] {
        ended(&scene, kind, JobState::Failed).await;
    }
    let all = scene.jobs.list(&JobFilter::default()).await.unwrap();
    let id = |kind: &str| {
        let job = all.iter().find(|job| job.kind == kind).unwrap();
        job.id.clone()
    };
    let core = scene.store.manager.core();
    for (kind, state) in [
        ("backed up", BackupState::Completed),
        ("backup failed", BackupState::Failed),
    ] {
        let row = backups::ActiveModel {
            id: Set(format!("b{}", kind.len())),
            project_id: Set(Some("p".to_owned())),
            r#type: Set(BackupType::Sqlite),
            state: Set(state),
            location: Set("/nowhere".to_owned()),
            compressed: Set(false),
            with_data: Set(true),
            job_id: Set(Some(id(kind))),
            created_at: Set(scene.clock.now()),
            ..Default::default()
        };
        core.exec(backups::Entity::insert(row)).await.unwrap();
    }
    // One that waits for `first`, which is to be retried.
    let first = id("first").parse().unwrap();
    scene.jobs.retry(&first).await.unwrap();
    let waiting = scene
        .add(NewJob {
            kind: "waiting".to_owned(),
            depends_on: vec![first.clone()],
            ..job()
        })
        .await;
    let claim = scene.jobs.claim(&first).await.unwrap();
    scene.jobs.finish(&claim, &done()).await.unwrap();
    assert_eq!(scene.state(&waiting).await, JobState::Pending);
    scene
        .jobs
        .retry(&id("retried").parse().unwrap())
        .await
        .unwrap();

    scene.clock.advance(DAY * 365);
    scene.jobs.prune(KEPT).await.unwrap();
    assert_eq!(
        kinds_left(&scene).await,
        ["backed up", "first", "retried", "waiting"]
    );
    core.exec(backups::Entity::delete_many()).await.unwrap();
    scene.jobs.cancel(&waiting).await.unwrap();
    scene.clock.advance(DAY * 31);
    scene.jobs.prune(KEPT).await.unwrap();
    assert_eq!(kinds_left(&scene).await, ["retried"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_jobs_go_in_small_batches_between_which_others_write() {
    const JOBS: usize = 100_000;
    let scene = Scene::new().await;
    ended(&scene, "model", JobState::Completed).await;
    let model = scene
        .jobs
        .list(&JobFilter::default())
        .await
        .unwrap()
        .remove(0);
    let core = scene.store.manager.core();
    let transaction = core.begin().await.unwrap();
    for chunk in 0..JOBS / 500 {
        let rows = (0..500).map(|row| jobs::ActiveModel {
            id: Set(format!("{:08}", chunk * 500 + row)),
            worker_id: Set(None),
            ..model.clone().into_active_model()
        });
        transaction
            .exec(jobs::Entity::insert_many(rows))
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    scene.clock.advance(DAY * 31);

    let over = AtomicBool::new(false);
    let others = async {
        let other = Jobs::with_clock(&scene.store.manager, scene.clock.clone());
        let mut written = 0;
        while !over.load(Ordering::Relaxed) {
            other.submit(job()).await.unwrap();
            written += 1;
        }
        written
    };
    let pruning = async {
        let pruned = scene.jobs.prune(KEPT).await.unwrap();
        over.store(true, Ordering::Relaxed);
        pruned
    };
    let (pruned, written) = tokio::join!(pruning, others);
    assert_eq!(pruned.completed, JOBS as u64 + 1);
    assert_eq!(pruned.batches, 1 + (JOBS as u64).div_ceil(200) + 1);
    assert!(
        written >= 100,
        "others wrote {written} times in {} batches",
        pruned.batches
    );
    let left = core.count(jobs::Entity::find()).await.unwrap();
    assert_eq!(left, written);
    assert_eq!(core.count(job_logs::Entity::find()).await.unwrap(), 0);
}
