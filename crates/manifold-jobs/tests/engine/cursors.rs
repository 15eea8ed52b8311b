//! Steps that go on where an attempt stopped.
#![cfg(unix)]

use std::path::PathBuf;
use std::time::Duration;

use entity_core::enums::JobState;
use entity_project::consolidated_models;
use manifold_jobs::rescue_dead;
use manifold_store::{DatabaseManager as _, JobId, ProjectId};
use sea_orm::{EntityTrait as _, QueryOrder as _};

use crate::kinds::Copy;
use crate::processes::{ended, spawn};
use crate::scene::Scene;

const LINES: usize = 60;

async fn copied(scene: &Scene, project: &ProjectId) -> Vec<consolidated_models::Model> {
    let by_time =
        consolidated_models::Entity::find().order_by_asc(consolidated_models::Column::CreatedAt);
    let spoke = scene.manager.project(project).await.unwrap();
    spoke.all(by_time).await.unwrap()
}

/// A copy that was killed on its way: the store, the project, the job and the file.
async fn killed_on_its_way() -> (Scene, ProjectId, JobId, PathBuf) {
    let scene = Scene::new().await;
    let project = scene.project().await;
    let file = scene.folder.path().join("lines");
    std::fs::write(
        &file,
        (0..LINES)
            .map(|n| format!("line {n:03}\n"))
            .collect::<String>(),
    )
    .unwrap();
    let copy = Copy {
        file: file.clone(),
        pause_ms: 20,
    };
    let id = scene.submit(&copy, Some(&project)).await;
    let mut child = spawn(scene.folder.path(), 1);
    while copied(&scene, &project).await.len() < 5 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let rescued = rescue_dead(&scene.manager).await.unwrap();
    assert_eq!(rescued[0].state, JobState::Pending);
    (scene, project, id, file)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_goes_on_where_a_killed_process_stopped() {
    let (scene, project, id, _) = killed_on_its_way().await;
    let before = copied(&scene, &project).await.len();
    assert!(before < LINES);
    assert!(ended(spawn(scene.folder.path(), 1)).await.success());
    let job = scene.job(&id).await;
    assert_eq!(job.state, JobState::Completed, "{:?}", job.error_message);
    assert_eq!(
        job.result,
        Some(serde_json::json!(LINES - before)),
        "it did the rest only"
    );
    let rows = copied(&scene, &project).await;
    let names: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
    let expected: Vec<String> = (0..LINES).map(|n| format!("line {n:03}")).collect();
    assert_eq!(names, expected);
    let by_first = rows.iter().filter(|row| row.id.starts_with("1-")).count();
    assert_eq!(by_first, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_does_not_go_on_with_another_file() {
    let (scene, project, id, file) = killed_on_its_way().await;
    let before = copied(&scene, &project).await;
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("line 001", "line one")).unwrap();
    assert!(ended(spawn(scene.folder.path(), 1)).await.success());
    let job = scene.job(&id).await;
    assert_eq!(
        (job.state, job.error_code.as_deref()),
        (JobState::Failed, Some("input_changed"))
    );
    let message = job.error_message.unwrap();
    assert!(message.contains("its beginning is another"), "{message}");
    assert_eq!(copied(&scene, &project).await, before);
}
