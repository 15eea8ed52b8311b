//! Deleted projects are kept in the trash and come back as they were.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

mod support;

use std::path::{Path, PathBuf};

use entity_core::enums::{OperationKind, OperationState, ProjectState};
use entity_core::project_operations;
use manifold_store::{
    DataSources, DatabaseManager as _, Doctor, NewProject, NewSource, ProjectId, Projects,
    StoreError, Trash,
};
use sea_orm::EntityTrait as _;

fn new(name: &str) -> NewProject {
    NewProject {
        name: name.to_owned(),
        description: None,
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    PathBuf::from(format!("{}{suffix}", path.display()))
}

async fn assert_clean(store: &support::Store) {
    let examination = Doctor::new(&store.manager).examine().await.unwrap();
    assert_eq!(examination.findings, [], "the doctor finds something");
    let operations = store
        .manager
        .core()
        .all(project_operations::Entity::find())
        .await
        .unwrap();
    assert!(
        operations
            .iter()
            .all(|operation| operation.state != OperationState::Running)
    );
}

#[tokio::test]
async fn a_deleted_project_comes_back_as_it_was() {
    let store = support::store().await;
    let projects = Projects::new(&store.manager);
    let sources = DataSources::new(store.manager.clone());
    let id = store.project("sales").await;
    sources
        .create(&id, NewSource::file("orders"))
        .await
        .unwrap();
    let before = projects.find("sales").await.unwrap();
    let (live, trashed) = (
        store.manager.layout().spoke(&before.namespace),
        store.manager.layout().trashed(&before.namespace),
    );

    let row = projects.delete(&id).await.unwrap();
    assert_eq!(row.state, ProjectState::Trashed);
    assert!(row.trashed_at.is_some());
    assert!(!live.exists() && trashed.exists());
    for suffix in ["-wal", "-shm", "-journal"] {
        assert!(
            !beside(&live, suffix).exists() && !beside(&trashed, suffix).exists(),
            "{suffix} is left"
        );
    }
    assert!(matches!(
        projects.find("sales").await,
        Err(StoreError::NotFound { .. })
    ));
    assert!(projects.list().await.unwrap().is_empty());
    assert!(matches!(
        store.manager.project(&id).await,
        Err(StoreError::NotFound { .. })
    ));
    assert!(matches!(
        projects.delete(&id).await,
        Err(StoreError::NotFound { .. })
    ));
    let trash = Trash::new(&store.manager).list().await.unwrap();
    assert_eq!(
        (trash.len(), trash[0].project.id.as_str(), &trash[0].path),
        (1, id.as_str(), &trashed)
    );
    assert_eq!(
        trash[0].size_bytes,
        std::fs::metadata(&trashed).unwrap().len()
    );
    assert_clean(&store).await;

    let back = projects.undelete("SALES", None).await.unwrap();
    assert_eq!(back, before);
    assert_eq!(sources.list(&id).await.unwrap().len(), 1);
    assert!(live.exists() && !trashed.exists());
    assert!(Trash::new(&store.manager).list().await.unwrap().is_empty());
    let error = projects.undelete("sales", None).await.unwrap_err();
    assert!(
        error.to_string().starts_with("no project in the trash has"),
        "{error}"
    );
    assert_clean(&store).await;
}

#[tokio::test]
async fn who_has_it_open_is_named_and_nothing_changes() {
    let store = support::store().await;
    let projects = Projects::new(&store.manager);
    let id = store.project("sales").await;
    let before = projects.find("sales").await.unwrap();

    // Another process that uses it.
    let other = store.reopen().await;
    let used = other.project(&id).await.unwrap();
    let error = projects.delete(&id).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy { .. }), "{error:?}");
    assert!(error.to_string().contains("project `sales`"), "{error}");
    if cfg!(target_os = "linux") {
        assert!(
            error
                .to_string()
                .contains(&format!("process {}", std::process::id())),
            "{error}"
        );
    }
    assert_eq!(projects.find("sales").await.unwrap(), before);
    let operations = project_operations::Entity::find();
    let operations = store.manager.core().all(operations).await.unwrap();
    let states: Vec<_> = operations.iter().map(|of| (of.kind, of.state)).collect();
    assert_eq!(
        states,
        [
            (OperationKind::Create, OperationState::Done),
            (OperationKind::Delete, OperationState::Failed)
        ]
    );

    // A query in this process.
    drop(used);
    assert!(other.close(&id).await.unwrap());
    let held = store.manager.project(&id).await.unwrap();
    assert!(matches!(
        projects.delete(&id).await,
        Err(StoreError::Busy { .. })
    ));
    assert!(
        held.one(entity_project::project::Entity::find())
            .await
            .unwrap()
            .is_some()
    );

    // A program that does not know our locks.
    drop(held);
    let shell = rusqlite::Connection::open_with_flags_and_vfs(
        store.manager.layout().spoke(&before.namespace),
        rusqlite::OpenFlags::default(),
        manifold_store::vfs(),
    )
    .unwrap();
    shell
        .query_row("SELECT name FROM project", [], |row| {
            row.get::<_, String>(0)
        })
        .unwrap();
    assert!(matches!(
        projects.delete(&id).await,
        Err(StoreError::Busy { .. })
    ));
    assert_eq!(projects.find("sales").await.unwrap(), before);
    drop(shell);
    store.manager.project(&id).await.unwrap();
    projects.delete(&id).await.unwrap();
}

