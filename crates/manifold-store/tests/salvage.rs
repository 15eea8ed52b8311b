//! What can be read of a damaged project is salvaged, whatever part of the file is lost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

mod support;
#[path = "support/text_records.rs"]
mod text_records;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use entity_project::data_sources;
use manifold_store::rows::{self, ImportOptions, Unwatched};
use manifold_store::{
    DataSources, DatabaseManager as _, Doctor, NewSource, ProjectId, Quarantine, RowLog, Salvage,
    SalvageError, Salvaged, SnapshotId, Timestamp,
};
use support::Store;
use text_records::TextRecords;

const PAGE: usize = 4_096;
const ROWS: usize = 3_000;

/// A project with two sources of 3,000 rows each, closed: its id and its file.
async fn large(store: &Store) -> (ProjectId, PathBuf) {
    large_named(store, "sales").await
}

async fn large_named(store: &Store, name: &str) -> (ProjectId, PathBuf) {
    let id = store.project(name).await;
    for name in ["orders", "customers"] {
        let source = DataSources::new(store.manager.clone())
            .create(&id, NewSource::file(name))
            .await
            .unwrap();
        import(store, &id, &source, 0..ROWS).await;
    }
    assert!(store.manager.close(&id).await.unwrap());
    let path = store.manager.layout().spoke(&id.namespace());
    (id, path)
}

/// Imports the rows with these numbers.
async fn import(
    store: &Store,
    project: &ProjectId,
    source: &data_sources::Model,
    numbers: impl Iterator<Item = usize>,
) {
    let cells: Vec<[String; 2]> = numbers
        .map(|row| [format!("{} {row}", source.name), "x".repeat(40)])
        .collect();
    let cells: Vec<[&str; 2]> = cells
        .iter()
        .map(|[a, b]| [a.as_str(), b.as_str()])
        .collect();
    let rows: Vec<&[&str]> = cells.iter().map(|row| &row[..]).collect();
    let options = ImportOptions::new(SnapshotId::new().to_string(), Timestamp::now());
    RowLog::new(&store.manager)
        .import(
            project,
            &source.id.parse().unwrap(),
            TextRecords::new(&["a", "b"], &rows),
            options,
            Unwatched,
            |_| {},
        )
        .await
        .unwrap();
}

/// The pages of a table or index that are leaves or inside of its tree, in the order of the tree.
fn pages_of(path: &Path, name: &str) -> Vec<usize> {
    let connection = rusqlite::Connection::open_with_flags_and_vfs(
        path,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    let root: i64 = connection
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = ?",
            [name],
            |row| row.get(0),
        )
        .unwrap();
    let bytes = std::fs::read(path).unwrap();
    let mut found = Vec::new();
    let mut open = vec![usize::try_from(root).unwrap()];
    while let Some(page) = open.pop() {
        found.push(page);
        let at = (page - 1) * PAGE;
        let header = at + if page == 1 { 100 } else { 0 };
        let short = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
        let long = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        if matches!(bytes[header], 2 | 5) {
            open.push(long(header + 8));
            for cell in (0..short(header + 3)).rev() {
                open.push(long(at + short(header + 12 + 2 * cell)));
            }
        }
    }
    found
}

fn spoil(path: &Path, pages: &[usize], with: u8) {
    let mut bytes = std::fs::read(path).unwrap();
    for page in pages {
        bytes[(page - 1) * PAGE..page * PAGE].fill(with);
    }
    std::fs::write(path, bytes).unwrap();
}

async fn salvage(store: &Store, id: &ProjectId) -> Result<Salvaged, SalvageError> {
    Salvage::new(&store.manager).as_new(id, "salvaged").await
}

fn table(salvaged: &Salvaged, name: &str) -> (u64, Option<u64>) {
    let table = salvaged
        .tables
        .iter()
        .find(|table| table.name == name)
        .unwrap();
    (table.saved, table.lost)
}

