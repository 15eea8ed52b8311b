//! Copies of a project, made and adopted while others use the files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

mod support;

use std::path::{Path, PathBuf};

use manifold_store::{
    AdoptOptions, CopyWatch, DatabaseManager as _, NewProject, Projects, StoreError, Trash,
};
use sea_orm::EntityTrait as _;

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

/// A store with the project `sales`, and the same as one file beside it.
async fn exported() -> (support::Store, tempfile::TempDir, PathBuf) {
    let store = support::store().await;
    let id = store.project("sales").await;
    let outside = tempfile::tempdir().unwrap();
    let file = outside.path().join("sales #1?.db");
    let projects = Projects::new(&store.manager);
    projects
        .export_file(&id, &file, CopyWatch::unwatched())
        .await
        .unwrap();
    (store, outside, file)
}

#[tokio::test]
async fn what_is_in_the_log_beside_a_file_is_adopted_with_it() {
    let (store, outside, file) = exported().await;
    let projects = Projects::new(&store.manager);
    let writer = rusqlite::Connection::open_with_flags_and_vfs(
        &file,
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    writer
        .execute_batch("PRAGMA journal_mode = WAL; UPDATE project SET name = 'from the log'")
        .unwrap();
    let bytes = |path: &Path| std::fs::read(path).unwrap();
    let before = (bytes(&file), bytes(&beside(&file, "-wal")));
    let adopted = projects
        .adopt(&file, &AdoptOptions::default(), CopyWatch::unwatched())
        .await
        .unwrap();
    assert_eq!(adopted.project.name, "from the log");
    assert_eq!((bytes(&file), bytes(&beside(&file, "-wal"))), before);

    // Still a file with a log when it is in use, but nobody uses it: nothing appears beside it.
    drop(writer);
    let before = bytes(&file);
    let closed = AdoptOptions {
        name: Some("closed".to_owned()),
        ..AdoptOptions::default()
    };
    projects
        .adopt(&file, &closed, CopyWatch::unwatched())
        .await
        .unwrap();
    assert_eq!(bytes(&file), before);
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_file_goes_nowhere_where_it_would_harm() {
    let (store, _outside, file) = exported().await;
    let projects = Projects::new(&store.manager);
    let id = Projects::id(&projects.find("sales").await.unwrap()).unwrap();
    let before = std::fs::read(&file).unwrap();
    std::fs::write(beside(&file, "-wal"), "of another database").unwrap();
    let spoke = store.manager.layout().spoke(&id.namespace());
    for path in [&file, &spoke, &store.manager.layout().core()] {
        let refused = projects
            .export_file(&id, path, CopyWatch::unwatched())
            .await;
        assert!(
            matches!(refused, Err(StoreError::InvalidValue { .. })),
            "{refused:?}"
        );
    }
    assert_eq!(std::fs::read(&file).unwrap(), before);
    assert!(store.manager.project(&id).await.is_ok());
}

#[tokio::test]
async fn an_orphan_file_is_not_overwritten_by_a_project_with_its_id() {
    let (store, _outside, file) = exported().await;
    let other = support::store().await;
    let id = Projects::id(&Projects::new(&store.manager).find("sales").await.unwrap()).unwrap();
    let orphan = other.manager.layout().spoke(&id.namespace());
    std::fs::write(&orphan, "nobody knows whose").unwrap();
    let adopted = Projects::new(&other.manager)
        .adopt(&file, &AdoptOptions::default(), CopyWatch::unwatched())
        .await
        .unwrap();
    assert_ne!(adopted.project.id, adopted.id_in_file);
    assert_eq!(std::fs::read(&orphan).unwrap(), b"nobody knows whose");
}

#[tokio::test]
async fn others_write_while_a_project_is_cloned() {
    let store = support::store().await;
    let id = store.project("sales").await;
    let other = store.reopen().await;
    let writing = tokio::spawn({
        let id = id.clone();
        async move {
            for turn in 0..50 {
                let description = Some(turn.to_string());
                Projects::new(&other)
                    .describe(&id, description)
                    .await
                    .unwrap();
            }
        }
    });
    let projects = Projects::new(&store.manager);
    for turn in 0..5 {
        let made = projects
            .clone_project(&id, &format!("clone {turn}"), CopyWatch::unwatched())
            .await
            .unwrap();
        let spoke = store
            .manager
            .project(&Projects::id(&made).unwrap())
            .await
            .unwrap();
        let inside = spoke
            .one(entity_project::project::Entity::find())
            .await
            .unwrap()
            .unwrap();
        assert_eq!((inside.id, inside.description), (made.id, made.description));
        assert_eq!((inside.epoch, inside.revision), (made.epoch, made.revision));
        assert_eq!(inside.epoch, 2);
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn what_is_removed_for_good_leaves_its_name_and_its_neighbours() {
    let store = support::store().await;
    let (projects, trash) = (Projects::new(&store.manager), Trash::new(&store.manager));
    let id = store.project("sales").await;
    let row = projects.find("sales").await.unwrap();
    assert!(
        matches!(trash.purge(&row).await, Err(StoreError::NotFound { .. })),
        "it is in use"
    );
    projects.delete(&id).await.unwrap();
    let copies = store.manager.layout().trash().join("before-restore");
    std::fs::create_dir(&copies).unwrap();
    std::fs::write(copies.join(format!("{}.1.db", id.namespace())), "12345").unwrap();
    std::fs::write(copies.join("another.1.db"), "").unwrap();
    let trashed = trash.find("sales").await.unwrap();
    let file = std::fs::metadata(&trashed.path).unwrap().len();
    assert_eq!(trashed.size_bytes, file + 5);
    let deleted = trashed.project.trashed_at.unwrap();
    assert!(!trashed.is_expired(deleted + chrono::TimeDelta::days(29)));
    assert!(trashed.is_expired(deleted + chrono::TimeDelta::days(30)));

    // Who clones it keeps it from being removed.
    let lock = store.manager.layout().spoke_lock(&id.namespace());
    let shared = manifold_store::FileLock::try_take(&lock, manifold_store::Share::Shared).unwrap();
    assert!(matches!(
        trash.purge(&trashed.project).await,
        Err(StoreError::Busy { .. })
    ));
    drop(shared);
    trash.purge(&trashed.project).await.unwrap();
    assert!(!trashed.path.exists());
    assert_eq!(std::fs::read_dir(&copies).unwrap().count(), 1);
    assert!(trash.list().await.unwrap().is_empty());
    let new = NewProject {
        name: "sales".to_owned(),
        description: None,
    };
    projects.create(new).await.unwrap();
}
