//! Every operation on a job in every state: allowed, or a conflict that changes nothing.

use entity_core::enums::{EndReason, ExecutionState, JobState};
use manifold_store::{Claim, Ending, JobId, JobsError, NewJob};

use crate::scene::{MINUTE, Scene, done, failed, job};

/// A job in a state, with the latest claim of it, if there was one.
struct InState {
    id: JobId,
    claim: Option<Claim>,
}

async fn bring(scene: &Scene, state: JobState) -> InState {
    let new = NewJob {
        max_attempts: 3,
        ..job()
    };
    if state == JobState::Blocked {
        let other = scene.add(job()).await;
        let id = scene
            .add(NewJob {
                depends_on: vec![other],
                ..new
            })
            .await;
        return InState { id, claim: None };
    }
    let id = scene.add(new).await;
    if state == JobState::Pending {
        return InState { id, claim: None };
    }
    let claim = scene.jobs.claim(&id).await.unwrap();
    let ending = match state {
        JobState::Completed => Some(done()),
        JobState::Failed => Some(failed()),
        JobState::Cancelled => Some(Ending::Cancelled),
        _ => None,
    };
    if let Some(ending) = ending {
        scene.jobs.finish(&claim, &ending).await.unwrap();
    }
    InState {
        id,
        claim: Some(claim),
    }
}

#[derive(Debug, Clone)]
enum Operation {
    Claim,
    Finish(Ending),
    Cancel,
    Retry,
    Release,
}

fn operations(scene: &Scene) -> Vec<(Operation, Vec<(JobState, JobState)>)> {
    use JobState::{Blocked, Cancelled, Completed, Failed, Pending, Running};
    let run_at = scene.clock.now() + MINUTE;
    let retry = Ending::Retry {
        code: "offline".to_owned(),
        message: "nobody answers".to_owned(),
        run_at,
    };
    vec![
        (Operation::Claim, vec![(Pending, Running)]),
        (Operation::Finish(done()), vec![(Running, Completed)]),
        (Operation::Finish(failed()), vec![(Running, Failed)]),
        (Operation::Finish(retry), vec![(Running, Pending)]),
        (
            Operation::Finish(Ending::Interrupted),
            vec![(Running, Pending)],
        ),
        (
            Operation::Finish(Ending::Snoozed { run_at }),
            vec![(Running, Pending)],
        ),
        (
            Operation::Finish(Ending::Cancelled),
            vec![(Running, Cancelled)],
        ),
        (
            Operation::Cancel,
            vec![
                (Pending, Cancelled),
                (Blocked, Cancelled),
                (Running, Running),
            ],
        ),
        (
            Operation::Retry,
            vec![(Failed, Pending), (Cancelled, Pending)],
        ),
        (Operation::Release, vec![(Running, Pending)]),
    ]
}

#[tokio::test]
async fn every_operation_in_every_state() {
    use JobState::{Blocked, Cancelled, Completed, Failed, Pending, Running};
    let scene = Scene::new().await;
    for (operation, allowed) in operations(&scene) {
        for state in [Pending, Blocked, Running, Completed, Failed, Cancelled] {
            let InState { id, claim } = bring(&scene, state).await;
            let before = scene.job(&id).await;
            let outcome = match &operation {
                Operation::Claim => scene.jobs.claim(&id).await.map(|claim| claim.job),
                Operation::Finish(ending) => match &claim {
                    Some(claim) => scene.jobs.finish(claim, ending).await,
                    None => continue, // nobody has a claim
                },
                Operation::Cancel => scene.jobs.cancel(&id).await,
                Operation::Retry => scene.jobs.retry(&id).await,
                Operation::Release => scene.jobs.release(&id).await,
            };
            let to = allowed
                .iter()
                .find(|(from, _)| *from == state)
                .map(|(_, to)| *to);
            let after = scene.job(&id).await;
            match (outcome, to) {
                (Ok(job), Some(to)) => {
                    assert_eq!(job.state, to, "{operation:?} of a {state:?} job");
                    assert_eq!(job, after);
                }
                (
                    Err(JobsError::Conflict { found, .. } | JobsError::LeaseLost { found, .. }),
                    None,
                ) => {
                    assert_eq!(found, state, "{operation:?}");
                    assert_eq!(before, after, "{operation:?} of a {state:?} job changed it");
                }
                (outcome, to) => {
                    panic!("{operation:?} of a {state:?} job: {outcome:?}, not {to:?}")
                }
            }
            let is_final = matches!(after.state, Completed | Failed | Cancelled);
            assert_eq!(after.finished_at.is_some(), is_final);
        }
    }
}