#[tokio::test]
async fn a_trashed_project_gives_its_name_up() {
    let store = support::store().await;
    let projects = Projects::new(&store.manager);
    let old = store.project("sales").await;
    projects.delete(&old).await.unwrap();
    let younger = projects.create(new("Sales")).await.unwrap();

    let error = projects.undelete("sales", None).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::NameTaken { id, .. } if *id == younger.id),
        "{error:?}"
    );
    assert_eq!(Trash::new(&store.manager).list().await.unwrap().len(), 1);
    assert!(matches!(
        projects.undelete("sales", Some("a/b")).await,
        Err(StoreError::InvalidName { .. })
    ));
    assert!(matches!(
        projects.undelete("sales", Some("SALES")).await,
        Err(StoreError::NameTaken { .. })
    ));

    let back = projects
        .undelete(old.as_str(), Some("old sales"))
        .await
        .unwrap();
    assert_eq!(
        (back.name.as_str(), back.id.as_str()),
        ("old sales", old.as_str())
    );
    let inside = store.manager.project(&old).await.unwrap();
    assert_eq!(
        inside
            .one(entity_project::project::Entity::find())
            .await
            .unwrap()
            .unwrap()
            .name,
        "old sales"
    );
    drop(inside);

    // Two of the same name in the trash.
    projects
        .rename(&younger.id.parse().unwrap(), "x")
        .await
        .unwrap();
    projects.rename(&old, "X2").await.unwrap();
    projects.delete(&younger.id.parse().unwrap()).await.unwrap();
    projects.rename(&old, "X").await.unwrap();
    projects.delete(&old).await.unwrap();
    assert_eq!(projects.undelete("X", None).await.unwrap().id, old.as_str());
    projects.delete(&old).await.unwrap();
    let third: ProjectId = projects.create(new("x")).await.unwrap().id.parse().unwrap();
    projects.delete(&third).await.unwrap();
    let error = projects.undelete("x", None).await.unwrap_err();
    assert!(matches!(error, StoreError::Ambiguous { .. }), "{error}");
    projects.undelete(third.as_str(), None).await.unwrap();
    assert_clean(&store).await;
}

#[tokio::test]
async fn a_damaged_project_can_be_deleted_and_comes_back_with_its_log() {
    let store = support::store().await;
    let projects = Projects::new(&store.manager);
    let id = store.project("sales").await;
    let layout = store.manager.layout().clone();
    let (live, trashed) = (
        layout.spoke(&id.namespace()),
        layout.trashed(&id.namespace()),
    );
    let bytes = b"this was a database once, before somebody wrote a letter over it".to_vec();
    std::fs::write(&live, &bytes).unwrap();
    std::fs::write(beside(&live, "-wal"), b"a log").unwrap();

    projects.delete(&id).await.unwrap();
    assert_eq!(std::fs::read(&trashed).unwrap(), bytes);
    assert_eq!(std::fs::read(beside(&trashed, "-wal")).unwrap(), b"a log");
    assert!(!beside(&live, "-wal").exists());

    let error = projects.undelete("sales", Some("other")).await.unwrap_err();
    assert!(matches!(error, StoreError::NotOurs { .. }), "{error:?}");
    assert_eq!(
        Trash::new(&store.manager).list().await.unwrap()[0]
            .project
            .name,
        "sales"
    );
    projects.undelete("sales", None).await.unwrap();
    assert_eq!(std::fs::read(&live).unwrap(), bytes);
    assert_eq!(std::fs::read(beside(&live, "-wal")).unwrap(), b"a log");
}

#[tokio::test]
async fn a_missing_file_is_said_and_a_file_in_the_way_is_kept() {
    let store = support::store().await;
    let projects = Projects::new(&store.manager);
    let layout = store.manager.layout().clone();
    let id = store.project("sales").await;
    let (live, trashed) = (
        layout.spoke(&id.namespace()),
        layout.trashed(&id.namespace()),
    );
    let bytes = std::fs::read(&live).unwrap();

    std::fs::create_dir_all(layout.trash()).unwrap();
    std::fs::write(&trashed, b"somebody's").unwrap();
    let error = projects.delete(&id).await.unwrap_err();
    assert!(error.to_string().contains("move it away first"), "{error}");
    assert_eq!(std::fs::read(&trashed).unwrap(), b"somebody's");
    store
        .manager
        .project(&projects.find("sales").await.unwrap().id.parse().unwrap())
        .await
        .unwrap();
    std::fs::remove_file(&trashed).unwrap();

    store.manager.close(&id).await.unwrap();
    std::fs::remove_file(&live).unwrap();
    projects.delete(&id).await.unwrap();
    let error = projects.undelete("sales", None).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Gone { path, .. } if *path == trashed),
        "{error:?}"
    );
    assert_eq!(
        Trash::new(&store.manager).list().await.unwrap()[0].size_bytes,
        0
    );
    std::fs::write(&trashed, &bytes).unwrap();
    projects.undelete("sales", None).await.unwrap();
    store.manager.project(&id).await.unwrap();
    assert_clean(&store).await;
}