/// The first column of a source of the salvaged project, which is sound.
async fn values(store: &Store, salvaged: &Salvaged, view: &str) -> BTreeSet<String> {
    let id: ProjectId = salvaged.project.id.parse().unwrap();
    store.manager.project(&id).await.unwrap();
    let path = store.manager.layout().spoke(&id.namespace());
    let shell = rusqlite::Connection::open_with_flags_and_vfs(
        path,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    let check: String = shell
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok");
    let mut statement = shell.prepare(&format!("SELECT a FROM {view}")).unwrap();
    statement
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn all(name: &str) -> BTreeSet<String> {
    (0..ROWS).map(|row| format!("{name} {row}")).collect()
}

#[tokio::test]
async fn rows_whose_order_is_lost_stand_in_natural_order() {
    let store = support::store().await;
    let (id, path) = large(&store).await;
    let source = DataSources::new(store.manager.clone())
        .find(&id, "orders")
        .await
        .unwrap();
    import(&store, &id, &source, (0..ROWS).rev()).await;
    assert!(store.manager.close(&id).await.unwrap());
    spoil(&path, &pages_of(&path, "row_orders"), 0xA5);
    let salvaged = salvage(&store, &id).await.unwrap();
    let salvaged: ProjectId = salvaged.project.id.parse().unwrap();
    let read = RowLog::new(&store.manager)
        .read(&salvaged, move |connection| {
            let latest = rows::latest(connection, &source.id)?.unwrap();
            let mut read = Vec::new();
            rows::read(connection, &latest, None, None, |_, row, _| {
                read.push(format!("{:?}", row.cell(0)));
                ControlFlow::Continue(())
            })?;
            Ok(read)
        })
        .await
        .unwrap();
    let expected: Vec<String> = (0..ROWS)
        .map(|row| format!("{:?}", rows::Cell::Text(format!("orders {row}").as_bytes())))
        .collect();
    assert_eq!(read, expected);
}

#[tokio::test]
async fn rows_around_damaged_pages_are_saved() {
    for with in [0, 0xA5] {
        let store = support::store().await;
        let (id, path) = large(&store).await;
        let sound = std::fs::read(&path).unwrap();
        let leaves = pages_of(&path, "d1");
        let count = leaves.len();
        // One in the middle, two neighbours, and the last one.
        let spoilt = [leaves[count / 2], leaves[5], leaves[6], leaves[count - 1]];
        spoil(&path, &spoilt, with);
        let damaged = std::fs::read(&path).unwrap();
        assert_ne!(sound, damaged);

        let salvaged = salvage(&store, &id).await.unwrap();
        assert_eq!(
            std::fs::read(&salvaged.damaged).unwrap(),
            damaged,
            "the damaged file was changed"
        );
        let kept = values(&store, &salvaged, "orders").await;
        let (saved, lost) = table(&salvaged, "d1");
        assert_eq!(kept.len() as u64, saved);
        assert!(kept.is_subset(&all("orders")));
        // Exactly the rows of those pages are lost.
        let on = |page: usize| {
            let at = (page - 1) * PAGE;
            assert_eq!(sound[at], 13, "no leaf");
            usize::from(u16::from_be_bytes([sound[at + 3], sound[at + 4]]))
        };
        let gone: usize = spoilt.iter().map(|page| on(*page)).sum();
        assert_eq!(kept.len(), ROWS - gone);
        // The last page is among the damaged ones: nobody knows what came behind it.
        assert_eq!(lost, None);
        assert_eq!(
            values(&store, &salvaged, "customers").await,
            all("customers")
        );
        assert_eq!(table(&salvaged, "d2"), (ROWS as u64, Some(0)));
        assert_eq!(salvaged.project.row_count, (kept.len() + ROWS) as i64);
        assert!(
            Quarantine::new(store.manager.layout())
                .project(&id)
                .unwrap()
                .is_some()
        );
    }
}

#[tokio::test]
async fn rows_without_their_sources_get_them_back() {
    let store = support::store().await;
    let (id, path) = large(&store).await;
    spoil(&path, &pages_of(&path, "data_sources"), 0);
    let salvaged = salvage(&store, &id).await.unwrap();
    assert_eq!(values(&store, &salvaged, "orders").await, all("orders"));
    assert_eq!(
        values(&store, &salvaged, "customers").await,
        all("customers")
    );
    // What is published is found in the snapshots, and a project without its own row gets that of the hub.
    for table in ["published", "project"] {
        let again = large_named(&store, table).await;
        spoil(&again.1, &pages_of(&again.1, table), 0xA5);
        let salvaged = Salvage::new(&store.manager)
            .as_new(&again.0, &format!("{table} salvaged"))
            .await
            .unwrap();
        assert_eq!(values(&store, &salvaged, "orders").await, all("orders"));
    }
}

#[tokio::test]
async fn a_damaged_index_costs_no_row() {
    let store = support::store().await;
    let (id, path) = large(&store).await;
    for index in [
        "sqlite_autoindex_snapshots_1",
        "sqlite_autoindex_data_sources_1",
    ] {
        spoil(&path, &pages_of(&path, index), 0);
    }
    let salvaged = salvage(&store, &id).await.unwrap();
    assert!(
        salvaged.tables.iter().all(|table| table.lost == Some(0)),
        "{:#?}",
        salvaged.tables
    );
    assert_eq!(values(&store, &salvaged, "orders").await, all("orders"));
}

#[tokio::test]
async fn the_list_of_tables_is_put_together_again() {
    let store = support::store().await;
    let (id, path) = large(&store).await;
    let sound = std::fs::read(&path).unwrap();
    let mut schema = pages_of_schema(&sound);
    schema.push(1);
    // The first page, with the header of the file; then each other one that lists tables.
    schema.sort_unstable();
    let mut whole = 0;
    for page in &schema {
        std::fs::write(&path, &sound).unwrap();
        spoil(&path, &[*page], 0);
        let salvaged = Salvage::new(&store.manager)
            .as_new(&id, &format!("salvaged {page}"))
            .await
            .unwrap();
        let saved: u64 = salvaged.tables.iter().map(|table| table.saved).sum();
        whole += usize::from(
            table_or_none(&salvaged, "d1") == Some(ROWS as u64) && saved > 2 * ROWS as u64,
        );
        if *page == 1 {
            assert_eq!(values(&store, &salvaged, "orders").await, all("orders"));
            assert_eq!(
                values(&store, &salvaged, "customers").await,
                all("customers")
            );
        }
    }
    // Only the page that lists the tables of rows themselves takes them with it.
    assert!(whole + 1 >= schema.len(), "{whole} of {}", schema.len());
}

fn table_or_none(salvaged: &Salvaged, name: &str) -> Option<u64> {
    let table = salvaged.tables.iter().find(|table| table.name == name);
    table.map(|table| table.saved)
}

/// The pages below the first one.
fn pages_of_schema(bytes: &[u8]) -> Vec<usize> {
    assert_eq!(bytes[100], 5, "the schema fits on one page");
    let short = |at: usize| usize::from(u16::from_be_bytes([bytes[at], bytes[at + 1]]));
    let long = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    let mut pages: Vec<usize> = (0..short(103))
        .map(|cell| long(short(112 + 2 * cell)))
        .collect();
    pages.push(long(108));
    pages
}

#[tokio::test]
async fn every_page_may_be_lost() {
    let store = support::store().await;
    let (id, path) = large(&store).await;
    let sound = std::fs::read(&path).unwrap();
    let pages = sound.len() / PAGE;
    // Pages of the catalogue, and of the rows.
    for page in (1..=pages).filter(|page| *page < 60 && page % 3 == 0 || page % 37 == 0) {
        std::fs::write(&path, &sound).unwrap();
        spoil(&path, &[page], 0xA5);
        match Salvage::new(&store.manager)
            .as_new(&id, &format!("page {page}"))
            .await
        {
            Ok(salvaged) => {
                let kept = salvaged.tables.iter().map(|table| table.saved).sum::<u64>();
                assert!(
                    kept + 400 >= 2 * ROWS as u64 || page < 60,
                    "page {page}: {kept}"
                );
                let new: ProjectId = salvaged.project.id.parse().unwrap();
                store.manager.project(&new).await.unwrap();
            }
            Err(SalvageError::Sound) => {} // a page that nothing uses
            Err(error) => panic!("page {page}: {error}"),
        }
        if !path.exists() {
            std::fs::write(&path, &sound).unwrap();
        }
    }
    let left = Doctor::new(&store.manager).examine().await.unwrap();
    assert!(left.ok, "{left:#?}");
}

#[tokio::test]
async fn a_sound_project_and_one_without_a_file_are_left_alone() {
    let store = support::store().await;
    let (id, path) = large(&store).await;
    assert!(matches!(
        salvage(&store, &id).await,
        Err(SalvageError::Sound)
    ));
    std::fs::write(&path, vec![0xA5; 40_000]).unwrap();
    let error = salvage(&store, &id).await.unwrap_err();
    assert!(matches!(error, SalvageError::Nothing { .. }), "{error:?}");
    std::fs::remove_dir_all(store.manager.layout().quarantine()).unwrap();
    let error = salvage(&store, &id).await.unwrap_err();
    assert_eq!(error.code(), "project_file_missing");
}