#[tokio::test]
async fn a_stale_claim_ends_nothing() {
    let scene = Scene::new().await;
    let InState { id, claim } = bring(&scene, JobState::Running).await;
    let first = claim.unwrap();
    scene
        .jobs
        .finish(&first, &Ending::Interrupted)
        .await
        .unwrap();
    let second = scene.jobs.claim(&id).await.unwrap();
    assert!(second.lease_token > first.lease_token);
    for (_, ending) in operations(&scene)
        .into_iter()
        .filter_map(|(operation, _)| match operation {
            Operation::Finish(ending) => Some(((), ending)),
            _ => None,
        })
    {
        let refused = scene.jobs.finish(&first, &ending).await.unwrap_err();
        assert!(
            matches!(
                refused,
                JobsError::LeaseLost {
                    found: JobState::Running,
                    ..
                }
            ),
            "{refused}"
        );
    }
    scene.complete(&second).await;
}

#[tokio::test]
async fn attempts_that_were_interrupted_or_snoozed_do_not_count() {
    let scene = Scene::new().await;
    let id = scene.add(job()).await;
    let now = scene.clock.now();
    for (ending, reason) in [
        (Ending::Interrupted, EndReason::Interrupted),
        (Ending::Snoozed { run_at: now }, EndReason::Snoozed),
    ] {
        let claim = scene.next().await.unwrap();
        assert_eq!(claim.attempt, 1);
        let job = scene.jobs.finish(&claim, &ending).await.unwrap();
        assert_eq!((job.state, job.attempt), (JobState::Pending, 0));
        let attempt = scene.jobs.executions(&id).await.unwrap().pop().unwrap();
        assert_eq!(attempt.end_reason, Some(reason));
        assert_eq!(attempt.state, ExecutionState::Cancelled);
    }
    let claim = scene.next().await.unwrap();
    scene.complete(&claim).await;
    let tokens: Vec<i64> = scene
        .jobs
        .executions(&id)
        .await
        .unwrap()
        .iter()
        .map(|attempt| attempt.lease_token)
        .collect();
    assert_eq!(tokens, [1, 2, 3]);
}

#[tokio::test]
async fn a_job_is_tried_as_often_as_it_may_be_each_time_after_its_wait() {
    let scene = Scene::new().await;
    let id = scene
        .add(NewJob {
            max_attempts: 2,
            ..job()
        })
        .await;
    let retry = |run_at| Ending::Retry {
        code: "offline".to_owned(),
        message: "nobody answers".to_owned(),
        run_at,
    };
    let claim = scene.next().await.unwrap();
    let waits = scene
        .jobs
        .finish(&claim, &retry(scene.clock.now() + MINUTE))
        .await
        .unwrap();
    assert_eq!(waits.state, JobState::Pending);
    assert_eq!(waits.error_code.as_deref(), Some("offline"));
    assert!(scene.next().await.is_none());
    scene.clock.advance(MINUTE);
    let claim = scene.next().await.unwrap();
    assert_eq!(claim.attempt, 2);
    let ended = scene
        .jobs
        .finish(&claim, &retry(scene.clock.now() + MINUTE))
        .await
        .unwrap();
    assert_eq!(ended.state, JobState::Failed);
    assert_eq!(ended.error_message.as_deref(), Some("nobody answers"));

    let again = scene.jobs.retry(&id).await.unwrap();
    assert_eq!((again.attempt, again.error_code), (0, None));
    let claim = scene.next().await.unwrap();
    assert_eq!((claim.attempt, claim.lease_token), (1, 3));
    scene.complete(&claim).await;
    assert_eq!(
        scene.jobs.executions(&id).await.unwrap().len(),
        3,
        "history is kept"
    );
    assert_eq!(scene.job(&id).await.error_code, None);
}

#[tokio::test]
async fn a_job_that_was_asked_to_stop_is_not_begun_again() {
    let scene = Scene::new().await;
    let now = scene.clock.now();
    let retry = Ending::Retry {
        code: "offline".to_owned(),
        message: "nobody answers".to_owned(),
        run_at: now,
    };
    for ending in [retry, Ending::Interrupted, Ending::Snoozed { run_at: now }] {
        let id = scene
            .add(NewJob {
                max_attempts: 5,
                ..job()
            })
            .await;
        let claim = scene.next().await.unwrap();
        scene.jobs.cancel(&id).await.unwrap();
        let ended = scene.jobs.finish(&claim, &ending).await.unwrap();
        assert_eq!(ended.state, JobState::Cancelled, "{ending:?}");
    }
    // What was done before the request was seen is done.
    let id = scene.add(job()).await;
    let claim = scene.next().await.unwrap();
    scene.jobs.cancel(&id).await.unwrap();
    assert_eq!(
        scene.jobs.finish(&claim, &done()).await.unwrap().state,
        JobState::Completed
    );
}
