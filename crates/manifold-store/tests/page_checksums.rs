//! Every page of a new database ends in a checksum, whatever made the file; files from before have none and work.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

#[path = "support/doctored.rs"]
mod doctored;
mod support;
#[path = "support/text_records.rs"]
mod text_records;

use std::path::Path;

use manifold_store::rows::RowsError;
use manifold_store::{
    AdoptOptions, Contents, CopyWatch, DatabaseId, DatabaseManager as _, Doctor, Expected,
    FindingClass, ProjectId, Projects, Restores, RowLog, RowLogError, Salvage, Staged,
    StagedBuilder, vfs,
};
use rusqlite::{Connection, OpenFlags};
use support::Store;

/// The checksum of SQLite's own shim, written down once more.
fn is_sound(page: &[u8]) -> bool {
    let (mut first, mut second) = (0_u32, 0_u32);
    let (content, end) = page.split_at(page.len() - 8);
    for words in content.chunks(8) {
        let word = |at: usize| u32::from_le_bytes(words[at..at + 4].try_into().unwrap());
        first = first.wrapping_add(word(0)).wrapping_add(second);
        second = second.wrapping_add(word(4)).wrapping_add(first);
    }
    end == [first.to_le_bytes(), second.to_le_bytes()].concat()
}

/// How many pages of a file have a wrong checksum, of how many; the file promises to have them.
fn unsound(path: &Path) -> (usize, usize) {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!(bytes[20], 8, "{} has no checksums", path.display());
    let pages: Vec<_> = bytes.chunks(4_096).collect();
    (
        pages.iter().filter(|page| !is_sound(page)).count(),
        pages.len(),
    )
}

fn assert_sealed(path: &Path) {
    let (unsound, pages) = unsound(path);
    assert_eq!(unsound, 0, "of {pages} pages of {}", path.display());
    let check: String = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .unwrap()
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(check, "ok", "as any SQLite reads it");
}

/// A file as it was made before there were checksums: the same content without the ends of pages.
fn make_old(path: &Path) {
    let old = path.with_extension("old");
    let from = Connection::open(path).unwrap();
    let to = Connection::open(&old).unwrap();
    let schema: Vec<String> = from
        .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND substr(name, 1, 7) <> 'sqlite_' ORDER BY type = 'view', type = 'trigger', type = 'index'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    to.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for sql in &schema {
        to.execute_batch(sql).unwrap();
    }
    to.execute_batch(&format!(
        "ATTACH '{}' AS new; PRAGMA application_id = {}; PRAGMA user_version = {}",
        path.display(),
        0x4D66_6C64,
        from.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0))
            .unwrap(),
    ))
    .unwrap();
    let tables: Vec<String> = from
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_'")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    for table in tables {
        to.execute_batch(&format!(
            "INSERT INTO main.\"{table}\" SELECT * FROM new.\"{table}\""
        ))
        .unwrap();
    }
    to.execute_batch("DETACH new; PRAGMA journal_mode = WAL")
        .unwrap();
    to.close().unwrap();
    from.close().unwrap();
    std::fs::rename(&old, path).unwrap();
    assert_eq!(std::fs::read(path).unwrap()[20], 0);
}

/// Many pages: more than SQLite keeps in its cache, so that some are written before the first one.
fn grow(path: &Path) {
    let connection =
        Connection::open_with_flags_and_vfs(path, OpenFlags::default(), vfs()).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE ballast(x); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
             INSERT INTO ballast SELECT randomblob(3500) FROM n; DROP TABLE ballast; \
             CREATE TABLE d9000(_rid INTEGER PRIMARY KEY, x); \
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) \
             INSERT INTO d9000 SELECT i, randomblob(3500) FROM n",
        )
        .unwrap();
    connection.close().unwrap();
}

/// What a project's source shows.
async fn rows(store: &Store, id: &ProjectId) -> Result<Vec<(String, String)>, RowLogError> {
    RowLog::new(&store.manager)
        .read(id, |connection| {
            let read = || -> rusqlite::Result<Vec<(String, String)>> {
                connection
                    .prepare("SELECT a, b FROM orders ORDER BY a")?
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            };
            read().map_err(|source| RowsError::Sqlite {
                doing: "reading",
                source,
            })
        })
        .await
}

