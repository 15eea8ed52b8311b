//! Every step of every saga fails or dies: the state is the old one or the new one, whole, and trying again works.
//!
//! A saga is one line in [`SAGAS`], one in [`Saga::run`]. Restoring is tested where backups are made.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use entity_core::enums::ProjectState;
use entity_core::projects;
use fail::FailScenario;
use manifold_store::{
    AdoptOptions, CopyWatch, DataSources, DatabaseManager as _, Doctor, Layout, NewProject,
    NewSource, ProjectId, Projects, SourceTrash, SqliteManager, StoreError, StoreOptions, Trash,
};
use sea_orm::{EntityTrait as _, QueryOrder as _};

use self::End::{New, Old};
use self::Saga::{
    Adopt, CloneActive, CloneTrashed, Create, Delete, DeleteSource, ExportFile, Purge, Undelete,
    UndeleteAs, UndeleteSource,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saga {
    Create,
    Delete,
    Undelete,
    UndeleteAs,
    CloneActive,
    CloneTrashed,
    Adopt,
    ExportFile,
    Purge,
    DeleteSource,
    UndeleteSource,
}

/// The state before the saga or after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Old,
    New,
}

/// A point of a saga: what is left when the step fails there, and what the next process makes of it when one dies there.
type Step = (&'static str, End, End);

const CREATING: &[Step] = &[
    ("create-planned", Old, Old),
    ("create-file-written", Old, Old),
    ("create-file-made", Old, New),
];
const DELETING: &[Step] = &[
    ("delete-planned", Old, New),
    ("delete-settled", Old, New),
    ("delete-file-moved", Old, New),
];
const UNDELETING: &[Step] = &[
    ("undelete-planned", Old, New),
    ("undelete-renamed", Old, New),
    ("undelete-file-moved", Old, New),
];
const CLONING: &[Step] = &[
    ("clone-staged", Old, Old),
    ("place-planned", Old, Old),
    ("place-file-moved", Old, New),
    ("place-file-placed", Old, New),
    ("place-published", New, New),
    ("place-shown", New, New),
];
const ADOPTING: &[Step] = &[
    ("adopt-staged", Old, Old),
    ("place-planned", Old, Old),
    ("place-file-moved", Old, New),
    ("place-file-placed", Old, New),
    ("place-published", New, New),
    ("place-shown", New, New),
];
const EXPORTING: &[Step] = &[("export-file-written", Old, Old)];
const PURGING: &[Step] = &[
    ("purge-planned", Old, New),
    ("purge-file-removed", New, New),
    ("purge-published", New, New),
];
const DELETING_SOURCE: &[Step] = &[("source-trashed", Old, Old), ("revision-raised", Old, Old)];
const UNDELETING_SOURCE: &[Step] = &[
    ("source-undeleted", Old, Old),
    ("revision-raised", Old, Old),
];
const UNDONE_DELETING: &[&str] = &["delete-undoing", "delete-file-moved-back"];
const UNDONE_UNDELETING: &[&str] = &["undelete-undoing", "undelete-file-moved-back"];
const UNDONE_PURGING: &[&str] = &["purge-undoing"];

/// Each saga with its steps, and those of its undo.
const SAGAS: &[(Saga, &[Step], &[&str])] = &[
    (Create, CREATING, &[]),
    (Delete, DELETING, UNDONE_DELETING),
    (Undelete, UNDELETING, UNDONE_UNDELETING),
    (UndeleteAs, UNDELETING, UNDONE_UNDELETING),
    (CloneActive, CLONING, &[]),
    (CloneTrashed, CLONING, &[]),
    (Adopt, ADOPTING, &[]),
    (ExportFile, EXPORTING, &[]),
    (Purge, PURGING, UNDONE_PURGING),
    (DeleteSource, DELETING_SOURCE, &[]),
    (UndeleteSource, UNDELETING_SOURCE, &[]),
];

impl Saga {
    fn begins_in_trash(self) -> bool {
        matches!(self, Undelete | UndeleteAs | CloneTrashed | Purge)
    }

    async fn run(self, scene: Scene) -> Result<(), StoreError> {
        let Scene { manager, id, file } = scene;
        let (projects, trash) = (Projects::new(&manager), Trash::new(&manager));
        match self {
            Create => projects.create(new("made")).await.map(drop),
            Delete => projects.delete(&id).await.map(drop),
            Undelete => projects.undelete(id.as_str(), None).await.map(drop),
            UndeleteAs => projects
                .undelete(id.as_str(), Some("old sales"))
                .await
                .map(drop),
            CloneActive => projects
                .clone_project(&id, "clone", CopyWatch::unwatched())
                .await
                .map(drop),
            CloneTrashed => trash.clone_project("sales", Some("clone")).await.map(drop),
            Adopt => projects
                .adopt(&file, &named("adopted"), CopyWatch::unwatched())
                .await
                .map(drop),
            ExportFile => projects
                .export_file(&id, &file.with_extension("copy"), CopyWatch::unwatched())
                .await
                .map(drop),
            Purge => trash.purge(&trash.find("sales").await?.project).await,
            DeleteSource => {
                let source = DataSources::new(manager.clone())
                    .find(&id, "orders")
                    .await?;
                SourceTrash::new(&manager)
                    .delete(&id, &source.id.parse().expect("an id"), |_| {})
                    .await
                    .map(drop)
            }
            UndeleteSource => SourceTrash::new(&manager)
                .undelete(&id, "orders", None)
                .await
                .map(drop),
        }
    }
}

/// Where a saga runs.
#[derive(Debug, Clone)]
struct Scene {
    manager: Arc<SqliteManager>,
    id: ProjectId,
    /// The project as one file.
    file: PathBuf,
}

fn named(name: &str) -> AdoptOptions {
    AdoptOptions {
        name: Some(name.to_owned()),
        ..AdoptOptions::default()
    }
}

fn new(name: &str) -> NewProject {
    NewProject {
        name: name.to_owned(),
        description: Some("kept".to_owned()),
    }
}

async fn open(folder: &Path) -> Arc<SqliteManager> {
    SqliteManager::open(Layout::new(folder.join("data")), StoreOptions::default())
        .await
        .unwrap()
}

/// A project with a source, in the state in which the saga finds it, and the same as one file.
async fn prepared(saga: Saga) -> (tempfile::TempDir, Scene) {
    let folder = tempfile::tempdir().unwrap();
    let manager = open(folder.path()).await;
    let projects = Projects::new(&manager);
    let id: ProjectId = projects
        .create(new("sales"))
        .await
        .unwrap()
        .id
        .parse()
        .unwrap();
    let sources = DataSources::new(manager.clone());
    sources
        .create(&id, NewSource::file("orders"))
        .await
        .unwrap();
    let file = folder.path().join("sales.db");
    projects
        .export_file(&id, &file, CopyWatch::unwatched())
        .await
        .unwrap();
    if saga == UndeleteSource {
        let source = sources.find(&id, "orders").await.unwrap().id;
        SourceTrash::new(&manager)
            .delete(&id, &source.parse().unwrap(), |_| {})
            .await
            .unwrap();
    }
    if saga.begins_in_trash() {
        projects.delete(&id).await.unwrap();
    }
    (folder, Scene { manager, id, file })
}

/// The projects with their states, and what lies beside the data folder, after looking whether all of it is whole.
async fn state(manager: &Arc<SqliteManager>, folder: &Path) -> Vec<String> {
    let by_name = projects::Entity::find().order_by_asc(projects::Column::Name);
    let mut found = Vec::new();
    for row in manager.core().all(by_name).await.unwrap() {
        let layout = manager.layout();
        let (live, trashed) = (layout.spoke(&row.namespace), layout.trashed(&row.namespace));
        assert_eq!(live.exists(), row.state == ProjectState::Active, "{row:?}");
        assert_eq!(
            trashed.exists(),
            row.state == ProjectState::Trashed,
            "{row:?}"
        );
        if row.state == ProjectState::Active {
            let spoke = manager.project(&Projects::id(&row).unwrap()).await.unwrap();
            let inside = spoke
                .one(entity_project::project::Entity::find())
                .await
                .unwrap()
                .unwrap();
            assert_eq!((&inside.id, &inside.name), (&row.id, &row.name));
            assert_eq!(inside.description.as_deref(), Some("kept"));
            let trash = SourceTrash::new(manager)
                .list(&Projects::id(&row).unwrap())
                .await
                .unwrap();
            found.extend(trash.iter().map(|trashed| trashed.source.name.clone()));
        }
        found.push(format!(
            "{:?} {} with {}",
            row.state, row.name, row.source_count
        ));
    }
    let examination = Doctor::new(manager).examine().await.unwrap();
    assert_eq!(examination.findings, []);
    for (within, leftover) in [
        ("data/tmp", "staged-"),
        ("data/projects", ".tmp-"),
        (".", "sales.copy"),
    ] {
        for entry in std::fs::read_dir(folder.join(within)).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name.starts_with(leftover) {
                found.push(name);
            }
        }
    }
    found
}

