//! Exports that are stopped, refused, or of what was imported long ago.

use super::*;

fn names(folder: &Path) -> Vec<PathBuf> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_or_refused_leaves_nothing() {
    let store = Store::new().await;
    let folder = tempfile::tempdir().unwrap();
    let imported = store.import("id\n1\n2\n").await;
    let rows = of_snapshot(&imported.snapshot_id);
    for format in ExportFormat::ALL {
        let job = export(&store, rows.clone(), format, &folder.path().join("out"));
        let cancel = CancellationToken::new();
        cancel.cancel();
        let (observer, _) = Observer::new(cancel);
        let finished = run_foreground(&store.manager, job, None, observer)
            .await
            .unwrap();
        assert!(
            matches!(finished.outcome, Err(JobError::Cancelled)),
            "{format}"
        );
        assert_eq!(names(folder.path()), Vec::<PathBuf>::new(), "{format}");
    }
    let inside = store.manager.layout().root().join("out.csv");
    for (path, code) in [
        (folder.path().to_owned(), "file_is_folder"),
        (folder.path().join("none/out.csv"), "io"),
        (inside, "invalid_value"),
    ] {
        let failed = run(
            &store,
            export(&store, rows.clone(), ExportFormat::Csv, &path),
        )
        .await;
        assert_eq!(failed.unwrap_err().code(), code, "{}", path.display());
    }
    let gone = export(
        &store,
        of_snapshot("0198f3c1d2e47a6b8c9d0e1f2a3b4c5d"),
        ExportFormat::Csv,
        &folder.path().join("out.csv"),
    );
    assert_eq!(run(&store, gone).await.unwrap_err().code(), "not_found");
    assert_eq!(names(folder.path()), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_not_needed_to_export_what_was_imported_before() {
    let store = Store::new().await;
    let folder = tempfile::tempdir().unwrap();
    let first = store.import("id\n1\n").await;
    let second = store.import("id\n2\n").await;
    let path = folder.path().join("s.csv");
    for (imported, text) in [(&first, "id\n1\n"), (&second, "id\n2\n")] {
        let rows = of_snapshot(&imported.snapshot_id);
        run(&store, export(&store, rows, ExportFormat::Csv, &path))
            .await
            .unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    let original = ExportedRows::Original {
        snapshot_id: first.snapshot_id.parse().unwrap(),
    };
    let exported = run(&store, export(&store, original, ExportFormat::Csv, &path))
        .await
        .unwrap();
    assert_eq!((exported.rows, exported.original), (1, true));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "id\n1\n");
    let sources = DataSources::new(store.manager.clone());
    assert_eq!(sources.list(&store.project).await.unwrap().len(), 1);
}