/// What a backup of the present state brings back.
async fn staged(store: &Store, id: &ProjectId) -> Staged {
    let which = DatabaseId::Project(id.clone());
    let frozen = store.manager.freeze(which).await.unwrap();
    let copy = store.folder.path().join("backup.db");
    frozen.copy_to(&copy, Contents::WithData).unwrap();
    let tables = frozen.tables(Contents::WithData).unwrap();
    let expected = Expected {
        project_id: id.to_string(),
        schema_version: frozen.schema_version(),
        tables: tables
            .iter()
            .map(|table| frozen.hash(table).unwrap())
            .collect(),
        rows: Vec::new(),
        parts: Vec::new(),
        sequences: frozen.sequences().unwrap(),
    };
    let mut builder = StagedBuilder::new(&store.manager, expected.schema_version)
        .await
        .unwrap();
    let mut file = builder.whole_file().unwrap();
    std::io::copy(&mut std::fs::File::open(&copy).unwrap(), &mut file).unwrap();
    drop(file);
    std::fs::remove_file(copy).unwrap();
    builder.finish(expected).await.unwrap()
}

#[tokio::test]
async fn every_page_of_a_new_file_and_of_its_copies_is_sealed() {
    let store = support::store().await;
    let (id, path) = doctored::sales(&store).await;
    assert_sealed(&path);
    let restored = Restores::new(&store.manager)
        .as_new(staged(&store, &id).await, "restored")
        .await
        .unwrap();
    let restored = Projects::id(&restored).unwrap();
    assert_eq!(
        rows(&store, &restored).await.unwrap(),
        rows(&store, &id).await.unwrap()
    );
    assert_sealed(&doctored::closed(&store, &restored).await);
    doctored::closed(&store, &id).await;
    grow(&path);
    assert_sealed(&path);
    let projects = Projects::new(&store.manager);
    let copy = projects
        .clone_project(&id, "copy", CopyWatch::unwatched())
        .await
        .unwrap();
    assert_sealed(&doctored::closed(&store, &Projects::id(&copy).unwrap()).await);
    let elsewhere = tempfile::tempdir().unwrap();
    let exported = elsewhere.path().join("exported.db");
    projects
        .export_file(&id, &exported, CopyWatch::unwatched())
        .await
        .unwrap();
    assert_sealed(&exported);
    let options = AdoptOptions {
        name: Some("adopted".to_owned()),
        ..AdoptOptions::default()
    };
    let adopted = projects
        .adopt(&exported, &options, CopyWatch::unwatched())
        .await
        .unwrap();
    let adopted = Projects::id(&adopted.project).unwrap();
    assert_sealed(&doctored::closed(&store, &adopted).await);
    store.manager.shut_down().await.unwrap();
    assert_sealed(&store.manager.layout().core());
}

#[tokio::test]
async fn a_file_without_checksums_works_and_its_copy_gets_them() {
    let store = support::store().await;
    let (id, path) = doctored::sales(&store).await;
    let truth = rows(&store, &id).await.unwrap();
    doctored::closed(&store, &id).await;
    grow(&path);
    make_old(&path);
    assert_eq!(rows(&store, &id).await.unwrap(), truth);
    doctored::import(&store, &id, "invoices").await;
    doctored::closed(&store, &id).await;
    assert_eq!(std::fs::read(&path).unwrap()[20], 0);
    let projects = Projects::new(&store.manager);
    let copy = projects
        .clone_project(&id, "copy", CopyWatch::unwatched())
        .await
        .unwrap();
    let copy = Projects::id(&copy).unwrap();
    assert_eq!(rows(&store, &copy).await.unwrap(), truth);
    assert_sealed(&doctored::closed(&store, &copy).await);
    assert!(
        Doctor::new(&store.manager).examine().await.unwrap().ok,
        "an old file is no damage"
    );
}

#[tokio::test]
async fn a_restore_in_place_gives_checksums_while_others_read_and_write() {
    let store = support::store().await;
    let (id, path) = doctored::sales(&store).await;
    make_old(&path);
    let truth = rows(&store, &id).await.unwrap();
    let backup = staged(&store, &id).await;
    // Another process has the file open, as it was, and goes on with it.
    let other = Store {
        folder: tempfile::tempdir().unwrap(),
        manager: store.reopen().await,
    };
    assert_eq!(rows(&other, &id).await.unwrap(), truth);
    let restores = Restores::new(&store.manager);
    let alone = restores.alone(&id, |_| {}).await.unwrap();
    restores.in_place(alone, backup).await.unwrap();
    assert_eq!(rows(&other, &id).await.unwrap(), truth);
    doctored::import(&other, &id, "invoices").await;
    assert_eq!(rows(&store, &id).await.unwrap(), truth);
    doctored::import(&store, &id, "stock").await;
    assert_eq!(rows(&other, &id).await.unwrap(), truth);
    other.manager.shut_down().await.unwrap();
    store.manager.shut_down().await.unwrap();
    assert_sealed(&path);
}