/// The state before an undisturbed run, and after it.
async fn ends(saga: Saga) -> (Vec<String>, Vec<String>) {
    let (folder, scene) = prepared(saga).await;
    let old = state(&scene.manager, folder.path()).await;
    saga.run(scene.clone()).await.unwrap();
    (old, state(&scene.manager, folder.path()).await)
}

/// Runs a saga in which a process may die. True when it came to its end.
async fn succeeds(saga: Saga, scene: Scene) -> bool {
    matches!(tokio::spawn(saga.run(scene)).await, Ok(Ok(())))
}

#[tokio::test]
async fn a_step_that_fails_leaves_the_old_state_and_can_be_repeated() {
    let scenario = FailScenario::setup();
    for &(saga, steps, _) in SAGAS {
        let (old, new) = ends(saga).await;
        for &(point, after_error, _) in steps {
            let (folder, scene) = prepared(saga).await;
            for again in [false, true] {
                fail::cfg(point, "return").unwrap();
                let ran = saga.run(scene.clone()).await;
                assert!(ran.is_err(), "{saga:?} {point}");
                fail::remove(point);
                if after_error == New {
                    break; // there is no way back: the next process goes on
                }
                let now = state(&open(folder.path()).await, folder.path()).await;
                assert_eq!(now, old, "{saga:?} {point} again: {again}");
            }
            if after_error == Old {
                saga.run(scene.clone()).await.unwrap();
            }
            drop(scene);
            let now = state(&open(folder.path()).await, folder.path()).await;
            assert_eq!(now, new, "{saga:?} {point}");
        }
    }
    scenario.teardown();
}

