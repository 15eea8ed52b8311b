//! Making projects, ready to use: one after the other, and several at a time.

use std::sync::Arc;

use manifold_store::{
    DatabaseManager as _, NewProject, ProjectDatabase, ProjectId, Projects, SqliteManager,
};
use serde_json::json;

use super::meter::{Meter, timed};

/// A project that stays open.
pub(crate) struct Open {
    pub(crate) id: ProjectId,
    /// The ids of its data sources.
    pub(crate) sources: Vec<String>,
    /// While it is held the project is not closed.
    _spoke: ProjectDatabase,
}

pub(crate) async fn make(manager: &Arc<SqliteManager>, name: String) -> Open {
    let new = NewProject {
        name,
        description: Some("d".to_owned()),
    };
    let made = Projects::new(manager).create(new).await.unwrap();
    let id = Projects::id(&made).unwrap();
    let spoke = manager.project(&id).await.unwrap();
    Open {
        id,
        sources: Vec::new(),
        _spoke: spoke,
    }
}

/// Step a.
pub(crate) async fn create(manager: &Arc<SqliteManager>, meter: &Meter, count: usize) -> Vec<Open> {
    let mut opened = Vec::with_capacity(count);
    let mut step = meter.step("a_create_project");
    for number in 0..count {
        opened.push(step.time(make(manager, format!("Project {number}"))).await);
    }
    step.end(&json!({}));
    opened
}

/// Step a, by several creators at a time.
pub(crate) async fn create_in_parallel(
    manager: &Arc<SqliteManager>,
    meter: &Meter,
    count: usize,
    creators: usize,
) {
    let mut step = meter.step("a8_create_project");
    let tasks: Vec<_> = (0..creators)
        .map(|creator| {
            let manager = manager.clone();
            tokio::spawn(async move {
                let mut made = Vec::new();
                for number in (creator..count).step_by(creators) {
                    made.push(timed(make(&manager, format!("Parallel {number}"))).await);
                }
                made
            })
        })
        .collect();
    let mut opened = Vec::with_capacity(count);
    for task in tasks {
        for (project, took) in task.await.unwrap() {
            step.push(took);
            opened.push(project);
        }
    }
    step.end_parallel(&json!({ "creators": creators }));
}
