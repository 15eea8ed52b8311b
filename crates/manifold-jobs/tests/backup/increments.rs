//! Incremental backups: what is shared, what is written anew, and that each comes back by itself.

use std::path::{Path, PathBuf};

use entity_core::TableCount;
use entity_core::backups;
use entity_core::enums::BackupType;
use manifold_jobs::backup::{BackupSource, Manifest};
use manifold_jobs::jobs::{BackupProject, RestoreTarget};
use manifold_store::{
    Contents, DatabaseId, DatabaseManager as _, ProjectId, StoreError, TableKind, rows,
};

use crate::store::{Store, as_new, id, place};

/// Everything of a project that is published, and nothing else: each table of the catalogue but the project's
/// identity, and of each source the rows and closes that its snapshots have.
pub async fn published(store: &Store, project: &ProjectId) -> Vec<TableCount> {
    let which = DatabaseId::Project(project.clone());
    let frozen = store.manager.freeze(which).await.unwrap();
    let mut found = Vec::new();
    for table in frozen.tables(Contents::WithData).unwrap() {
        if table.kind == TableKind::Catalogue && table.name != "project" {
            found.push(frozen.hash(&table).unwrap());
        }
    }
    let each = || Ok::<_, StoreError>(());
    for source in frozen.row_sources().unwrap() {
        let table = &source.table.name;
        let rows = frozen
            .digest_rows(table, &source.columns, &(1..=source.rid_hi), each)
            .unwrap();
        let closes = frozen
            .digest_closes(table, &(1..=source.seq), each)
            .unwrap();
        for (what, count) in [("rows", rows), ("closes", closes)] {
            found.push(TableCount {
                name: format!("{what} of {table}: {}", source.table.columns.join(" ")),
                rows: count.rows,
                hash: count.hash,
            });
        }
    }
    found
}

pub fn manifest(backup: &backups::Model) -> Manifest {
    let source = BackupSource::open(Path::new(&backup.location)).unwrap();
    source.manifest().clone()
}

/// A file with an id and three other columns; `version` says which of the rows are others.
pub fn csv(rows: std::ops::Range<u64>, version: u64, share: u64) -> String {
    let mut text = "id,name,amount,city\n".to_owned();
    for id in rows {
        let changed = if share > 0 && id % share == 7 % share {
            version
        } else {
            0
        };
        let mixed = (id + changed * 977).wrapping_mul(2_654_435_761) % 1_000_003;
        let city = ["Ulm", "Jena", "Kiel", "Trier"][(mixed % 4) as usize];
        text.push_str(&format!("{id},name {mixed},{}.25,{city}\n", mixed % 777));
    }
    text
}

pub async fn latest(store: &Store, source: &str) -> (String, String) {
    let source = store.sources().find(&store.project, source).await.unwrap();
    let connection = store.connection();
    let latest = rows::latest(&connection, &source.id).unwrap().unwrap();
    (source.id, latest.id)
}

pub async fn delete_snapshot(store: &Store, source: &str, id: &str) {
    let source = store.sources().find(&store.project, source).await.unwrap();
    rows::delete(
        &store.connection(),
        &source.id,
        &[id.to_owned()],
        rows::Effect::Lasting,
        &|_| Ok(()),
    )
    .unwrap();
}

pub async fn back_up(store: &Store) -> backups::Model {
    store.back_up(BackupType::Incremental).await
}

pub async fn comes_back(
    store: &Store,
    backup: &backups::Model,
    expected: &[TableCount],
    what: &str,
) {
    let restored = store
        .restore(place(backup), as_new(&format!("{what} {}", backup.id)))
        .await
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    assert_eq!(published(store, &id(&restored)).await, expected, "{what}");
}