#[tokio::test]
async fn a_step_in_which_the_process_dies_is_finished_or_undone_by_the_next() {
    let scenario = FailScenario::setup();
    for &(saga, steps, _) in SAGAS {
        let (old, new) = ends(saga).await;
        for &(point, _, after_death) in steps {
            let (folder, scene) = prepared(saga).await;
            fail::cfg(point, "panic").unwrap();
            assert!(!succeeds(saga, scene).await, "{saga:?} {point}");
            // Who takes it up fails at the same step, so that all before it is done twice.
            fail::cfg(point, "return").unwrap();
            drop(open(folder.path()).await);
            fail::remove(point);

            let next = open(folder.path()).await;
            let now = state(&next, folder.path()).await;
            let wanted = if after_death == New { &new } else { &old };
            assert_eq!(&now, wanted, "{saga:?} {point}");
        }
    }
    scenario.teardown();
}

#[tokio::test]
async fn an_undo_that_fails_or_dies_is_taken_up_by_the_next() {
    let scenario = FailScenario::setup();
    for &(saga, steps, undos) in SAGAS {
        let (_, new) = ends(saga).await;
        let undone = steps
            .iter()
            .filter(|(_, after_error, _)| *after_error == Old);
        for (step, undo, how) in undone.flat_map(|(step, ..)| {
            undos
                .iter()
                .flat_map(move |undo| ["return", "panic"].map(|how| (*step, *undo, how)))
        }) {
            let (folder, scene) = prepared(saga).await;
            fail::cfg(step, "return").unwrap();
            fail::cfg(undo, how).unwrap();
            assert!(!succeeds(saga, scene).await, "{saga:?} {step} {undo}");
            fail::remove(step);
            fail::remove(undo);

            let next = open(folder.path()).await;
            let now = state(&next, folder.path()).await;
            assert_eq!(now, new, "{saga:?} {step} {undo} {how}");
        }
    }
    scenario.teardown();
}

#[tokio::test]
async fn what_a_living_process_does_is_left_to_it() {
    let scenario = FailScenario::setup();
    let (folder, scene) = prepared(Delete).await;
    fail::cfg("delete-planned", "panic").unwrap();
    assert!(!succeeds(Delete, scene.clone()).await);
    fail::remove("delete-planned");
    // The process that died is still registered as alive.
    let other = open(folder.path()).await;
    assert!(other.layout().spoke(&scene.id.namespace()).exists());
    scenario.teardown();
}

#[tokio::test]
async fn what_cannot_be_finished_now_does_not_keep_the_store_closed() {
    let scenario = FailScenario::setup();
    let (folder, scene) = prepared(Delete).await;
    fail::cfg("delete-planned", "panic").unwrap();
    assert!(!succeeds(Delete, scene).await);
    fail::cfg("delete-planned", "return").unwrap();

    let next = open(folder.path()).await;
    let namesake = Projects::new(&next).create(new("sales")).await.unwrap();
    let examination = Doctor::new(&next).examine().await.unwrap();
    assert!(!examination.ok);
    let half_done =
        |finding: &manifold_store::Finding| finding.class == manifold_store::FindingClass::HalfDone;
    assert!(examination.findings.iter().any(half_done));
    fail::remove("delete-planned");
    drop(next);

    let last = open(folder.path()).await;
    assert_eq!(Trash::new(&last).list().await.unwrap().len(), 1);
    assert!(
        matches!(Projects::new(&last).undelete("sales", None).await, Err(StoreError::NameTaken { id, .. }) if id == namesake.id)
    );
    scenario.teardown();
}
