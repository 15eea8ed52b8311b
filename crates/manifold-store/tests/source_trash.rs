//! Data sources that are deleted come back as they were, and are nowhere meanwhile.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

mod support;
#[path = "support/text_records.rs"]
mod text_records;

use std::path::Path;

use manifold_store::rows::{ImportOptions, Unwatched};
use manifold_store::{
    AdoptOptions, CopyWatch, DataSources, DatabaseManager as _, Doctor, NewSource, ProjectId,
    Projects, RelationshipDefinition, RelationshipEnd, Relationships, RowLog, Setting, Settings,
    SnapshotId, Snapshots, SourceId, SourceIndexes, SourceTrash, StoreError, Timestamp, vfs,
};
use rusqlite::{Connection, OpenFlags};
use support::Store;
use text_records::TextRecords;
use tokio_util::sync::CancellationToken;

async fn source(store: &Store, project: &ProjectId, name: &str) -> SourceId {
    let sources = DataSources::new(store.manager.clone());
    let made = sources.create(project, NewSource::file(name)).await;
    made.unwrap().id.parse().unwrap()
}

async fn import(store: &Store, project: &ProjectId, source: &SourceId, rows: &[&[&str]]) {
    let options = ImportOptions::new(SnapshotId::new().to_string(), Timestamp::now());
    let records = TextRecords::new(&["id", "name"], rows);
    RowLog::new(&store.manager)
        .import(project, source, records, options, Unwatched, |_| {})
        .await
        .unwrap();
}

/// Relates `from` to `to` by their ids.
async fn relate(store: &Store, project: &ProjectId, name: &str, from: &SourceId, to: &SourceId) {
    let end = |source: &SourceId| RelationshipEnd {
        source: source.clone(),
        columns: vec!["id".to_owned()],
    };
    let definition = RelationshipDefinition {
        name: name.to_owned(),
        from: end(from),
        to: end(to),
        cardinality: None,
    };
    Relationships::new(store.manager.clone())
        .create(project, definition)
        .await
        .unwrap();
}

/// A project with two sources that refer to each other, with everything that a source can have.
async fn filled() -> (Store, ProjectId, SourceId, SourceId) {
    let store = support::store().await;
    let project = store.project("p").await;
    let (planes, flights) = (
        source(&store, &project, "planes").await,
        source(&store, &project, "flights").await,
    );
    import(&store, &project, &planes, &[&["1", "a"], &["2", "b"]]).await;
    import(&store, &project, &planes, &[&["2", "c"], &["3", "d"]]).await;
    import(&store, &project, &flights, &[&["1", "x"]]).await;
    relate(&store, &project, "by plane", &flights, &planes).await;
    relate(&store, &project, "itself", &planes, &planes).await;
    SourceIndexes::new(&store.manager)
        .add(
            &project,
            &planes,
            vec!["name".to_owned()],
            CancellationToken::new(),
            |_| {},
        )
        .await
        .unwrap();
    let connection =
        Connection::open_with_flags_and_vfs(spoke(&store, &project), OpenFlags::default(), vfs())
            .unwrap();
    connection
        .execute_batch(
            "INSERT INTO rejected_rows(snapshot_id, line, reason, raw) SELECT id, 7, 'r', x'00ff' FROM snapshots;\
             INSERT INTO row_quirks SELECT id, 1, 1, 8388607, x'ff00' FROM data_sources;\
             INSERT INTO row_orders SELECT id, 1, x'060202' FROM data_sources;\
             INSERT INTO row_epochs SELECT id, 1, 'undone', 1, 9, 32768, 32770 FROM data_sources;\
             INSERT INTO sync_states SELECT id, 'x', 'o', '[1]', NULL, 'j', 1, 2, 3, created_at FROM data_sources;\
             INSERT INTO original_parts SELECT id, 0, x'00ff' FROM snapshots;\
             INSERT INTO import_history(id, source_id, source_name, snapshot_id, file_name, format, \"rows\", rejected, state, started_at) \
             SELECT 'line ' || id, source_id, 's', id, 'f', 'csv', 1, 0, 'completed', taken_at FROM snapshots",
        )
        .unwrap();
    (store, project, planes, flights)
}

