//! An attempt ends and the next begins, in one transaction.

use entity_core::enums::{EndReason, ExecutionState, JobState};
use manifold_store::{Claim, Ending, JobId, JobsError, NewJob, Timestamp};

use crate::scene::{KIND, MINUTE, Scene, done, job, job_of};

impl Scene {
    async fn turn_over(&self, claim: &Claim, ending: &Ending) -> (JobState, Option<JobId>) {
        let both = self
            .jobs
            .finish_and_claim_next(claim, ending, &[KIND], None)
            .await;
        let (ended, next) = both.unwrap();
        assert_eq!(ended.id, claim.job_id.as_str());
        (ended.state, next.map(|claim| claim.job_id))
    }
}

#[tokio::test]
async fn the_next_job_begins_with_the_end_of_the_last() {
    let scene = Scene::new().await;
    let ids = scene.add_all([job(), job()]).await;
    let first = scene.next().await.unwrap();
    let both = scene
        .jobs
        .finish_and_claim_next(&first, &done(), &[KIND], None)
        .await;
    let (ended, second) = both.unwrap();
    let second = second.unwrap();
    assert_eq!(ended.state, JobState::Completed);
    assert_eq!(ended.result, Some(serde_json::json!(1)));
    let attempts = scene.jobs.executions(&ids[0]).await.unwrap();
    assert_eq!(attempts[0].end_reason, Some(EndReason::Ok));
    assert_eq!(second.job_id, ids[1]);
    assert_eq!((second.attempt, second.lease_token), (1, 1));
    assert_eq!(second.job, scene.job(&ids[1]).await);
    assert_eq!(second.job.state, JobState::Running);
    let attempts = scene.jobs.executions(&ids[1]).await.unwrap();
    assert_eq!(attempts[0].id, second.execution_id.as_str());
    assert_eq!(attempts[0].state, ExecutionState::Running);
    let nothing_more = (JobState::Completed, None);
    assert_eq!(scene.turn_over(&second, &done()).await, nothing_more);
}

#[tokio::test]
async fn a_place_that_is_free_is_for_the_next() {
    let scene = Scene::new().await;
    let p = scene.store.project("p").await;
    scene.jobs.limit_queue("default", Some(1)).await.unwrap();
    scene.jobs.limit_project(&p, Some(1)).await.unwrap();
    let ids = scene.add_all((0..3).map(|_| job_of(&p))).await;
    let first = scene.next().await.unwrap();
    assert!(scene.next().await.is_none());
    let both = scene
        .jobs
        .finish_and_claim_next(&first, &done(), &[KIND], None)
        .await;
    let second = both.unwrap().1.unwrap();
    assert_eq!(second.job_id, ids[1]);
    assert!(scene.next().await.is_none(), "more run than may");
    scene.jobs.pause_queue("default").await.unwrap();
    assert_eq!(scene.turn_over(&second, &done()).await.1, None);
    assert_eq!(scene.state(&ids[2]).await, JobState::Pending);
}

#[tokio::test]
async fn only_jobs_of_the_queues_and_kinds_that_are_meant_begin() {
    let scene = Scene::new().await;
    let other = NewJob {
        queue: "other".to_owned(),
        ..job()
    };
    let unknown = NewJob::new("unknown", serde_json::json!({}));
    scene.add_all([job(), other, unknown, job()]).await;
    let first = scene.next().await.unwrap();
    let queues = ["none".to_owned(), "default".to_owned()];
    let both = scene
        .jobs
        .finish_and_claim_next(&first, &done(), &[KIND], Some(&queues))
        .await;
    let second = both.unwrap().1.unwrap();
    assert_eq!((&*second.job.queue, &*second.job.kind), ("default", KIND));
    let both = scene
        .jobs
        .finish_and_claim_next(&second, &done(), &[KIND], Some(&queues))
        .await;
    assert!(both.unwrap().1.is_none());
}

#[tokio::test]
async fn what_waited_for_the_job_or_for_its_time_may_be_the_next() {
    let scene = Scene::new().await;
    let first = scene.add(job()).await;
    let after = NewJob {
        depends_on: vec![first.clone()],
        ..job()
    };
    let after = scene.add(after).await;
    let later = NewJob {
        run_at: Some(scene.clock.now() + MINUTE),
        ..job()
    };
    let later = scene.add(later).await;
    let claim = scene.next().await.unwrap();
    let both = scene
        .jobs
        .finish_and_claim_next(&claim, &done(), &[KIND], None)
        .await;
    let claim = both.unwrap().1.unwrap();
    assert_eq!(claim.job_id, after);
    scene.clock.advance(MINUTE);
    assert_eq!(scene.turn_over(&claim, &done()).await.1, Some(later));
}

#[tokio::test]
async fn an_attempt_that_lost_its_job_begins_no_other() {
    let scene = Scene::new().await;
    let ids = scene.add_all([job(), job()]).await;
    let first = scene.next().await.unwrap();
    scene.jobs.release(&ids[0]).await.unwrap();
    let both = scene
        .jobs
        .finish_and_claim_next(&first, &done(), &[KIND], None)
        .await;
    let error = both.unwrap_err();
    assert!(matches!(error, JobsError::LeaseLost { .. }), "{error}");
    for id in &ids {
        assert_eq!(scene.state(id).await, JobState::Pending);
    }
    assert!(scene.jobs.executions(&ids[1]).await.unwrap().is_empty());
}

/// The claim does not know of it.
#[tokio::test]
async fn what_was_asked_since_the_job_began_counts() {
    let scene = Scene::new().await;
    let retry = Ending::Retry {
        code: "offline".to_owned(),
        message: "nobody answers".to_owned(),
        run_at: Timestamp::now(),
    };
    let endings = [(retry, JobState::Cancelled), (done(), JobState::Completed)];
    for (ending, state) in endings {
        let new = NewJob {
            max_attempts: 3,
            ..job()
        };
        let id = scene.add(new).await;
        let claim = scene.next().await.unwrap();
        scene.jobs.cancel(&id).await.unwrap();
        assert_eq!(scene.turn_over(&claim, &ending).await, (state, None));
        assert!(scene.job(&id).await.cancel_requested_at.is_some());
    }
}

#[tokio::test]
async fn when_the_next_cannot_begin_nothing_is_written() {
    let scene = Scene::new().await;
    let ids = scene.add_all([job(), job()]).await;
    let first = scene.next().await.unwrap();
    scene.spoil(&ids[1]);
    let both = scene
        .jobs
        .finish_and_claim_next(&first, &done(), &[KIND], None)
        .await;
    let error = both.unwrap_err();
    assert!(matches!(error, JobsError::Store(_)), "{error}");
    assert_eq!(scene.state(&ids[0]).await, JobState::Running);
    scene.complete(&first).await;
    assert_eq!(scene.state(&ids[0]).await, JobState::Completed);
}

impl Scene {
    /// Makes a job unreadable.
    fn spoil(&self, id: &JobId) {
        let hub = rusqlite::Connection::open_with_flags_and_vfs(
            self.store.manager.layout().core(),
            rusqlite::OpenFlags::default(),
            manifold_store::vfs(),
        );
        let spoiled = hub
            .unwrap()
            .execute("UPDATE jobs SET payload = '{' WHERE id = ?1", [id.as_str()]);
        assert_eq!(spoiled.unwrap(), 1);
    }
}
