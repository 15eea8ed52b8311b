use std::time::Duration;

use entity_core::enums::JobState;

use crate::kinds::Stepped;
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_is_done_is_not_done_again() {
    let scene = Scene::new().await;
    let testing = scene.testing();
    let steps = scene.folder.path().join("steps");
    let id = testing
        .enqueue(
            &Stepped {
                steps: steps.clone(),
                same_name: false,
            },
            None,
        )
        .await
        .unwrap();
    testing.drain().await.unwrap();
    assert_eq!(scene.job(&id).await.state, JobState::Pending);
    testing.clock().advance(Duration::from_secs(3600));
    testing.drain().await.unwrap();
    let job = scene.job(&id).await;
    assert_eq!(job.state, JobState::Completed);
    assert_eq!(job.result, Some(serde_json::json!([1, 2])));
    assert_eq!(std::fs::read_to_string(steps).unwrap(), "one\ntwo\n");
    assert_eq!(scene.jobs.steps(&id).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_steps_of_one_name_are_refused() {
    let scene = Scene::new().await;
    let testing = scene.testing();
    let steps = scene.folder.path().join("steps");
    let id = testing
        .enqueue(
            &Stepped {
                steps,
                same_name: true,
            },
            None,
        )
        .await
        .unwrap();
    testing.drain().await.unwrap();
    let job = scene.job(&id).await;
    assert_eq!(
        (job.state, job.error_code.as_deref()),
        (JobState::Failed, Some("job_step"))
    );
}
