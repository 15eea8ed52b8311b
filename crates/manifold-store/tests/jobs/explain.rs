//! Why a job does not run, or who runs it; and who is there to do it.

use entity_core::enums::JobState;
use manifold_store::{JobId, NewJob, Reason};

use crate::scene::{KIND, MINUTE, Scene, failed, job, job_of};

async fn reasons(scene: &Scene, id: &JobId) -> Vec<Reason> {
    scene.jobs.explain(id).await.unwrap().reasons
}

#[tokio::test]
async fn a_waiting_job_names_all_that_keeps_it() {
    let scene = Scene::new().await;
    let project = scene.store.project("p").await;
    let first = scene.add(job_of(&project)).await;
    let waiting = NewJob {
        depends_on: vec![first.clone()],
        ..job()
    };
    let waiting = scene.add(waiting).await;
    assert_eq!(reasons(&scene, &first).await, [Reason::NoWorker]);
    let waits = reasons(&scene, &waiting).await;
    assert!(matches!(&waits[..], [Reason::WaitsFor(jobs)] if jobs[0].id == first.as_str()));

    let crew = scene.jobs.enlist(None, &[KIND], 2).await.unwrap();
    scene.next().await.unwrap();
    scene.jobs.limit_queue("default", Some(1)).await.unwrap();
    scene.jobs.limit_project(&project, Some(1)).await.unwrap();
    let later = NewJob {
        run_at: Some(scene.clock.now() + MINUTE),
        ..job_of(&project)
    };
    let later = scene.add(later).await;
    let kept = reasons(&scene, &later).await;
    assert!(
        matches!(
            &kept[..],
            [
                Reason::NotYet { .. },
                Reason::QueueFull { most: 1 },
                Reason::ProjectFull { most: 1, running },
            ] if running[0].id == first.as_str()
        ),
        "{kept:?}"
    );
    scene.clock.advance(MINUTE);
    scene.jobs.limit_queue("default", None).await.unwrap();
    scene.jobs.limit_project(&project, None).await.unwrap();
    let turn = reasons(&scene, &later).await;
    assert!(
        matches!(&turn[..], [Reason::InTurn { crews, others: 0 }] if crews[0].concurrency == 2),
        "{turn:?}"
    );
    crew.stopping(scene.clock.now()).await.unwrap();
    let stopping = reasons(&scene, &later).await;
    assert!(matches!(&stopping[..], [Reason::NotServed(crews)] if crews.len() == 1));
    crew.end().await.unwrap();
    assert_eq!(reasons(&scene, &later).await, [Reason::NoWorker]);
}

#[tokio::test]
async fn a_running_job_names_its_process_and_whether_it_is_silent() {
    let scene = Scene::new().await;
    let id = scene.add(job()).await;
    let claim = scene.next().await.unwrap();
    let runs = async |silent| {
        let reasons = reasons(&scene, &id).await;
        let process = i64::from(std::process::id());
        assert!(
            matches!(
                &reasons[0],
                Reason::Runs { process: Some(by), silent: is, .. } if by.pid == process && *is == silent
            ),
            "{reasons:?}"
        );
        reasons.len()
    };
    assert_eq!(runs(false).await, 1);
    scene.clock.advance(MINUTE);
    assert_eq!(runs(true).await, 1);
    let progress = manifold_store::JobProgress::default();
    scene.jobs.heartbeat(&claim, &progress).await.unwrap();
    scene
        .jobs
        .cancel_because(&id, Some("enough"))
        .await
        .unwrap();
    assert_eq!(runs(false).await, 2, "somebody asked it to stop");
    scene.jobs.finish(&claim, &failed()).await.unwrap();
    assert_eq!(reasons(&scene, &id).await, [Reason::Ended]);
    let again = scene.jobs.retry(&id).await.unwrap();
    assert_eq!(again.cancel_reason, None);
}

#[tokio::test]
async fn a_worker_that_is_dropped_is_not_counted_on() {
    let scene = Scene::new().await;
    let queues = ["nightly".to_owned()];
    let crew = scene.jobs.enlist(Some(&queues), &[KIND], 0).await.unwrap();
    let found = scene.jobs.crews().await.unwrap();
    assert_eq!(found[0].concurrency, 1);
    assert!(found[0].serves("nightly", KIND) && !found[0].serves("default", KIND));
    assert!(!found[0].serves("nightly", "other"));
    drop(crew);
    while !scene.jobs.crews().await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn statistics_count_states_retries_and_durations() {
    let scene = Scene::new().await;
    scene.add_all((0..11).map(|_| job())).await;
    for minutes in 0..10 {
        let claim = scene.next().await.unwrap();
        scene.clock.advance(MINUTE * minutes);
        scene.complete(&claim).await;
    }
    let last = scene.next().await.unwrap();
    scene.jobs.finish(&last, &failed()).await.unwrap();
    scene.jobs.retry(&last.job_id).await.unwrap();
    let again = scene.next().await.unwrap();
    scene.jobs.finish(&again, &failed()).await.unwrap();
    let stats = scene.jobs.stats().await.unwrap();
    let stats = &stats[KIND];
    let mut states = stats.states.clone();
    states.sort_by_key(|(_, jobs)| *jobs);
    assert_eq!(states, [(JobState::Failed, 1), (JobState::Completed, 10)]);
    assert_eq!((stats.retries, stats.crashes), (1, 0));
    let minutes = |share| stats.quantile(share).unwrap().num_minutes();
    assert_eq!(
        (minutes(0.0), minutes(0.5), minutes(0.9), minutes(1.0)),
        (0, 5, 8, 9)
    );
}
