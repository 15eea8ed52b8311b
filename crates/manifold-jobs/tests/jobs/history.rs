//! The import history, in the project and as the hub shows it.

use entity_project::enums::ImportState;
use manifold_store::DatabaseManager as _;
use sea_orm::{EntityTrait as _, QueryOrder as _};

use crate::store::Store;

#[tokio::test(flavor = "multi_thread")]
async fn every_import_is_a_line() {
    let store = Store::new().await;
    let imported = store.import("a,b\n1,x\n2,y,z\n").await;
    store.import("a,b\n1,x\n2,y,z\n").await;
    let missing = store.folder.path().join("none.csv");
    let failed = store.run(store.import_of(&missing)).await;

    let lines = store.history().await;
    let states: Vec<_> = lines.iter().map(|line| line.state).collect();
    assert_eq!(
        states,
        [
            ImportState::Completed,
            ImportState::Unchanged,
            ImportState::Failed
        ]
    );
    for line in &lines[..2] {
        assert_eq!(
            line.snapshot_id.as_deref(),
            Some(imported.snapshot_id.as_str())
        );
        assert_eq!(
            (line.rows, line.rejected, line.error.as_deref()),
            (1, 1, None)
        );
        assert_eq!(
            (line.file_name.as_str(), line.format.as_str()),
            ("input.csv", "csv")
        );
    }
    for line in &lines {
        assert_eq!(line.source_id.as_deref(), Some(store.source.as_str()));
        assert_eq!(line.source_name, "s");
        assert!(line.finished_at.unwrap() >= line.started_at);
    }
    assert_eq!(lines[2].job_id.as_deref(), Some(failed.job.id.as_str()));
    assert_eq!((lines[2].snapshot_id.as_ref(), lines[2].rows), (None, 0));
    assert!(lines[2].error.as_deref().unwrap().contains("none.csv"));

    let by_time = entity_core::import_history::Entity::find()
        .order_by_asc(entity_core::import_history::Column::StartedAt);
    let shown = store.manager.core().all(by_time).await.unwrap();
    let ids = |line: &entity_core::import_history::Model| {
        (line.id.clone(), line.finished_at, line.error.clone())
    };
    let in_project: Vec<_> = lines
        .iter()
        .map(|line| (line.id.clone(), line.finished_at, line.error.clone()))
        .collect();
    assert_eq!(shown.iter().map(ids).collect::<Vec<_>>(), in_project);
}