fn spoke(store: &Store, project: &ProjectId) -> std::path::PathBuf {
    store.manager.layout().spoke(&project.namespace())
}

/// Every row of every table, but for what a change counts by itself, and every table, view and index.
fn contents(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).unwrap();
    let tables: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let mut found = Vec::new();
    for table in tables.iter().filter(|table| *table != "sqlite_sequence") {
        let mut statement = connection
            .prepare(&format!("SELECT * FROM \"{table}\" ORDER BY 1, 2"))
            .unwrap();
        let columns: Vec<String> = statement
            .column_names()
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<_> = columns
                .iter()
                .enumerate()
                .filter(|(_, name)| !["revision", "updated_at"].contains(&name.as_str()))
                .map(|(at, name)| format!("{name}={:?}", row.get_ref(at).unwrap()))
                .collect();
            found.push(format!("{table}: {}", cells.join(" ")));
        }
    }
    let mut schema = connection
        .prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY name")
        .unwrap();
    let schema = schema
        .query_map([], |row| {
            let sql: Option<String> = row.get(2)?;
            // A table that had another name in between is quoted.
            let sql = sql.unwrap_or_default().replace('"', "");
            Ok(format!(
                "{} {} {sql}",
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?
            ))
        })
        .unwrap();
    found.extend(schema.map(Result::unwrap));
    found
}

async fn sound(store: &Store) {
    let examined = Doctor::new(&store.manager).examine().await.unwrap();
    assert_eq!(examined.findings, []);
}

