//! SQLite databases of other programs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use manifold_jobs::import::TableNaming;
use manifold_jobs::jobs::{ImportFile, Imported};
use manifold_store::{ForeignDatabase, ImportSource, Relationships};
use proptest::prelude::*;
use proptest::sample::Index;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::store::Store;

fn import_as(store: &Store, path: &Path, source: &str) -> ImportFile {
    let mut job = store.import_of(path);
    job.target.source = ImportSource::Named(source.to_owned());
    job
}

/// What a table has become: its columns with their types, and its rows.
type Table = (Vec<(String, String, Option<String>)>, Vec<String>);

/// What the tables of an import have become, by their names in the file.
async fn tables(store: &Store, imported: Imported) -> BTreeMap<String, Table> {
    let mut found = BTreeMap::new();
    let mut imported = imported;
    let further = std::mem::take(&mut imported.further);
    for table in std::iter::once(imported).chain(further) {
        let columns = table.columns.into_iter();
        let columns = columns.map(|column| (column.name, column.column_type, column.format));
        let rows = store.rows(&table.snapshot_id).await;
        found.insert(table.table.unwrap_or_default(), (columns.collect(), rows));
    }
    found
}

fn database(store: &Store, name: &str, sql: &str) -> PathBuf {
    let path = store.folder.path().join(name);
    let connection = Connection::open(&path).unwrap();
    // As most programs have it: what is referred to need not exist.
    connection
        .execute_batch("PRAGMA foreign_keys = OFF")
        .unwrap();
    connection.execute_batch(sql).unwrap();
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_becomes_a_source_and_keeps_what_it_holds() {
    let store = Store::new().await;
    let path = database(
        &store,
        "a.db",
        "CREATE TABLE \"we ird\"\"t\"(a INTEGER PRIMARY KEY, twice GENERATED ALWAYS AS (a * 2) VIRTUAL, c BLOB, d REAL, \"e\"\"f\" TEXT); \
         INSERT INTO \"we ird\"\"t\"(a, c, d, \"e\"\"f\") VALUES (2, x'00ff', 1.5, '007'), (1, 'text', 0.1, NULL), (9007199254740993, NULL, NULL, ''); \
         CREATE TABLE wr(k TEXT PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO wr VALUES ('b', '1'), ('a', NULL); \
         CREATE TABLE child(p REFERENCES \"we ird\"\"t\", k TEXT, q, r, FOREIGN KEY (k) REFERENCES wr(k), FOREIGN KEY (q, r) REFERENCES gone(x, y)); \
         INSERT INTO child(p, k) VALUES (1, 'a'); CREATE INDEX covering ON child(k, p, q, r); \
         CREATE TABLE hollow(x); \
         CREATE VIEW seen AS SELECT * FROM child; CREATE VIRTUAL TABLE words USING fts5(word); \
         CREATE TRIGGER harm AFTER INSERT ON child BEGIN DELETE FROM wr; END;",
    );
    let before = std::fs::read(&path).unwrap();
    let mut job = import_as(&store, &path, "a");
    job.naming = TableNaming::LikeTable;
    let imported = store.run(job.clone()).await.outcome.unwrap();
    let skipped = &imported.read_as[0];
    assert_eq!(
        (&*skipped.what, &*skipped.found),
        ("skipped", "seen (view), words (virtual)")
    );
    let found = tables(&store, imported).await;
    let (columns, rows) = &found["we ird\"t"];
    let names: Vec<_> = columns.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, ["a", "twice", "c", "d", "e\"f"]);
    assert_eq!(
        rows,
        &[
            "1|2|text|0.1|-",
            "2|4|[0, ff]|1.5|007",
            "9007199254740993|18014398509481986|-|-|"
        ]
    );
    assert_eq!(found["wr"].1, ["a|-", "b|1"]);
    assert_eq!(found["wr"].0[1].1, "text", "text of digits is text");
    assert_eq!(found["hollow"].1, Vec::<String>::new());
    assert_eq!(
        std::fs::read(&path).unwrap(),
        before,
        "the file is as it was"
    );

    let related = Relationships::new(store.manager.clone());
    let related = related.list(&store.project, None).await.unwrap();
    let shown: Vec<_> = related
        .iter()
        .map(|row| (&*row.name, &row.from_columns.0[0], &row.to_columns.0[0]))
        .collect();
    let (p, a, k) = ("p".to_owned(), "a".to_owned(), "k".to_owned());
    assert_eq!(
        shown,
        [
            ("child (k) to wr", &k, &k),
            ("child (p) to we ird\"t", &p, &a)
        ]
    );

    // A change in one table leaves the others unchanged.
    database(&store, "a.db", "INSERT INTO wr VALUES ('c', 3)");
    let again = store.run(job).await.outcome.unwrap();
    let unchanged: Vec<_> = std::iter::once(&again)
        .chain(&again.further)
        .map(|table| (table.table.as_deref().unwrap(), table.unchanged))
        .collect();
    assert_eq!(
        unchanged,
        [
            ("we ird\"t", true),
            ("wr", false),
            ("child", true),
            ("hollow", true)
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_checkpointed_yet_is_read_too() {
    let store = Store::new().await;
    let path = store.folder.path().join("log.db");
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t(n); INSERT INTO t VALUES (1)")
        .unwrap();
    let imported = store
        .run(import_as(&store, &path, "log"))
        .await
        .outcome
        .unwrap();
    assert_eq!(store.rows(&imported.snapshot_id).await, ["1"]);
    writer.execute_batch("INSERT INTO t VALUES (2)").unwrap();
    let imported = store
        .run(import_as(&store, &path, "log"))
        .await
        .outcome
        .unwrap();
    assert_eq!((imported.number, imported.row_count), (2, 2));
    drop(writer);
    // The log is gone, and nobody has the file open.
    let imported = store
        .run(import_as(&store, &path, "log"))
        .await
        .outcome
        .unwrap();
    assert!(imported.unchanged);
    assert!(!path.with_extension("db-wal").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_table_is_chosen_and_what_cannot_be_read_is_said() {
    let store = Store::new().await;
    let path = database(
        &store,
        "b.db",
        "CREATE TABLE x(n); CREATE TABLE y(m); INSERT INTO y VALUES (1)",
    );
    let mut job = import_as(&store, &path, "mine");
    job.file.tables = vec!["Y".to_owned()];
    let imported = store.run(job.clone()).await.outcome.unwrap();
    assert_eq!(
        (imported.row_count, imported.table.as_deref()),
        (1, Some("y"))
    );
    assert!(imported.further.is_empty());
    job.file.tables = vec!["z".to_owned()];
    let error = store.run(job.clone()).await.outcome.unwrap_err();
    assert_eq!(error.code(), "no_table");
    assert!(error.to_string().contains("it has: x, y"), "{error}");

    let whole = std::fs::read(&path).unwrap();
    let cut = store.write("cut.db", &whole[..3_000]);
    let error = store
        .run(import_as(&store, &cut, "cut"))
        .await
        .outcome
        .unwrap_err();
    assert_eq!(error.code(), "unreadable_database");
    assert!(error.to_string().contains("damaged"), "{error}");
    let empty = database(&store, "none.db", "CREATE TABLE x(n); DROP TABLE x");
    let error = store
        .run(import_as(&store, &empty, "none"))
        .await
        .outcome
        .unwrap_err();
    assert_eq!(error.code(), "no_table");
    let mut text = import_as(&store, &store.write("text.db", "a,b\n1,2\n"), "text");
    assert!(
        store.run(text.clone()).await.outcome.is_ok(),
        "the content comes first"
    );
    text.file.format = Some(manifold_format::FileFormat::Sqlite);
    let error = store.run(text).await.outcome.unwrap_err();
    assert!(
        error.to_string().contains("is no SQLite database"),
        "{error}"
    );
    let error = store
        .run(import_as(&store, &store.spoke(), "own"))
        .await
        .outcome
        .unwrap_err();
    assert_eq!(error.code(), "file_of_store");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_made_to_do_harm_does_none() {
    let store = Store::new().await;
    // A generated column that would run for ever, and one with a function that is not for strangers.
    for (name, column) in [
        ("slow", "GENERATED ALWAYS AS (hex(zeroblob(900000000)))"),
        ("strange", "GENERATED ALWAYS AS (load_extension('x'))"),
    ] {
        let path = store.folder.path().join(format!("{name}.db"));
        let made = Connection::open(&path).unwrap();
        let made = made.execute_batch(&format!(
            "CREATE TABLE t(a, b {column}); INSERT INTO t(a) VALUES (1)"
        ));
        if made.is_err() {
            continue; // SQLite itself refuses to make it
        }
        let error = store
            .run(import_as(&store, &path, name))
            .await
            .outcome
            .unwrap_err();
        assert!(
            ["unreadable_database", "cell_too_large"].contains(&error.code()),
            "{error}"
        );
    }
    // A schema that lies about its tables.
    let path = database(
        &store,
        "lies.db",
        "CREATE TABLE t(a); INSERT INTO t VALUES (1); PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a, b, c DEFAULT (abs(-9223372036854775808)))'",
    );
    drop(store.run(import_as(&store, &path, "lies")).await.outcome);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_damage_is_read_or_told(places in proptest::collection::vec((any::<Index>(), any::<u8>()), 1..12), cut in any::<Option<Index>>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let mut bytes = small().to_vec();
        for (place, byte) in places {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes[..16].copy_from_slice(b"SQLite format 3\0");
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()).max(16));
        }
        #[expect(clippy::disallowed_methods, reason = "a test's input; no crash is simulated")]
        std::fs::write(&path, bytes).unwrap();
        if let Ok(database) = ForeignDatabase::open(&path, 1 << 20, &Arc::default()) {
            for table in 0..database.tables().len() {
                let mut rows = database.rows(table);
                while let Ok(Some(_)) = rows.next_row() {}
            }
        }
    }
}

/// A small database with tables of several kinds.
fn small() -> &'static [u8] {
    static SMALL: OnceLock<Vec<u8>> = OnceLock::new();
    SMALL.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.db");
        let made = Connection::open(&path).unwrap();
        made.execute_batch(
            "PRAGMA page_size = 512; CREATE TABLE a(id INTEGER PRIMARY KEY, t TEXT, r REAL, b BLOB, g AS (t || r)); \
             CREATE TABLE w(k TEXT PRIMARY KEY, v) WITHOUT ROWID; CREATE INDEX i ON a(t); \
             WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 60) \
             INSERT INTO a SELECT x, 'text ' || x, x / 3.0, zeroblob(x * 20) FROM n; \
             INSERT INTO w SELECT t, id FROM a;",
        )
        .unwrap();
        drop(made);
        std::fs::read(&path).unwrap()
    })
}

/// The tables of the database at `path` as JSON and as CSV files, as people write them.
fn other_forms(path: &Path) -> (String, BTreeMap<String, String>) {
    let connection = Connection::open(path).unwrap();
    let mut names = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY rowid")
        .unwrap();
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let (mut json, mut files) = (Vec::new(), BTreeMap::new());
    for name in names {
        let mut statement = connection
            .prepare(&format!("SELECT * FROM \"{name}\""))
            .unwrap();
        let columns: Vec<String> = statement
            .column_names()
            .into_iter()
            .map(str::to_owned)
            .collect();
        let mut csv = csv::Writer::from_writer(Vec::new());
        csv.write_record(&columns).unwrap();
        let (mut rows, mut objects) = (statement.query([]).unwrap(), Vec::new());
        while let Some(row) = rows.next().unwrap() {
            let (mut record, mut members) = (Vec::new(), Vec::new());
            for (index, column) in columns.iter().enumerate() {
                let (text, value) = match row.get_ref(index).unwrap() {
                    ValueRef::Null => (String::new(), "null".to_owned()),
                    ValueRef::Integer(number) => (number.to_string(), number.to_string()),
                    ValueRef::Real(number) => (format!("{number:?}"), format!("{number:?}")),
                    ValueRef::Text(text) => {
                        let text = std::str::from_utf8(text).unwrap();
                        (text.to_owned(), serde_json::to_string(text).unwrap())
                    }
                    ValueRef::Blob(_) => panic!("there is none"),
                };
                record.push(text);
                members.push(format!("\"{column}\": {value}"));
            }
            csv.write_record(&record).unwrap();
            objects.push(format!("{{{}}}", members.join(", ")));
        }
        json.push(format!("\"{name}\": [\n{}\n]", objects.join(",\n")));
        files.insert(name, String::from_utf8(csv.into_inner().unwrap()).unwrap());
    }
    (format!("{{{}}}", json.join(",\n")), files)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_tables_are_the_same_from_every_format() {
    let store = Store::new().await;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/chinook/chinook.sqlite");
    let copy = store.write("chinook.sqlite", std::fs::read(path).unwrap());
    let imported = store
        .run(import_as(&store, &copy, "sqlite"))
        .await
        .outcome
        .unwrap();
    let from_sqlite = tables(&store, imported).await;
    assert_eq!(from_sqlite.len(), 11);
    let total = &from_sqlite["Invoice"].0[8];
    assert_eq!((&*total.1, total.2.as_deref()), ("decimal", Some("2")));

    let (json, files) = other_forms(&copy);
    let json = store.write("chinook.json", json);
    let imported = store
        .run(import_as(&store, &json, "json"))
        .await
        .outcome
        .unwrap();
    assert_eq!(tables(&store, imported).await, from_sqlite);

    for (name, csv) in files {
        let file = store.write(&format!("{name}.csv"), csv);
        let imported = store
            .run(import_as(&store, &file, &format!("csv.{name}")))
            .await;
        let from_csv = tables(&store, imported.outcome.unwrap()).await.remove("");
        assert_eq!(from_csv.as_ref(), from_sqlite.get(&name), "{name}");
    }

    let related = Relationships::new(store.manager.clone());
    let related = related.list(&store.project, None).await.unwrap();
    let names: Vec<_> = related.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names.len(), 11, "{names:?}");
    assert!(
        names.contains(&"sqlite.Album (ArtistId) to sqlite.Artist"),
        "{names:?}"
    );
    assert!(
        names.contains(&"sqlite.Employee (ReportsTo) to sqlite.Employee"),
        "{names:?}"
    );
}
