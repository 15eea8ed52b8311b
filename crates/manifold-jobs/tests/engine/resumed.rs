//! The first import into a source goes on with the rows that a dead attempt has stored.
#![cfg(unix)]

use entity_core::enums::JobState;
use entity_project::{data_sources, import_history, source_columns};
use manifold_jobs::WorkerOptions;
use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::ImportFile;
use manifold_store::{DatabaseManager as _, ImportSource, RowLog, rows};
use sea_orm::EntityTrait as _;

use crate::processes::{Orders, is_reached};
use crate::scene::Scene;

#[tokio::test(flavor = "multi_thread")]
async fn a_first_import_goes_on_with_what_a_dead_attempt_stored() {
    let scene = Scene::new().await;
    let project = scene.project().await;
    let path = scene.folder.path().join("t.csv");
    let lines: String = (0..2_000).map(|row| format!("{row},v{row}\n")).collect();
    std::fs::write(&path, format!("id,v\n{lines}")).unwrap();
    let import = ImportFile {
        target: ImportTarget {
            project_id: project.clone(),
            source: ImportSource::Named("t".to_owned()),
            key_columns: Vec::new(),
            always: false,
            typing: Default::default(),
            renames: Vec::new(),
        },
        file: InputFile {
            path,
            ..InputFile::default()
        },
        file_name: "t.csv".to_owned(),
        naming: TableNaming::default(),
    };
    let id = scene.submit(&import, Some(&project)).await;
    let waits = scene.folder.path().join("signal");
    let orders = Orders {
        waits_at: Some(("import-batch-committed".to_owned(), waits.clone())),
        ..Orders::new(scene.folder.path(), 1)
    };
    let mut child = orders.spawn();
    while !is_reached(&waits) {
        assert!(
            child.try_wait().unwrap().is_none(),
            "it went past the point"
        );
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let spoke = scene.manager.project(&project).await.unwrap();
    let begun = spoke.all(data_sources::Entity::find()).await.unwrap();
    assert_eq!(begun.len(), 1, "it was made for the import");

    scene
        .worker(WorkerOptions::default())
        .drain()
        .await
        .unwrap();
    let job = scene.job(&id).await;
    assert_eq!((job.state, job.attempt), (JobState::Completed, 2));
    let sources = spoke.all(data_sources::Entity::find()).await.unwrap();
    assert_eq!(sources.len(), 1);
    assert_eq!(sources[0].id, begun[0].id, "the same source");
    // Begun anew its columns would have other numbers, which are never used again.
    let columns = spoke.all(source_columns::Entity::find()).await.unwrap();
    let numbers: Vec<_> = columns.iter().map(|column| column.phys).collect();
    assert_eq!(numbers, [1, 2]);
    assert_eq!(
        sources[0].next_phys, 4,
        "one was given up when the second attempt took over"
    );
    let source = sources[0].id.clone();
    let log = RowLog::new(&scene.manager);
    let read = log.read(&project, move |connection| {
        let latest = rows::latest(connection, &source)?.unwrap();
        let mut stored = Vec::new();
        rows::read(connection, &latest, None, None, |_, row, _| {
            stored.push(format!("{:?},{:?}", row.cell(0), row.cell(1)));
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(stored)
    });
    let stored = read.await.unwrap();
    let wanted = |row: i64| {
        let text = format!("v{row}");
        format!(
            "{:?},{:?}",
            rows::Cell::Int(row),
            rows::Cell::Text(text.as_bytes())
        )
    };
    assert_eq!(stored, (0..2_000).map(wanted).collect::<Vec<_>>());
    let history = spoke.all(import_history::Entity::find()).await.unwrap();
    assert_eq!(history.len(), 2, "a line for each attempt");
}
