//! Exports that die.

use manifold_jobs::export::{ExportFormat, ExportRequest, ExportedRows};
use manifold_jobs::jobs::ExportData;
use manifold_jobs::{Observer, run_foreground};

use super::csv;
use super::stage::Stage;
use super::work::Work;
use crate::store::Store;

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_dies_anywhere_leaves_the_old_file_or_the_new_one() {
    for (format, file) in [
        (ExportFormat::Csv, "out.csv"),
        (ExportFormat::Sqlite, "out.sqlite"),
    ] {
        let store = Store::new().await;
        let old = store.import(csv(1)).await;
        let export = |snapshot: &str, folder: &std::path::Path| ExportData {
            request: ExportRequest {
                project_id: store.project.clone(),
                rows: ExportedRows::Snapshot {
                    snapshot_id: snapshot.parse().unwrap(),
                },
                format,
            },
            to: folder.join(file).into(),
            described: true,
            follows: None,
        };
        let first = export(&old.snapshot_id, store.folder.path());
        let project = Some(store.project.clone());
        let done = run_foreground(&store.manager, first, project, Observer::default()).await;
        done.unwrap().outcome.unwrap();
        let new = store.import(csv(2)).await;
        let export = export(&new.snapshot_id, store.folder.path());
        let mut stage = Stage::of(&format!("an export to {file}"), store, None).await;
        stage.file = Some(file);
        stage
            .survives(|folder| {
                let to = folder.join(file).into();
                Work::Export(ExportData {
                    to,
                    ..export.clone()
                })
            })
            .await;
    }
}
