use manifold_store::{DatabaseManager as _, NewJob};

use crate::scene::{KIND, MINUTE, Scene, job, job_of};

#[tokio::test]
async fn jobs_of_one_project_come_in_the_order_of_their_time() {
    let scene = Scene::new().await;
    let now = scene.clock.now();
    let at = |minutes: u32| NewJob {
        run_at: Some(now - MINUTE * minutes),
        ..job()
    };
    let ids = scene.add_all([at(1), at(3), at(2)]).await;
    assert_eq!(scene.next_id().await.as_ref(), Some(&ids[1]));
    assert_eq!(scene.next_id().await.as_ref(), Some(&ids[2]));
    assert_eq!(scene.next_id().await.as_ref(), Some(&ids[0]));
    assert_eq!(scene.next_id().await, None);
}

#[tokio::test]
async fn a_smaller_priority_comes_first() {
    let scene = Scene::new().await;
    let (p, q) = (
        scene.store.project("p").await,
        scene.store.project("q").await,
    );
    let of = |project, priority| NewJob {
        priority,
        ..job_of(project)
    };
    let ids = scene
        .add_all([of(&p, 0), of(&p, 5), of(&q, -1), of(&q, 5), of(&p, 0)])
        .await;
    let mut order = Vec::new();
    while let Some(id) = scene.next_id().await {
        order.push(id);
    }
    let expected = [2, 0, 4, 1, 3].map(|place| ids[place].clone());
    assert_eq!(order, expected);
}

#[tokio::test]
async fn a_small_project_does_not_wait_for_a_large_one() {
    let scene = Scene::new().await;
    let large = scene.store.project("large").await;
    scene.add_all((0..10_000).map(|_| job_of(&large))).await;
    let mut small = Vec::new();
    for number in 0..9 {
        small.push(scene.store.project(&format!("small {number}")).await);
    }
    scene
        .add_all(
            small
                .iter()
                .flat_map(|project| (0..10).map(|_| job_of(project))),
        )
        .await;

    // A round is one job of each of the ten projects, ten times: what the small ones have.
    let mut begun = Vec::new();
    for _ in 0..200 {
        begun.push(scene.next().await.unwrap().job.concurrency_key);
    }
    for project in &small {
        let last = begun
            .iter()
            .rposition(|key| key == project.as_str())
            .unwrap();
        assert!(
            last < 100,
            "the last job of a small project began at place {last}"
        );
        let all = begun.iter().filter(|key| *key == project.as_str()).count();
        assert_eq!(all, 10);
    }
}

#[tokio::test]
async fn a_project_that_comes_back_goes_behind_those_that_wait() {
    let scene = Scene::new().await;
    let (p, q) = (
        scene.store.project("p").await,
        scene.store.project("q").await,
    );
    scene.add_all([job_of(&p), job_of(&q), job_of(&q)]).await;
    assert_eq!(scene.next().await.unwrap().job.concurrency_key, p.as_str());
    scene.add(job_of(&p)).await;
    assert_eq!(scene.next().await.unwrap().job.concurrency_key, q.as_str());
    assert_eq!(scene.next().await.unwrap().job.concurrency_key, p.as_str());
    assert_eq!(scene.next().await.unwrap().job.concurrency_key, q.as_str());
}

#[tokio::test]
async fn a_job_does_not_begin_before_its_time() {
    let scene = Scene::new().await;
    let later = scene.clock.now() + MINUTE;
    let id = scene
        .add(NewJob {
            run_at: Some(later),
            ..job()
        })
        .await;
    assert_eq!(scene.next_id().await, None);
    assert_eq!(scene.jobs.next_due(None).await.unwrap(), Some(later));

    scene
        .clock
        .advance(MINUTE - std::time::Duration::from_millis(1));
    assert_eq!(scene.next_id().await, None);
    // A clock that is set back delays a job and loses none.
    scene.clock.set(later - MINUTE * 60);
    assert_eq!(scene.next_id().await, None);
    scene.clock.set(later);
    assert_eq!(scene.next_id().await, Some(id));
    assert_eq!(scene.jobs.next_due(None).await.unwrap(), None);
}

#[tokio::test]
async fn an_earlier_job_overtakes_one_that_waits_for_its_time() {
    let scene = Scene::new().await;
    let later = scene.clock.now() + MINUTE;
    let slow = scene
        .add(NewJob {
            run_at: Some(later),
            ..job()
        })
        .await;
    let quick = scene.add(job()).await;
    assert_eq!(scene.next_id().await, Some(quick));
    assert_eq!(scene.next_id().await, None);
    scene.clock.advance(MINUTE);
    assert_eq!(scene.next_id().await, Some(slow));
}

