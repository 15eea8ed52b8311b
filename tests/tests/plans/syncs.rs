//! What syncs of sources run.

use std::sync::Arc;

use manifold_jobs::jobs::SyncSource;
use manifold_jobs::sync::{MaxDeletes, SyncMode, SyncRequest};
use manifold_jobs::{Observer, run_foreground};
use manifold_store::{DataSources, NewSource, ProjectId, SourceId, SqliteManager, SyncStates};

/// Syncs a copy of the source `keyed`: for the first time, when nothing has changed, and with all rows laid over those that came before.
pub(crate) async fn syncs(manager: &Arc<SqliteManager>, project: &ProjectId) {
    let new = NewSource {
        config: serde_json::json!({ "from": { "source": "keyed" } }),
        key_columns: vec!["id".to_owned()],
        ..NewSource::file("copy of keyed")
    };
    let sources = DataSources::new(manager.clone());
    let made = sources.create(project, new);
    let source: SourceId = made.await.unwrap().id.parse().unwrap();
    for (mode, whole) in [(None, false), (None, false), (Some(SyncMode::Append), true)] {
        let request = SyncRequest {
            mode,
            whole,
            max_deletes: MaxDeletes::ALL,
            ..SyncRequest::new(project.clone(), source.clone())
        };
        let (job, project) = (SyncSource { request }, Some(project.clone()));
        let run = run_foreground(manager, job, project, Observer::default());
        run.await.unwrap().outcome.unwrap();
    }
    let states = SyncStates::new(manager.clone());
    assert_eq!(states.list(project).await.unwrap().len(), 1);
}
