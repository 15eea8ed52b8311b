//! What a schedule wants done when one of its jobs fails is done, once.

use std::path::Path;

use entity_core::enums::{JobState, LogLevel};
use entity_core::jobs;
use manifold_jobs::new_job;
use manifold_jobs::schedule::{OnFailure, ScheduleError, ScheduleSpec};
use manifold_store::{Ending, JobFilter};

use crate::scene::{Chore, Scene};

const KIND: &str = "notify_failure";

/// A schedule whose chore fails, and that runs a shell script then.
async fn failing(scene: &Scene, script: &str) {
    let command = ["sh", "-c", script].map(str::to_owned).to_vec();
    let spec = ScheduleSpec {
        job: new_job(&Chore::Fails, None).unwrap(),
        on_failure: Some(OnFailure::command(command)),
        ..scene.hourly()
    };
    scene.schedules.create(spec).await.unwrap();
    scene.advance(60);
}

async fn told(scene: &Scene) -> Vec<jobs::Model> {
    let filter = JobFilter {
        kind: Some(KIND.to_owned()),
        ..JobFilter::default()
    };
    scene.jobs.list(&filter).await.unwrap()
}

fn lines(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_is_run_once_for_each_failure_and_told_of_it() {
    let scene = Scene::new().await;
    let file = scene.folder().join("told");
    let script = format!(
        "echo \"$MANIFOLD_JOB_ID $MANIFOLD_JOB_KIND $MANIFOLD_SCHEDULE $MANIFOLD_ERROR_CODE $MANIFOLD_ERROR_MESSAGE\" >> '{}'; echo heard; echo odd >&2",
        file.display()
    );
    failing(&scene, &script).await;
    for _ in 0..3 {
        scene.worker().drain().await.unwrap();
    }
    let failed = scene.planted().await.remove(0);
    assert_eq!(failed.state, JobState::Failed);
    let line = format!("{} chore hourly broken_chore it is broken", failed.id);
    assert_eq!(lines(&file), [line]);

    let tell = told(&scene).await.remove(0);
    assert_eq!(tell.state, JobState::Completed);
    let log = scene.jobs.logs(&tell.id.parse().unwrap()).await.unwrap();
    let said: Vec<_> = log.iter().map(|l| (l.level, l.message.as_str())).collect();
    assert_eq!(said, [(LogLevel::Info, "heard"), (LogLevel::Warn, "odd")]);

    // Retried by hand and failed again: told again.
    scene.jobs.retry(&failed.id.parse().unwrap()).await.unwrap();
    scene.worker().drain().await.unwrap();
    assert_eq!(lines(&file).len(), 2);
}

#[tokio::test]
async fn a_failure_is_told_of_though_the_process_died_right_after_it() {
    let scene = Scene::new().await;
    failing(&scene, "true").await;
    scene.plant().await;
    let job = scene.planted().await.remove(0).id.parse().unwrap();
    let claim = scene.jobs.claim(&job).await.unwrap();
    let failed = Ending::Failed {
        code: "broken_chore".to_owned(),
        message: "it is broken".to_owned(),
    };
    scene.jobs.finish(&claim, &failed).await.unwrap();
    // Whatever dies now: it is written down with the failure, and once.
    let waiting = told(&scene).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].state, JobState::Pending);
    // Also without its schedule.
    scene
        .schedules
        .delete(
            &scene
                .schedules
                .find("hourly")
                .await
                .unwrap()
                .id
                .parse()
                .unwrap(),
        )
        .await
        .unwrap();
    scene.worker().drain().await.unwrap();
    assert_eq!(told(&scene).await[0].state, JobState::Completed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_fails_is_run_again_later_and_one_that_hangs_is_stopped() {
    let scene = Scene::new().await;
    failing(&scene, "exit 3").await;
    scene.worker().drain().await.unwrap();
    let tell = told(&scene).await.remove(0);
    assert_eq!((tell.state, tell.attempt), (JobState::Pending, 1));
    assert_eq!(tell.error_code.as_deref(), Some("on_failure"));
    let message = tell.error_message.unwrap();
    assert!(message.contains("exit status: 3"), "{message}");

    let scene = Scene::new().await;
    let spec = ScheduleSpec {
        job: new_job(&Chore::Fails, None).unwrap(),
        on_failure: Some(OnFailure::Command {
            command: vec!["sleep".to_owned(), "600".to_owned()],
            timeout_seconds: 1,
        }),
        ..scene.hourly()
    };
    scene.schedules.create(spec).await.unwrap();
    scene.advance(60);
    scene.worker().drain().await.unwrap();
    let tell = told(&scene).await.remove(0);
    assert_eq!(tell.error_code.as_deref(), Some("timeout"));
}

#[tokio::test]
async fn a_command_without_a_program_is_refused() {
    let scene = Scene::new().await;
    let spec = ScheduleSpec {
        on_failure: Some(OnFailure::command(Vec::new())),
        ..scene.hourly()
    };
    let refused = scene.schedules.create(spec).await.unwrap_err();
    assert!(
        matches!(refused, ScheduleError::Invalid { .. }),
        "{refused}"
    );
}