#[tokio::test]
async fn a_job_of_an_unknown_kind_holds_up_nobody() {
    let scene = Scene::new().await;
    let (p, q) = (
        scene.store.project("p").await,
        scene.store.project("q").await,
    );
    let unknown = |project: &_| NewJob {
        kind: "unknown".to_owned(),
        ..job_of(project)
    };
    let ids = scene
        .add_all([unknown(&p), unknown(&p), job_of(&p), unknown(&q)])
        .await;
    assert_eq!(scene.next_id().await.as_ref(), Some(&ids[2]));
    assert_eq!(scene.next_id().await, None);
    assert_eq!(scene.next_id().await, None);
    for expected in [&ids[3], &ids[0], &ids[1]] {
        let claim = scene
            .jobs
            .claim_next(&["unknown", KIND], None)
            .await
            .unwrap();
        assert_eq!(&claim.unwrap().job_id, expected);
    }
}

#[tokio::test]
async fn a_worker_serves_its_queues_only() {
    let scene = Scene::new().await;
    let in_queue = |queue: &str| NewJob {
        queue: queue.to_owned(),
        ..job()
    };
    let ids = scene
        .add_all([in_queue("a"), in_queue("b"), in_queue("c")])
        .await;
    let only = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<Vec<_>>()
    };
    let from = async |names: &[&str]| {
        let names = only(names);
        let claim = scene.jobs.claim_next(&[KIND], Some(&names)).await.unwrap();
        claim.map(|claim| claim.job_id)
    };
    assert_eq!(from(&["nothing"]).await, None);
    assert_eq!(from(&["c"]).await.as_ref(), Some(&ids[2]));
    assert_eq!(from(&["b", "c"]).await.as_ref(), Some(&ids[1]));
    assert_eq!(scene.next_id().await.as_ref(), Some(&ids[0]));
}

#[tokio::test]
async fn a_cancelled_job_loses_its_turn() {
    let scene = Scene::new().await;
    let ids = scene.add_all([job(), job()]).await;
    scene.jobs.cancel(&ids[0]).await.unwrap();
    assert_eq!(scene.next_id().await.as_ref(), Some(&ids[1]));
    assert_eq!(scene.next_id().await, None);
}

/// Whatever is begun, put off, cancelled and done again: nothing that is due is forgotten.
#[tokio::test]
async fn the_lanes_agree_with_the_jobs_after_any_history() {
    let scene = Scene::new().await;
    let mut projects = Vec::new();
    for number in 0..4 {
        projects.push(scene.store.project(&format!("p{number}")).await);
    }
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    let (mut running, mut waiting) = (Vec::new(), Vec::new());
    for _ in 0..600 {
        match random(8) {
            0..=2 => {
                let delay = MINUTE * u32::try_from(random(3)).unwrap();
                let new = NewJob {
                    priority: i64::try_from(random(2)).unwrap(),
                    run_at: Some(scene.clock.now() + delay),
                    queue: format!("q{}", random(2)),
                    ..job_of(&projects[usize::try_from(random(4)).unwrap()])
                };
                waiting.push(scene.add(new).await);
            }
            3..=4 => running.extend(scene.next().await),
            5 => {
                if let Some(claim) = running.pop() {
                    let run_at = scene.clock.now() + MINUTE;
                    let snooze = manifold_store::Ending::Snoozed { run_at };
                    scene.jobs.finish(&claim, &snooze).await.unwrap();
                }
            }
            6 => {
                if let Some(id) = waiting.pop() {
                    drop(scene.jobs.cancel(&id).await);
                }
            }
            _ => scene.clock.advance(MINUTE / 2),
        }
    }
    scene.clock.advance(MINUTE * 10);
    while scene.next().await.is_some() {}
    let pending = manifold_store::JobFilter {
        state: Some(entity_core::enums::JobState::Pending),
        ..Default::default()
    };
    assert!(scene.jobs.list(&pending).await.unwrap().is_empty());
    let lanes = <entity_core::job_lanes::Entity as sea_orm::EntityTrait>::find();
    assert_eq!(scene.store.manager.core().count(lanes).await.unwrap(), 0);
}