#[tokio::test]
async fn everything_of_a_source_goes_and_comes_back() {
    let (store, project, planes, _) = filled().await;
    let before = contents(&spoke(&store, &project));
    let trash = SourceTrash::new(&store.manager);
    trash.delete(&project, &planes, |_| {}).await.unwrap();

    let meanwhile = contents(&spoke(&store, &project));
    let seen: Vec<_> = meanwhile
        .iter()
        .filter(|row| row.contains(planes.as_str()) && !row.starts_with("@trash_1_"))
        .filter(|row| !row.starts_with("table @trash_1_") && !row.starts_with("trashed_sources"))
        .collect();
    assert!(seen.is_empty(), "{seen:?}");
    sound(&store).await;
    let shown = Projects::new(&store.manager).find("p").await.unwrap();
    assert_eq!(
        (shown.source_count, shown.snapshot_count, shown.row_count),
        (1, 1, 1)
    );
    let snapshots = Snapshots::new(store.manager.clone());
    assert_eq!(snapshots.list(&project, None).await.unwrap().len(), 1);

    trash.undelete(&project, "PLANES", None).await.unwrap();
    assert_eq!(contents(&spoke(&store, &project)), before);
    sound(&store).await;
    import(&store, &project, &planes, &[&["2", "c"], &["4", "e"]]).await;
    assert_eq!(snapshots.list(&project, None).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_source_comes_back_that_was_deleted_before_the_schema_had_all_tables() {
    let (store, project, planes, _) = filled().await;
    let trash = SourceTrash::new(&store.manager);
    trash.delete(&project, &planes, |_| {}).await.unwrap();
    let shell =
        Connection::open_with_flags_and_vfs(spoke(&store, &project), OpenFlags::default(), vfs())
            .unwrap();
    shell
        .execute_batch("DROP TABLE \"@trash_1_row_orders\"")
        .unwrap();
    drop(shell);
    trash.undelete(&project, "planes", None).await.unwrap();
    sound(&store).await;
    let snapshots = Snapshots::new(store.manager.clone());
    assert_eq!(snapshots.list(&project, None).await.unwrap().len(), 3);
}

#[tokio::test]
async fn a_relationship_comes_back_with_the_second_of_its_sources() {
    let (store, project, planes, flights) = filled().await;
    let before = contents(&spoke(&store, &project));
    let trash = SourceTrash::new(&store.manager);
    let relationships = Relationships::new(store.manager.clone());
    for order in [["planes", "flights"], ["flights", "planes"]] {
        for source in [&planes, &flights] {
            trash.delete(&project, source, |_| {}).await.unwrap();
        }
        assert!(relationships.list(&project, None).await.unwrap().is_empty());
        for source in order {
            trash.undelete(&project, source, None).await.unwrap();
        }
        assert_eq!(contents(&spoke(&store, &project)), before);
    }
}

#[tokio::test]
async fn names_are_free_at_once_and_a_view_gets_another_one() {
    let (store, project, planes, _) = filled().await;
    let trash = SourceTrash::new(&store.manager);
    trash.delete(&project, &planes, |_| {}).await.unwrap();
    let second = source(&store, &project, "Planes").await;
    import(&store, &project, &second, &[&["9", "z"]]).await;
    let taken = trash.undelete(&project, "planes", None).await;
    assert!(
        matches!(&taken, Err(StoreError::NameTaken { id, .. }) if *id == second.as_str()),
        "{taken:?}"
    );
    trash.delete(&project, &second, |_| {}).await.unwrap();
    let both = trash.find(&project, "PLANES").await;
    assert!(
        matches!(both, Err(StoreError::Ambiguous { .. })),
        "{both:?}"
    );

    let back = trash
        .undelete(&project, second.as_str(), Some("planes@2"))
        .await
        .unwrap();
    assert_eq!(back.view_name, "planes_2");
    trash.delete(&project, &second, |_| {}).await.unwrap();
    source(&store, &project, "planes_2").await;
    let third = source(&store, &project, "planes").await;
    assert_ne!(third, planes);
    trash.delete(&project, &third, |_| {}).await.unwrap();
    let first = trash
        .undelete(&project, planes.as_str(), None)
        .await
        .unwrap();
    assert_eq!(
        (first.name.as_str(), first.view_name.as_str()),
        ("planes", "planes")
    );
    let back = trash
        .undelete(&project, second.as_str(), None)
        .await
        .unwrap();
    assert_eq!(back.name, "planes@2");
    assert_eq!(
        back.view_name, "planes_2_2",
        "`planes_2` is a source by now"
    );
    let nowhere = trash.undelete(&project, second.as_str(), None).await;
    assert!(
        matches!(nowhere, Err(StoreError::NotFound { .. })),
        "{nowhere:?}"
    );
    sound(&store).await;
}

#[tokio::test]
async fn what_expired_goes_one_at_a_time_and_leaves_nothing() {
    let (store, project, planes, flights) = filled().await;
    let trash = SourceTrash::new(&store.manager);
    for source in [&planes, &flights] {
        trash.delete(&project, source, |_| {}).await.unwrap();
    }
    assert_eq!(trash.purge_expired(&project).await.unwrap(), None);
    let connection =
        Connection::open_with_flags_and_vfs(spoke(&store, &project), OpenFlags::default(), vfs())
            .unwrap();
    connection
        .execute_batch("UPDATE trashed_sources SET trashed_at = '2020-01-01T00:00:00+00:00'")
        .unwrap();
    Settings::new(store.manager.core())
        .set(Setting::TrashKeepDays, "3650")
        .await
        .unwrap();
    assert_eq!(trash.purge_expired(&project).await.unwrap(), None);
    Settings::new(store.manager.core())
        .unset(Setting::TrashKeepDays)
        .await
        .unwrap();
    assert!(trash.list(&project).await.unwrap()[0].is_expired(Timestamp::now()));
    // Who deletes another source removes one of them.
    let third = source(&store, &project, "third").await;
    trash.delete(&project, &third, |_| {}).await.unwrap();
    assert_eq!(trash.list(&project).await.unwrap().len(), 2);
    trash.purge_expired(&project).await.unwrap().unwrap();
    trash.purge(&project, third.as_str()).await.unwrap();
    let left: Vec<_> = contents(&spoke(&store, &project))
        .into_iter()
        .filter(|row| row.contains("@trash") || row.contains(planes.as_str()))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    sound(&store).await;
}

#[tokio::test]
async fn a_source_into_which_an_import_has_begun_is_not_deleted() {
    let (store, project, planes, _) = filled().await;
    let connection =
        Connection::open_with_flags_and_vfs(spoke(&store, &project), OpenFlags::default(), vfs())
            .unwrap();
    // Its job is alive: it is of this very process.
    let job = manifold_store::JobId::new();
    manifold_store::Jobs::new(&store.manager)
        .start(manifold_store::NewJob {
            id: job.clone(),
            project_id: Some(project.clone()),
            ..manifold_store::NewJob::new("import_file", serde_json::json!({}))
        })
        .await
        .unwrap();
    connection
        .execute(
            "UPDATE import_history SET state = 'running', job_id = ?1 \
             WHERE id = (SELECT max(id) FROM import_history WHERE source_id = ?2)",
            [job.as_str(), planes.as_str()],
        )
        .unwrap();
    let before = contents(&spoke(&store, &project));
    let refused = SourceTrash::new(&store.manager)
        .delete(&project, &planes, |_| {})
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, StoreError::Busy { holder: Some(holder), .. } if holder.contains(job.as_str())),
        "{refused}"
    );
    assert_eq!(contents(&spoke(&store, &project)), before);
}

