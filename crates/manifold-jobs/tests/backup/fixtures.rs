//! Real data with a history: every type of backup brings all of it back.

use std::path::{Path, PathBuf};

use entity_core::enums::BackupType;
use manifold_jobs::backup::BackupOptions;
use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::{BackupProject, ImportFile};
use manifold_store::{ImportSource, Projects, Trash, rows};

use crate::increments::published;
use crate::store::{Store, TYPES, as_new, id, place, without_identity};

/// Backups of every type, compressed and not, come back as what the project holds, to the bit: of increments, what is published.
pub async fn every_type_comes_back(store: &Store, what: &str) {
    let saved = without_identity(&store.tables(&store.project).await);
    let shown = published(store, &store.project).await;
    let views = store.views(&store.project).await;
    let schema = unquoted(&store.schema(&store.project).await);
    for backup_type in TYPES.into_iter().chain([BackupType::Incremental]) {
        for compress in [false, true] {
            let what = format!("{what}: {backup_type}, {compress}");
            let mut job = BackupProject::new(store.project.clone(), backup_type);
            job.options = BackupOptions {
                compress,
                without_data: false,
            };
            let backup = store.run(job).await.expect(&what);
            let verified = store.verify(&backup).await;
            assert!(verified.ok, "{what}: {verified:#?}");
            let restored = store.restore(place(&backup), as_new("copy")).await;
            let project = id(&restored.expect(&what));
            assert_eq!(published(store, &project).await, shown, "{what}");
            assert_eq!(store.views(&project).await, views, "{what}");
            if backup_type != BackupType::Incremental {
                let back = without_identity(&store.tables(&project).await);
                assert_eq!(back, saved, "{what}");
                assert_eq!(unquoted(&store.schema(&project).await), schema, "{what}");
            }
            let trashed = Projects::new(&store.manager).delete(&project).await;
            let trash = Trash::new(&store.manager);
            trash.purge(&trashed.unwrap()).await.unwrap();
        }
    }
}

/// The statements without quotes: SQLite writes a table that was renamed, as one out of the trash is, with quotes around its name.
fn unquoted(schema: &[String]) -> Vec<String> {
    schema.iter().map(|sql| sql.replace('"', "")).collect()
}

fn fixture(name: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    tests.join("fixtures").join(name)
}

async fn import(store: &Store, source: &str, path: &Path) {
    let import = ImportFile {
        target: ImportTarget {
            project_id: store.project.clone(),
            source: ImportSource::Named(source.to_owned()),
            key_columns: Vec::new(),
            always: false,
            typing: Default::default(),
            renames: Vec::new(),
        },
        file: InputFile {
            path: path.to_owned(),
            ..InputFile::default()
        },
        file_name: path.file_name().unwrap().to_string_lossy().into_owned(),
        naming: TableNaming::LikeTable,
    };
    store.run(import).await.unwrap();
}