#[tokio::test]
async fn what_another_program_writes_is_taken_for_damage_and_can_be_salvaged() {
    let store = support::store().await;
    let (id, path) = doctored::sales(&store).await;
    let truth = rows(&store, &id).await.unwrap();
    doctored::closed(&store, &id).await;
    let shell = Connection::open(&path).unwrap();
    let row: String = shell
        .query_row("SELECT name FROM project", [], |row| row.get(0))
        .unwrap();
    assert_eq!(row, "sales", "any program reads it");
    shell
        .execute_batch("UPDATE project SET description = 'by hand'")
        .unwrap();
    shell.close().unwrap();
    assert_eq!(unsound(&path).0, 1);
    let error = store.manager.project(&id).await.err().unwrap();
    assert_eq!(error.code(), "quarantined", "{error}");
    assert!(error.to_string().contains("another program"), "{error}");
    let salvaged = Salvage::new(&store.manager)
        .as_new(&id, "salvaged")
        .await
        .unwrap();
    assert_eq!(salvaged.project.description.as_deref(), Some("by hand"));
    assert_eq!(salvaged.damaged_pages, Some(1));
    let salvaged = Projects::id(&salvaged.project).unwrap();
    assert_eq!(rows(&store, &salvaged).await.unwrap(), truth);
    assert_sealed(&doctored::closed(&store, &salvaged).await);
}

#[tokio::test]
async fn a_file_without_any_checksum_is_adopted_and_a_changed_one_is_not() {
    let store = support::store().await;
    let (id, _) = doctored::sales(&store).await;
    let projects = Projects::new(&store.manager);
    let outside = tempfile::tempdir().unwrap();
    let (changed, made_anew) = (
        outside.path().join("changed.db"),
        outside.path().join("anew.db"),
    );
    projects
        .export_file(&id, &changed, CopyWatch::unwatched())
        .await
        .unwrap();
    let shell = Connection::open(&changed).unwrap();
    shell
        .execute_batch("UPDATE project SET description = 'by hand'")
        .unwrap();
    shell
        .execute("VACUUM INTO ?1", [made_anew.to_str().unwrap()])
        .unwrap();
    shell.close().unwrap();
    let options = AdoptOptions {
        name: Some("adopted".to_owned()),
        ..AdoptOptions::default()
    };
    let adopt = async |file| projects.adopt(file, &options, CopyWatch::unwatched()).await;
    let error = adopt(&changed).await.unwrap_err();
    assert_eq!(error.code(), "corrupt", "{error}");
    let adopted = adopt(&made_anew).await.unwrap().project;
    assert_eq!(adopted.description.as_deref(), Some("by hand"));
    let adopted = Projects::id(&adopted).unwrap();
    let truth = rows(&store, &id).await.unwrap();
    assert_eq!(rows(&store, &adopted).await.unwrap(), truth);
    assert_sealed(&doctored::closed(&store, &adopted).await);
}

#[tokio::test]
async fn a_program_that_names_the_vfs_writes_sound_pages() {
    let store = support::store().await;
    let (id, path) = doctored::sales(&store).await;
    let shell = Connection::open_with_flags_and_vfs(&path, OpenFlags::default(), vfs()).unwrap();
    shell
        .execute_batch("UPDATE project SET description = 'by hand'; VACUUM")
        .unwrap();
    shell.close().unwrap();
    assert_sealed(&path);
    assert_eq!(rows(&store, &id).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_file_that_was_cut_off_within_a_page_is_damaged() {
    let store = support::store().await;
    let (_, path) = doctored::sales(&store).await;
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 100]).unwrap();
    let found = doctored::examine(&store).await;
    let classes: Vec<_> = found.iter().map(|finding| finding.class).collect();
    assert_eq!(classes, [FindingClass::Corrupt], "{found:?}");
}
