//! What becomes of slots that were missed, that overlap, or whose project is not in use.

use std::time::Duration;

use entity_core::enums::{JobState, OverlapPolicy, SkipReason};
use manifold_jobs::schedule::{Missed, ScheduleSpec};
use manifold_store::{Ending, Projects, Trash};

use crate::scene::Scene;

/// A week, and half an hour so that the latest slot is late.
const WEEK: u64 = 7 * 24 * 60 + 30;

async fn after_a_week_off(missed: Missed) -> (Scene, Option<SkipReason>) {
    let scene = Scene::new().await;
    let hourly = ScheduleSpec {
        missed,
        ..scene.hourly()
    };
    let schedule = scene.schedules.create(hourly).await.unwrap();
    scene.advance(WEEK);
    scene.worker().drain().await.unwrap();
    let schedule = scene.schedules.find(&schedule.id).await.unwrap();
    assert_eq!(
        schedule.next_at,
        crate::scene::utc("2026-11-30T13:00:00Z"),
        "it goes on with the next slot"
    );
    (scene, schedule.skip_reason)
}

#[tokio::test]
async fn a_week_off_with_run_once_does_the_latest_slot() {
    let (scene, skipped) = after_a_week_off(Missed::RunOnce).await;
    assert_eq!(scene.slots().await, ["30 12:00"]);
    assert_eq!(skipped, Some(SkipReason::Missed));
}

#[tokio::test]
async fn a_week_off_with_run_all_does_the_latest_ones_in_order() {
    let (scene, skipped) = after_a_week_off(Missed::RunAll { max: 3 }).await;
    assert_eq!(scene.slots().await, ["30 10:00", "30 11:00", "30 12:00"]);
    let ended: Vec<_> = scene.planted().await;
    assert!(ended.iter().all(|job| job.state == JobState::Completed));
    assert!(
        ended.is_sorted_by_key(|job| job.finished_at),
        "one after the other"
    );
    assert_eq!(skipped, Some(SkipReason::Missed));
}

#[tokio::test]
async fn a_week_off_with_skip_does_nothing_unless_it_is_in_time() {
    let grace = Duration::from_secs(29 * 60);
    let (scene, skipped) = after_a_week_off(Missed::Skip { grace }).await;
    assert_eq!(scene.slots().await, Vec::<String>::new());
    assert_eq!(skipped, Some(SkipReason::Missed));

    let grace = Duration::from_secs(30 * 60);
    let (scene, _) = after_a_week_off(Missed::Skip { grace }).await;
    assert_eq!(scene.slots().await, ["30 12:00"]);
}

async fn overlapping(overlap: OverlapPolicy) -> Scene {
    let scene = Scene::new().await;
    let hourly = ScheduleSpec {
        overlap,
        ..scene.hourly()
    };
    scene.schedules.create(hourly).await.unwrap();
    for _ in 0..4 {
        scene.advance(60);
        scene.plant().await;
    }
    scene
}

#[tokio::test]
async fn what_overlaps_is_skipped_and_that_is_recorded() {
    let scene = overlapping(OverlapPolicy::Skip).await;
    assert_eq!(scene.slots().await, ["23 13:00"]);
    let schedule = scene.schedules.find("hourly").await.unwrap();
    assert_eq!(schedule.skip_reason, Some(SkipReason::Overlap));
    assert_eq!(
        schedule.skipped_slot,
        Some(crate::scene::utc("2026-11-23T16:00:00Z"))
    );

    scene.worker().drain().await.unwrap();
    scene.advance(60);
    scene.worker().drain().await.unwrap();
    assert_eq!(scene.slots().await, ["23 13:00", "23 17:00"]);
}

#[tokio::test]
async fn a_queued_job_waits_for_the_end_of_the_one_before_whatever_it_is() {
    let scene = overlapping(OverlapPolicy::Queue).await;
    assert_eq!(scene.slots().await, ["23 13:00", "23 14:00"]);
    let planted = scene.planted().await;
    assert_eq!(planted[1].state, JobState::Blocked);

    let claim = scene
        .jobs
        .claim(&planted[0].id.parse().unwrap())
        .await
        .unwrap();
    let failed = Ending::Failed {
        code: "broken_chore".to_owned(),
        message: "it is broken".to_owned(),
    };
    scene.jobs.finish(&claim, &failed).await.unwrap();
    assert_eq!(scene.planted().await[1].state, JobState::Pending);
    scene.worker().drain().await.unwrap();
    assert_eq!(scene.planted().await[1].state, JobState::Completed);
}

#[tokio::test]
async fn jobs_may_be_allowed_to_overlap() {
    let scene = overlapping(OverlapPolicy::Allow).await;
    assert_eq!(scene.slots().await.len(), 4);
    let planted = scene.planted().await;
    assert!(planted.iter().all(|job| job.state == JobState::Pending));
}

#[tokio::test]
async fn a_slot_whose_project_is_in_the_trash_or_gone_is_skipped() {
    let scene = Scene::new().await;
    let project = scene.project().await;
    let spec = ScheduleSpec::new("hourly", "0 * * * *", scene.chore(Some(project.clone())));
    let schedule = scene.schedules.create(spec).await.unwrap();
    let look = async || {
        scene.advance(60);
        scene.worker().drain().await.unwrap();
        let reason = scene.schedules.find(&schedule.id).await.unwrap();
        (scene.slots().await.len(), reason.skip_reason)
    };
    assert_eq!(look().await, (1, None));

    let projects = Projects::new(&scene.manager);
    projects.delete(&project).await.unwrap();
    assert_eq!(look().await, (1, Some(SkipReason::ProjectTrashed)));

    projects.undelete(project.as_str(), None).await.unwrap();
    assert_eq!(look().await.0, 2, "it goes on where the project is back");

    let deleted = projects.delete(&project).await.unwrap();
    Trash::new(&scene.manager).purge(&deleted).await.unwrap();
    assert_eq!(look().await, (2, Some(SkipReason::ProjectMissing)));
    assert_eq!(look().await, (2, Some(SkipReason::ProjectMissing)));
}