pub fn segments(store: &Store) -> Vec<PathBuf> {
    let folder = store.manager.layout().backups().join("segments");
    let folder = folder.join(store.project.namespace());
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn an_increment_writes_what_is_new_and_comes_back_alone() {
    let store = Store::new().await;
    store.import("a", &csv(0..60_000, 0, 0)).await;
    let first = back_up(&store).await;
    let whole = manifest(&first);
    let size = whole.new_bytes();
    assert_eq!(first.size_bytes.unwrap().unsigned_abs(), size);
    let small = |backup: &backups::Model, what: &str| {
        let manifest = manifest(backup);
        let new = manifest.new_bytes();
        assert!(new * 100 <= size * 3, "{what}: {new} of {size} bytes");
    };

    let unchanged = back_up(&store).await;
    small(&unchanged, "nothing");
    let new: Vec<_> = manifest(&unchanged).rows;
    assert_eq!(new, whole.rows);

    store.import("a", &csv(0..60_000, 1, 100)).await;
    let (_, middle) = latest(&store, "a").await;
    let second = back_up(&store).await;
    small(&second, "1 %");
    let state = published(&store, &store.project).await;
    comes_back(&store, &second, &state, "1 %").await;
    assert!(store.verify(&second).await.ok);

    store.import("a", &csv(0..60_000, 2, 100)).await;
    delete_snapshot(&store, "a", &middle).await;
    let third = back_up(&store).await;
    small(&third, "pruned");
    let state = published(&store, &store.project).await;
    comes_back(&store, &third, &state, "pruned").await;

    let (_, last) = latest(&store, "a").await;
    delete_snapshot(&store, "a", &last).await;
    store.import("a", &csv(0..60_000, 3, 100)).await;
    let fourth = back_up(&store).await;
    small(&fourth, "undone and imported");
    let state = published(&store, &store.project).await;
    comes_back(&store, &fourth, &state, "undone").await;

    // The first is still what it was, without any of the others.
    for later in [unchanged, second, third] {
        store.delete(&later).await;
    }
    store.collect(std::slice::from_ref(&fourth)).await.unwrap();
    assert!(store.verify(&first).await.ok);
    assert!(store.verify(&fourth).await.ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_cell_comes_back() {
    let store = Store::rich().await;
    // Rows of a snapshot: what no snapshot shows is not saved.
    store.sql(
        "DELETE FROM d1 WHERE _rid > 1000;
         UPDATE d1 SET c1 = -9223372036854775808, c2 = 5e-324, c3 = -0.0, c4 = 9e999 WHERE _rid = 4;
         UPDATE d1 SET c1 = x'', c2 = x'00ff', c3 = CAST(x'ff00fe' AS TEXT), c4 = CAST(x'610062' AS TEXT) WHERE _rid = 5;
         UPDATE d1 SET c1 = '', c2 = NULL, c3 = '1', c4 = 0.1, _pos = -1e300 WHERE _rid = 6",
    );
    let state = published(&store, &store.project).await;
    let (schema, views) = (
        store.schema(&store.project).await,
        store.views(&store.project).await,
    );
    let backup = back_up(&store).await;
    assert!(backup.compressed && backup.with_data);
    assert_eq!(backup.data_source_count, Some(3));
    assert!(store.verify(&backup).await.ok);
    let restored = store.restore(place(&backup), as_new("back")).await.unwrap();
    let project = id(&restored);
    assert_eq!(published(&store, &project).await, state);
    assert_eq!(store.schema(&project).await, schema);
    assert_eq!(store.views(&project).await, views);
    store
        .restore(place(&backup), RestoreTarget::InPlace)
        .await
        .unwrap();
    assert_eq!(published(&store, &store.project).await, state);
    // What was replaced is compared, and nothing of it is written again.
    let again = back_up(&store).await;
    let (before, after) = (manifest(&backup), manifest(&again));
    assert_ne!(before.project_epoch, after.project_epoch);
    assert_eq!(before.rows, after.rows);

    let mut bare = BackupProject::new(store.project.clone(), BackupType::Incremental);
    bare.options.without_data = true;
    let bare = store.run(bare).await.unwrap();
    assert!(manifest(&bare).rows.is_empty() && store.verify(&bare).await.ok);
    let next = back_up(&store).await;
    assert_eq!(manifest(&next).rows, after.rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_import_has_not_published_is_not_saved() {
    let store = Store::new().await;
    store.import("a", "id,v\n1,a\n2,b\n3,c\n").await;
    let state = published(&store, &store.project).await;
    store.sql(
        "INSERT INTO d1(_rid, c1, c2) VALUES (4, 4, 'd'); UPDATE d1 SET _to = 32769 WHERE _rid = 2;
         ALTER TABLE d1 ADD COLUMN c3 ANY; UPDATE d1 SET c3 = 'x' WHERE _rid = 1;
         INSERT INTO source_columns SELECT id, 3, 'text' FROM data_sources;
         UPDATE data_sources SET next_phys = 4",
    );
    let backup = back_up(&store).await;
    assert_eq!(backup.total_records, Some(3));
    let restored = store.restore(place(&backup), as_new("back")).await.unwrap();
    let rows = |tables: Vec<TableCount>| -> Vec<(i64, String)> {
        let rows = tables
            .into_iter()
            .filter(|table| table.name.contains(" of "));
        rows.map(|table| (table.rows, table.hash)).collect()
    };
    assert_eq!(rows(published(&store, &id(&restored)).await), rows(state));
    // The import is taken up after all, and fills the column for good.
    store.import("a", "id,v,w\n1,a,x\n2,b,y\n4,d,z\n").await;
    let state = published(&store, &store.project).await;
    let backup = back_up(&store).await;
    comes_back(&store, &backup, &state, "filled").await;
}

/// The page for people is followed literally.
#[tokio::test(flavor = "multi_thread")]
async fn a_person_restores_it_with_the_tools_of_the_page() {
    for tool in ["jq", "zstd", "sqlite3"] {
        let found = std::process::Command::new(tool).arg("--version").output();
        if found.is_err() {
            eprintln!("SKIPPED: {tool} is not on the path");
            return;
        }
    }
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/BACKUP_FORMAT.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, by_hand) = page.split_once("## Incremental").unwrap();
    let (_, by_hand) = by_hand.split_once("### By hand").unwrap();
    let (_, script) = by_hand.split_once("```sh\n").unwrap();
    let (script, _) = script.split_once("```").unwrap();

    let store = Store::rich().await;
    store.sql("DELETE FROM d1 WHERE _rid > 1000");
    store.import("many", &csv(0..300, 0, 0)).await;
    store.import("many", &csv(0..300, 1, 4)).await;
    let (_, middle) = latest(&store, "many").await;
    back_up(&store).await;
    store.import("many", &csv(0..300, 2, 5)).await;
    delete_snapshot(&store, "many", &middle).await;
    let backup = back_up(&store).await;
    let ran = std::process::Command::new("sh")
        .args(["-c", script])
        .current_dir(&backup.location)
        .output()
        .unwrap();
    assert!(ran.status.success(), "{ran:?}");
    assert_eq!(String::from_utf8_lossy(&ran.stdout), "ok\n", "{ran:?}");

    let elsewhere = Store::new().await;
    let adopted = manifold_store::Projects::new(&elsewhere.manager)
        .adopt(
            &Path::new(&backup.location).join("restored.db"),
            &manifold_store::AdoptOptions {
                name: Some("by hand".to_owned()),
                redact_secrets: false,
            },
            manifold_store::CopyWatch::unwatched(),
        )
        .await
        .unwrap();
    let project = adopted.project.id.parse().unwrap();
    assert_eq!(
        published(&elsewhere, &project).await,
        published(&store, &store.project).await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_snapshot_keeps_beside_its_rows_is_saved_once() {
    let store = Store::new().await;
    // Written in no way that a dialect tells, and large.
    let input = |version: u64| {
        let mut text = "id,name,amount\n".to_owned();
        for id in 0..12_000_u64 {
            let mixed = (id + version).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let quote = if mixed.is_multiple_of(3) { "\"" } else { "" };
            text.push_str(&format!("{id},{quote}{mixed:x}{quote},{}\n", mixed % 1_000));
        }
        text
    };
    store.import("a", &input(0)).await;
    let first = back_up(&store).await;
    let saved = manifest(&first);
    let parts = |manifest: &Manifest| -> Vec<String> {
        manifest
            .parts
            .iter()
            .map(|part| part.table.clone())
            .collect()
    };
    assert_eq!(parts(&saved), ["original_parts"]);
    store.import("b", "id\n1\n").await;
    let second = back_up(&store).await;
    assert_eq!(manifest(&second).parts, saved.parts);
    assert!(manifest(&second).new_bytes() * 10 < saved.new_bytes());
    let state = published(&store, &store.project).await;
    comes_back(&store, &second, &state, "parts").await;
    assert!(store.verify(&second).await.ok);

    store.import("a", &input(1)).await;
    let both = back_up(&store).await;
    assert_eq!(manifest(&both).parts.len(), 2);
    let name = &saved.parts[0].segment.name;
    std::fs::remove_file(store.manager.layout().backups().join(name)).unwrap();
    let verified = store.verify(&both).await;
    let wrong = verified.checks.iter().find(|check| !check.ok).unwrap();
    assert!(wrong.detail.contains(name.as_str()), "{wrong:?}");
    let healed = back_up(&store).await;
    let state = published(&store, &store.project).await;
    comes_back(&store, &healed, &state, "healed").await;
    store
        .restore(place(&healed), RestoreTarget::InPlace)
        .await
        .unwrap();
    let again = back_up(&store).await;
    assert_eq!(manifest(&again).parts, manifest(&healed).parts);
}
