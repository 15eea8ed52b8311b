use manifold_store::{DatabaseManager as _, Ending, Fence, FenceError, NewJob, StepCursor};

use crate::scene::{Scene, job_of};

#[tokio::test]
async fn what_a_step_came_to_is_remembered_until_it_is_forgotten() {
    let scene = Scene::new().await;
    let project = scene.store.project("p").await;
    let id = scene
        .add(NewJob {
            max_attempts: 3,
            ..job_of(&project)
        })
        .await;
    let first = scene.next().await.unwrap();
    assert_eq!(scene.jobs.step_output(&id, "names").await.unwrap(), None);
    scene
        .jobs
        .remember_step(&first, "names", serde_json::json!(["a"]))
        .await
        .unwrap();
    scene
        .jobs
        .remember_step(&first, "names", serde_json::json!(["a", "b"]))
        .await
        .unwrap();

    let spoke = scene.store.manager.project(&project).await.unwrap();
    let cursor = StepCursor {
        cursor: 7.into(),
        input: None,
    };
    let write = async |claim| -> Result<Option<StepCursor>, FenceError> {
        spoke
            .write(async |transaction| {
                let fence = Fence::raise(transaction, claim, "rows").await?;
                let before = fence.cursor(transaction).await?;
                fence.advance(transaction, &cursor).await?;
                Ok(before)
            })
            .await
    };
    assert_eq!(write(&first).await.unwrap(), None);
    scene
        .jobs
        .finish(&first, &Ending::Interrupted)
        .await
        .unwrap();

    let second = scene.next().await.unwrap();
    let names = scene.jobs.step_output(&id, "names").await.unwrap();
    assert_eq!(names, Some(serde_json::json!(["a", "b"])));
    assert_eq!(scene.jobs.steps(&id).await.unwrap().len(), 1);
    assert_eq!(write(&second).await.unwrap().as_ref(), Some(&cursor));
    assert!(matches!(
        write(&first).await,
        Err(FenceError::Overtaken { .. })
    ));
    scene
        .jobs
        .finish(&second, &Ending::Interrupted)
        .await
        .unwrap();

    let third = scene.next().await.unwrap();
    scene.jobs.forget_steps(&third).await.unwrap();
    assert_eq!(scene.jobs.step_output(&id, "names").await.unwrap(), None);
    assert_eq!(write(&third).await.unwrap(), None);
}