/// Deletes a snapshot of each source that has several: the one in the middle, or the latest.
fn delete(store: &Store, latest: bool) {
    let connection = store.connection();
    let mut sources = connection.prepare("SELECT id FROM data_sources").unwrap();
    let sources = sources
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap();
    for source in sources.map(Result::unwrap) {
        let mut ids = connection
            .prepare("SELECT id FROM snapshots WHERE source_id = ? ORDER BY seq")
            .unwrap();
        let ids: Vec<String> = ids
            .query_map([&source], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        if ids.len() < 2 {
            continue;
        }
        let gone = [ids[if latest { ids.len() - 1 } else { ids.len() / 2 }].clone()];
        let lasting = rows::Effect::Lasting;
        rows::delete(&connection, &source, &gone, lasting, &|_| Ok(())).unwrap();
    }
}

fn model(store: &Store) {
    store.sql(
        "INSERT INTO consolidated_models(id, name, name_fold, description, spec, created_at, updated_at) VALUES \
         ('m1', 'Ça', 'ça', 'a model', '{\"steps\":[1,2.5,null]}', '2026-11-22T10:00:00+00:00', '2026-11-22T10:00:00+00:00')",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn chinook() {
    let store = Store::new().await;
    let path = store.folder.path().join("chinook.sqlite");
    std::fs::copy(fixture("chinook/chinook.sqlite"), &path).unwrap();
    import(&store, "chinook", &path).await;
    let changes = [
        "UPDATE Track SET UnitPrice = 7.99 WHERE TrackId % 7 = 3; DELETE FROM PlaylistTrack WHERE TrackId % 9 = 0; \
         ALTER TABLE Album ADD COLUMN Cover; UPDATE Album SET Cover = x'00ff10' WHERE AlbumId % 3 = 0;",
        "UPDATE Album SET Cover = 'none' WHERE AlbumId % 10 = 0; ALTER TABLE Customer DROP COLUMN Fax; \
         DELETE FROM Invoice WHERE InvoiceId > 40; INSERT INTO Genre VALUES (900, NULL), (901, ''), (902, '007');",
        "DELETE FROM Track WHERE TrackId < 20; UPDATE Artist SET Name = upper(Name) WHERE ArtistId % 7 = 0;",
    ];
    for change in changes {
        let database = rusqlite::Connection::open(&path).unwrap();
        let change = format!("PRAGMA foreign_keys = OFF; {change}");
        database.execute_batch(&change).unwrap();
        drop(database);
        import(&store, "chinook", &path).await;
    }
    model(&store);
    let tables = store.tables(&store.project).await;
    let rows = |name: &str| tables.iter().find(|table| table.name == name).unwrap().rows;
    assert_eq!(
        (
            rows("data_sources"),
            rows("snapshots"),
            rows("relationships")
        ),
        (11, 20, 11)
    );
    every_type_comes_back(&store, "four versions").await;
    delete(&store, false);
    delete(&store, true);
    every_type_comes_back(&store, "pruned and undone").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nycflights13() {
    let store = Store::new().await;
    let names = ["airlines", "airports", "planes", "weather", "flights"];
    for version in 0..4 {
        for name in names {
            let text =
                std::fs::read_to_string(fixture(&format!("nycflights13/{name}.csv"))).unwrap();
            let path = store.folder.path().join(format!("{name}.csv"));
            std::fs::write(&path, of_version(&text, version)).unwrap();
            import(&store, name, &path).await;
        }
    }
    model(&store);
    let tables = store.tables(&store.project).await;
    for name in ["rejected_rows", "row_quirks", "row_orders", "published"] {
        let table = tables.iter().find(|table| table.name == name).unwrap();
        assert!(table.rows > 0, "{name} has no rows");
    }
    every_type_comes_back(&store, "four versions").await;
    delete(&store, false);
    delete(&store, true);
    every_type_comes_back(&store, "pruned and undone").await;
}

/// The file as it comes the first time, with rows that changed or went, in reverse with odd cells and rejected rows, and with a
/// column more and quotes where none are needed.
fn of_version(text: &str, version: usize) -> Vec<u8> {
    let mut lines = text.lines();
    let mut head = lines.next().unwrap().to_owned();
    let mut rows: Vec<String> = lines.map(str::to_owned).collect();
    if version > 0 {
        let mut number = 0;
        rows.retain(|_| {
            number += 1;
            number % 11 != 0
        });
        for row in rows.iter_mut().skip(1).step_by(9) {
            let (first, rest) = row.split_once(',').unwrap();
            *row = format!("{first}x,{rest}");
        }
    }
    if version > 1 {
        rows.reverse();
        rows.insert(3, "too,few".to_owned());
        rows.insert(5, format!("{},too,many,cells", rows[0]));
    }
    if version > 2 {
        head.push_str(",extra");
        for (number, row) in rows.iter_mut().enumerate() {
            match number % 8 {
                0 => row.push_str(",\"1\""),
                1 => row.push(','),
                2 => row.push_str(",\"\""),
                _ => row.push_str(",2"),
            }
        }
    }
    let mut bytes = format!("{head}\n{}\n", rows.join("\n")).into_bytes();
    if version > 1 {
        // No UTF-8.
        let at = bytes.len() / 2;
        let at = at
            + bytes[at..]
                .iter()
                .position(u8::is_ascii_lowercase)
                .unwrap_or(0);
        if bytes[at].is_ascii_lowercase() {
            bytes[at] = 0xff;
        }
    }
    bytes
}
