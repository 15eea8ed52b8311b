//! A worker goes from one job to the next.

use entity_core::enums::{EndReason, JobState};
use manifold_jobs::WorkerOptions;
use manifold_store::JobId;
use tokio_util::sync::CancellationToken;

use crate::kinds::Count;
use crate::scene::Scene;

fn one() -> WorkerOptions {
    WorkerOptions {
        concurrency: 1,
        ..WorkerOptions::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_of_one_process_do_each_job_once() {
    let scene = Scene::new().await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        ids.push(scene.submit(&Count, None).await);
    }
    let workers = [scene.worker(one()), scene.worker(WorkerOptions::default())];
    let [first, second] = workers.map(|worker| tokio::spawn(async move { worker.drain().await }));
    let attempts = first.await.unwrap().unwrap().attempts + second.await.unwrap().unwrap().attempts;
    assert_eq!(attempts, 20);
    for id in &ids {
        assert_eq!(scene.end_reasons(id).await, [EndReason::Ok]);
        let attempts = scene.jobs.executions(id).await.unwrap();
        assert_eq!(attempts[0].heartbeat_at, None, "there was nothing to say");
    }
}

/// The end of a job and the next one's beginning are one transaction, which one that cannot be read makes impossible.
#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_cannot_begin_takes_the_end_of_none_along() {
    let scene = Scene::new().await;
    let good = scene.submit(&Count, None).await;
    let bad = scene.submit(&Count, None).await;
    spoil(&scene, &bad);
    let (worker, stop) = (scene.worker(one()), CancellationToken::new());
    let running = tokio::spawn({
        let stop = stop.clone();
        async move { worker.run(&stop).await }
    });
    scene.until(&good, JobState::Completed).await;
    assert_eq!(scene.end_reasons(&good).await, [EndReason::Ok]);
    stop.cancel();
    assert_eq!(running.await.unwrap().unwrap().attempts, 1);
}

fn spoil(scene: &Scene, id: &JobId) {
    let hub = rusqlite::Connection::open_with_flags_and_vfs(
        scene.manager.layout().core(),
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    );
    let spoiled = hub
        .unwrap()
        .execute("UPDATE jobs SET payload = '{' WHERE id = ?1", [id.as_str()]);
    assert_eq!(spoiled.unwrap(), 1);
}
