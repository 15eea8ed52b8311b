//! Inputs whose rows are mostly written in another way than the dialect says: their bytes are kept.

use std::io::Write as _;

use entity_project::{original_parts, row_quirks};
use manifold_jobs::export::original;
use manifold_jobs::jobs::Imported;
use manifold_store::rows::{self, Effect};
use manifold_store::{CopyWatch, DatabaseManager as _, RowLog};
use proptest::prelude::*;
use sea_orm::EntityTrait as _;

use crate::store::Store;

/// A file of so many rows, of which every `nth` is written in another way.
fn file(rows: usize, nth: usize) -> String {
    let row = |row: usize| match (row % nth == nth - 1, row / nth % 4) {
        (false, _) => format!("{row},word\n"),
        (true, 0) => format!("\"{row}\",word\n"),
        (true, 1) => format!("{row},\"word\"\r\n"),
        (true, 2) => format!("\n{row},word\n"),
        (true, _) => format!("{row}\n"),
    };
    let body: String = (0..rows).map(row).collect();
    format!("id,name\n{body}")
}

/// How many parts and how many quirks the project keeps.
async fn kept(store: &Store) -> (u64, u64) {
    let spoke = store.manager.project(&store.project).await.unwrap();
    let parts = spoke.count(original_parts::Entity::find()).await.unwrap();
    (
        parts,
        spoke.count(row_quirks::Entity::find()).await.unwrap(),
    )
}

async fn bytes(store: &Store, imported: &Imported) -> Vec<u8> {
    let id = imported.snapshot_id.parse().unwrap();
    let written = original(&store.manager, &store.project, &id, Vec::new());
    written.await.unwrap()
}

async fn delete(store: &Store, imported: &Imported) {
    let snapshots = [imported.snapshot_id.parse().unwrap()];
    RowLog::new(&store.manager)
        .delete(
            &store.project,
            &store.source,
            &snapshots,
            Effect::Lasting,
            |_| {},
        )
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_a_tenth_of_the_rows_the_input_is_kept_instead() {
    let store = Store::new().await;
    let few = store.import(file(200, 10)).await;
    assert_eq!(kept(&store).await, (0, 20));
    let many = store.import(file(200, 9)).await;
    let (parts, quirks) = kept(&store).await;
    assert_eq!((parts, many.number), (1, 2));
    assert_eq!(quirks, 20, "those of the snapshot before stay");
    let again = store.import(file(201, 9)).await;
    assert_eq!(kept(&store).await, (2, 20));
    let clean = store.import(file(200, 300)).await;
    assert_eq!(kept(&store).await, (2, 20));
    let few_again = store.import(file(201, 10)).await;
    assert_eq!(kept(&store).await, (2, 40));
    for (imported, expected) in [
        (&few, file(200, 10)),
        (&many, file(200, 9)),
        (&again, file(201, 9)),
        (&clean, file(200, 300)),
        (&few_again, file(201, 10)),
    ] {
        let found = bytes(&store, imported).await;
        assert_eq!(String::from_utf8(found).unwrap(), expected);
    }
    assert!(store.import(file(201, 10)).await.unchanged);
    // Parts go with their snapshot, and only with it.
    delete(&store, &many).await;
    assert_eq!(kept(&store).await, (1, 40));
    assert_eq!(bytes(&store, &again).await, file(201, 9).as_bytes());
    delete(&store, &few_again).await;
    delete(&store, &clean).await;
    delete(&store, &again).await;
    assert_eq!(kept(&store).await, (0, 20));
    assert_eq!(bytes(&store, &few).await, file(200, 10).as_bytes());
    delete(&store, &few).await;
    assert_eq!(kept(&store).await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bytes_of_a_large_or_packed_input_are_kept_in_parts() {
    let store = Store::new().await;
    let large = file(250_000, 2);
    assert!(large.len() > 2 << 20);
    let imported = store.import(&large).await;
    assert_eq!(
        kept(&store).await,
        (large.len().div_ceil(1 << 20) as u64, 0)
    );
    assert!(bytes(&store, &imported).await == large.as_bytes());
    let part = move |connection: &rusqlite::Connection| {
        let mut sizes = Vec::new();
        rows::original_parts(connection, &imported.snapshot_id, |part| {
            sizes.push(part.len());
            std::ops::ControlFlow::Continue(())
        })?;
        Ok(sizes)
    };
    let sizes = RowLog::new(&store.manager)
        .read(&store.project, part)
        .await
        .unwrap();
    assert!(sizes.iter().sum::<usize>() < large.len() / 4, "{sizes:?}");

    let small = file(400, 3);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(small.as_bytes()).unwrap();
    let imported = store.import(packed.finish().unwrap()).await;
    assert_eq!(bytes(&store, &imported).await, small.as_bytes());
    // The later import closed no quirk, and the first one left none.
    assert_eq!(kept(&store).await.1, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_be_read_only_once_is_kept_too() {
    let store = Store::new().await;
    let path = store.folder.path().join("pipe");
    let here = rustix::fs::CWD;
    rustix::fs::mknodat(here, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    for (text, parts) in [(file(5_000, 2), 1), (file(5_001, 11), 1)] {
        let (to, sent) = (path.clone(), text.clone());
        let writer = std::thread::spawn(move || {
            let mut pipe = std::fs::OpenOptions::new().write(true).open(to).unwrap();
            pipe.write_all(sent.as_bytes()).unwrap();
        });
        let imported = store.run(store.import_of(&path)).await.outcome.unwrap();
        writer.join().unwrap();
        assert_eq!(kept(&store).await.0, parts);
        assert_eq!(bytes(&store, &imported).await, text.as_bytes());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_of_the_project_keeps_them() {
    let store = Store::new().await;
    let imported = store.import(file(100, 2)).await;
    let copy = manifold_store::Projects::new(&store.manager)
        .clone_project(&store.project, "copy", CopyWatch::unwatched())
        .await
        .unwrap();
    let copy = manifold_store::Projects::id(&copy).unwrap();
    let id = imported.snapshot_id.parse().unwrap();
    let written = original(&store.manager, &copy, &id, Vec::new())
        .await
        .unwrap();
    assert_eq!(written, file(100, 2).as_bytes());
}

/// A row, and whether it conforms.
fn row() -> impl Strategy<Value = (String, bool)> {
    let cell = "[a-z]{1,3}";
    prop_oneof![
        8 => (cell, cell).prop_map(|(a, b)| (format!("{a},{b}\n"), true)),
        1 => (cell, cell).prop_map(|(a, b)| (format!("\"{a}\",{b}\n"), false)),
        1 => (cell, cell).prop_map(|(a, b)| (format!("{a},{b}\r\n"), false)),
        1 => cell.prop_map(|a| (format!("{a}\n"), false)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_same_bytes_come_back_on_both_sides_of_the_limit(
        files in proptest::collection::vec((proptest::collection::vec(row(), 1..60), 0..3_usize), 1..4),
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let store = Store::new().await;
            let mut seen: Vec<(Imported, String)> = Vec::new();
            for (rows, more) in files {
                // Rows that conform, so that many files are below the limit.
                let padding = "pad,row\n".repeat(rows.len() * more * 4);
                let body: String = rows.iter().map(|(row, _)| row.as_str()).collect();
                let text = format!("one,two\n{padding}{body}");
                let imported = store.import(&text).await;
                seen.push((imported, text));
                for (imported, text) in &seen {
                    let found = bytes(&store, imported).await;
                    assert_eq!(&String::from_utf8(found).unwrap(), text);
                }
            }
        });
    }
}
