//! Each slot has one job, whoever looks.

use manifold_jobs::schedule::{ScheduleError, ScheduleSpec, Schedules};
use manifold_store::{StoreError, StoredSchedules};

use crate::scene::{Scene, utc};

#[tokio::test]
async fn a_slot_has_one_job_and_not_before_its_time() {
    let scene = Scene::new().await;
    scene.schedules.create(scene.hourly()).await.unwrap();
    scene.advance(59);
    scene.worker().drain().await.unwrap();
    assert_eq!(scene.slots().await, Vec::<String>::new());
    scene.advance(1);
    for _ in 0..3 {
        scene.worker().drain().await.unwrap();
    }
    assert_eq!(scene.slots().await, ["23 13:00"]);
    let job = &scene.planted().await[0];
    assert_eq!(job.run_at, utc("2026-11-23T13:00:00Z"));
}

#[tokio::test]
async fn a_clock_that_is_set_back_and_forth_loses_and_doubles_no_slot() {
    let scene = Scene::new().await;
    scene.schedules.create(scene.hourly()).await.unwrap();
    let look = async |at: &str| {
        scene.clock.set(utc(at));
        scene.worker().drain().await.unwrap();
        scene.slots().await
    };
    assert_eq!(look("2026-11-23T13:00:01Z").await, ["23 13:00"]);
    assert_eq!(look("2026-11-23T12:00:01Z").await, ["23 13:00"]);
    assert_eq!(look("2026-11-23T13:00:30Z").await, ["23 13:00"]);
    let both = ["23 13:00", "23 14:00"];
    assert_eq!(look("2026-11-23T14:30:00Z").await, both);
    assert_eq!(look("2026-11-23T13:59:00Z").await, both);
    assert_eq!(look("2026-11-23T14:01:00Z").await, both);
    assert_eq!(look("2026-11-23T15:00:00Z").await.len(), 3);
}

#[tokio::test]
async fn of_two_that_see_the_same_slot_one_writes_it_down() {
    let scene = Scene::new().await;
    scene.schedules.create(scene.hourly()).await.unwrap();
    scene.advance(60);
    let stored = StoredSchedules::new(&scene.jobs);
    let seen = stored.due().await.unwrap().remove(0);
    let planting = manifold_store::Planting {
        slots: vec![seen.next_at],
        missed: None,
        last_slot: seen.next_at,
        next_at: utc("2026-11-23T14:00:00Z"),
    };
    let first = stored.plant(&seen, &planting).await.unwrap();
    assert_eq!(first.map(|jobs| jobs.len()), Some(1));
    assert_eq!(stored.plant(&seen, &planting).await.unwrap(), None);
    assert_eq!(scene.slots().await, ["23 13:00"]);
}

#[tokio::test]
async fn many_at_once_write_each_slot_down_once() {
    let scene = Scene::new().await;
    for name in ["a", "b", "c"] {
        let each_minute = ScheduleSpec {
            overlap: entity_core::enums::OverlapPolicy::Allow,
            ..ScheduleSpec::new(name, "* * * * *", scene.chore(None))
        };
        scene.schedules.create(each_minute).await.unwrap();
    }
    for _ in 0..10 {
        scene.advance(1);
        let lookers = (0..6).map(|_| scene.plant());
        futures_util::future::join_all(lookers).await;
    }
    assert_eq!(scene.slots().await.len(), 30);
}

#[tokio::test]
async fn a_running_worker_does_each_slot_when_it_comes() {
    let scene = Scene::new().await;
    scene.schedules.create(scene.hourly()).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let worker = scene.worker();
    let running = {
        let stop = stop.clone();
        tokio::spawn(async move { worker.run(&stop).await.unwrap() })
    };
    for slots in 1..=3 {
        scene.advance(60);
        while scene.planted().await.len() < slots {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        while scene
            .planted()
            .await
            .iter()
            .any(|job| job.finished_at.is_none())
        {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    stop.cancel();
    assert_eq!(running.await.unwrap().attempts, 3);
}

#[tokio::test]
async fn a_schedule_that_was_off_or_is_changed_begins_anew() {
    let scene = Scene::new().await;
    let schedule = scene.schedules.create(scene.hourly()).await.unwrap();
    let id = Schedules::id(&schedule).unwrap();
    scene.schedules.disable(&id).await.unwrap();
    scene.advance(10 * 60);
    scene.worker().drain().await.unwrap();
    let enabled = scene.schedules.enable(&id).await.unwrap();
    assert_eq!(enabled.next_at, utc("2026-11-23T23:00:00Z"));
    scene.worker().drain().await.unwrap();
    assert_eq!(scene.slots().await, Vec::<String>::new());

    scene.advance(60);
    let daily = ScheduleSpec {
        cron: "30 23 * * *".to_owned(),
        ..scene.hourly()
    };
    let (changed, is_new) = scene.schedules.set(daily).await.unwrap();
    assert_eq!((changed.id.as_str(), is_new), (id.as_str(), false));
    scene.worker().drain().await.unwrap();
    assert_eq!(scene.slots().await, Vec::<String>::new());
    scene.advance(60);
    scene.worker().drain().await.unwrap();
    assert_eq!(scene.slots().await, ["23 23:30"]);

    scene.schedules.delete(&id).await.unwrap();
    assert_eq!(scene.slots().await.len(), 1, "its jobs stay");
}

#[tokio::test]
async fn one_project_has_no_two_schedules_of_a_name_and_no_secret_is_stored() {
    let scene = Scene::new().await;
    let project = scene.project().await;
    let spec = ScheduleSpec {
        job: scene.chore(Some(project)),
        ..scene.hourly()
    };
    let first = scene.schedules.create(spec.clone()).await.unwrap();
    match scene.schedules.create(spec).await.unwrap_err() {
        ScheduleError::Store(StoreError::NameTaken { id, .. }) => assert_eq!(id, first.id),
        other => panic!("{other}"),
    }
    scene.schedules.create(scene.hourly()).await.unwrap();
    match scene.schedules.find("hourly").await.unwrap_err() {
        ScheduleError::Store(StoreError::Ambiguous { candidates, .. }) => {
            assert_eq!(candidates.len(), 2);
        }
        other => panic!("{other}"),
    }
}