#[tokio::test]
async fn copies_have_no_trash_and_not_a_byte_of_it() {
    let (store, project, planes, _) = filled().await;
    import(
        &store,
        &project,
        &planes,
        &[&["5", "a word that nobody should read"]],
    )
    .await;
    SourceTrash::new(&store.manager)
        .delete(&project, &planes, |_| {})
        .await
        .unwrap();
    let projects = Projects::new(&store.manager);
    let file = store
        .folder
        .path()
        .parent()
        .unwrap()
        .join(format!("{planes}.db"));
    projects
        .export_file(&project, &file, CopyWatch::unwatched())
        .await
        .unwrap();
    let clone = projects
        .clone_project(&project, "clone", CopyWatch::unwatched())
        .await
        .unwrap();
    // A file that was not exported but taken from a data folder.
    let taken = file.with_extension("taken");
    Connection::open(spoke(&store, &project))
        .unwrap()
        .execute("VACUUM INTO ?1", [taken.to_str().unwrap()])
        .unwrap();
    let adopted = projects
        .adopt(&taken, &AdoptOptions::default(), CopyWatch::unwatched())
        .await;
    let adopted = match adopted {
        Err(StoreError::NameTaken { .. }) => {
            let named = AdoptOptions {
                name: Some("adopted".to_owned()),
                ..AdoptOptions::default()
            };
            projects
                .adopt(&taken, &named, CopyWatch::unwatched())
                .await
                .unwrap()
        }
        adopted => adopted.unwrap(),
    };
    let id = |row| Projects::id(row).unwrap();
    for path in [
        file.clone(),
        spoke(&store, &id(&clone)),
        spoke(&store, &id(&adopted.project)),
    ] {
        let bytes = std::fs::read(&path).unwrap();
        let secret = b"nobody should read";
        assert!(
            !bytes.windows(secret.len()).any(|part| part == secret),
            "{}",
            path.display()
        );
        let left = contents(&path);
        assert!(
            left.iter()
                .all(|row| !row.contains("@trash") && !row.contains(planes.as_str()))
        );
        assert!(left.iter().any(|row| row.starts_with("d2: ")), "{left:?}");
    }
    assert_eq!(
        SourceTrash::new(&store.manager)
            .list(&project)
            .await
            .unwrap()
            .len(),
        1
    );
    std::fs::remove_file(file).unwrap();
    std::fs::remove_file(taken).unwrap();
    sound(&store).await;
}
