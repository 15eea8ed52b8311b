//! Every step of deleting and undeleting fails or dies once: the project is in use or in the trash, whole,
//! and trying again works.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    clippy::disallowed_methods
)]

mod support;

use std::sync::Arc;

use entity_core::enums::ProjectState;
use entity_core::projects;
use fail::FailScenario;
use manifold_store::{
    DatabaseManager as _, Doctor, Layout, NewProject, ProjectId, Projects, SqliteManager,
    StoreError, StoreOptions,
};
use sea_orm::EntityTrait as _;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Saga {
    Delete,
    Undelete,
    UndeleteAs,
}

impl Saga {
    const ALL: [Self; 3] = [Self::Delete, Self::Undelete, Self::UndeleteAs];

    /// The steps of the saga and of its undo.
    fn points(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Self::Delete => (
                &["delete-planned", "delete-settled", "delete-file-moved"],
                &["delete-undoing", "delete-file-moved-back"],
            ),
            Self::Undelete | Self::UndeleteAs => (
                &[
                    "undelete-planned",
                    "undelete-renamed",
                    "undelete-file-moved",
                ],
                &["undelete-undoing", "undelete-file-moved-back"],
            ),
        }
    }

    fn before(self) -> (ProjectState, &'static str) {
        match self {
            Self::Delete => (ProjectState::Active, "sales"),
            Self::Undelete | Self::UndeleteAs => (ProjectState::Trashed, "sales"),
        }
    }

    fn after(self) -> (ProjectState, &'static str) {
        match self {
            Self::Delete => (ProjectState::Trashed, "sales"),
            Self::Undelete => (ProjectState::Active, "sales"),
            Self::UndeleteAs => (ProjectState::Active, "old sales"),
        }
    }

    async fn run(
        self,
        manager: &Arc<SqliteManager>,
        id: &ProjectId,
    ) -> Result<projects::Model, StoreError> {
        let projects = Projects::new(manager);
        match self {
            Self::Delete => projects.delete(id).await,
            Self::Undelete => projects.undelete(id.as_str(), None).await,
            Self::UndeleteAs => projects.undelete(id.as_str(), Some("old sales")).await,
        }
    }
}

/// A project with something in its write-ahead log, in the state in which the saga finds it.
async fn prepared(saga: Saga) -> (tempfile::TempDir, Arc<SqliteManager>, ProjectId) {
    let folder = tempfile::tempdir().unwrap();
    let manager = open(&folder).await;
    let projects = Projects::new(&manager);
    let new = NewProject {
        name: "sales".to_owned(),
        description: Some("kept".to_owned()),
    };
    let id: ProjectId = projects.create(new).await.unwrap().id.parse().unwrap();
    projects
        .describe(&id, Some("kept too".to_owned()))
        .await
        .unwrap();
    if saga != Saga::Delete {
        projects.delete(&id).await.unwrap();
    }
    (folder, manager, id)
}

async fn open(folder: &tempfile::TempDir) -> Arc<SqliteManager> {
    SqliteManager::open(Layout::new(folder.path()), StoreOptions::default())
        .await
        .unwrap()
}

/// The state of the project, after looking whether it is whole.
async fn state(manager: &Arc<SqliteManager>, id: &ProjectId) -> (ProjectState, String) {
    let row = manager
        .core()
        .one(projects::Entity::find_by_id(id.as_str()))
        .await
        .unwrap()
        .unwrap();
    let layout = manager.layout();
    let (live, trashed) = (layout.spoke(&row.namespace), layout.trashed(&row.namespace));
    assert_eq!(
        live.exists(),
        row.state == ProjectState::Active,
        "{:?}",
        row.state
    );
    assert_eq!(
        trashed.exists(),
        row.state == ProjectState::Trashed,
        "{:?}",
        row.state
    );
    if row.state == ProjectState::Active {
        let spoke = manager.project(id).await.unwrap();
        let inside = spoke
            .one(entity_project::project::Entity::find())
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (inside.id.as_str(), inside.description.as_deref()),
            (id.as_str(), Some("kept too"))
        );
        assert_eq!(inside.name, row.name);
    }
    let examination = Doctor::new(manager).examine().await.unwrap();
    assert_eq!(examination.findings, []);
    let again = manager
        .core()
        .one(projects::Entity::find_by_id(id.as_str()))
        .await
        .unwrap()
        .unwrap();
    (row.state, again.name)
}

fn is(state: &(ProjectState, String), wanted: (ProjectState, &str)) -> bool {
    (state.0, state.1.as_str()) == wanted
}

#[tokio::test]
async fn a_step_that_fails_leaves_the_project_as_it_was() {
    let scenario = FailScenario::setup();
    for saga in Saga::ALL {
        for point in saga.points().0 {
            let (_folder, manager, id) = prepared(saga).await;
            fail::cfg(*point, "return").unwrap();
            let error = saga.run(&manager, &id).await.unwrap_err();
            assert!(
                matches!(error, StoreError::Interrupted),
                "{saga:?} {point}: {error:?}"
            );
            fail::remove(point);
            let state_now = state(&manager, &id).await;
            assert!(
                is(&state_now, saga.before()),
                "{saga:?} {point}: {state_now:?}"
            );
            saga.run(&manager, &id).await.unwrap();
            let state_now = state(&manager, &id).await;
            assert!(
                is(&state_now, saga.after()),
                "{saga:?} {point}: {state_now:?}"
            );
        }
    }
    scenario.teardown();
}

#[tokio::test]
async fn a_step_in_which_the_process_dies_is_finished_by_the_next() {
    let scenario = FailScenario::setup();
    for saga in Saga::ALL {
        for point in saga.points().0 {
            let (folder, manager, id) = prepared(saga).await;
            fail::cfg(*point, "panic").unwrap();
            let (running, its_id) = (manager.clone(), id.clone());
            let died =
                tokio::spawn(async move { saga.run(&running, &its_id).await.map(|_| ()) }).await;
            assert!(died.unwrap_err().is_panic(), "{saga:?} {point}");
            fail::remove(point);

            // The process that died is still registered as alive: another one leaves its work alone.
            let other = open(&folder).await;
            let row = other
                .core()
                .one(projects::Entity::find_by_id(id.as_str()))
                .await
                .unwrap()
                .unwrap();
            assert_ne!(row.state, ProjectState::Active, "{saga:?} {point}");
            drop(other);
            drop(manager);

            let next = open(&folder).await;
            let state_now = state(&next, &id).await;
            assert!(
                is(&state_now, saga.after()),
                "{saga:?} {point}: {state_now:?}"
            );
        }
    }
    scenario.teardown();
}

#[tokio::test]
async fn an_undo_that_fails_or_dies_is_taken_up_by_the_next() {
    let scenario = FailScenario::setup();
    for saga in Saga::ALL {
        let (steps, undos) = saga.points();
        for (step, undo, how) in steps.iter().flat_map(|step| {
            undos
                .iter()
                .flat_map(move |undo| ["return", "panic"].map(|how| (*step, *undo, how)))
        }) {
            let (folder, manager, id) = prepared(saga).await;
            fail::cfg(step, "return").unwrap();
            fail::cfg(undo, how).unwrap();
            let (running, its_id) = (manager.clone(), id.clone());
            let ended =
                tokio::spawn(async move { saga.run(&running, &its_id).await.map(|_| ()) }).await;
            assert!(
                ended.is_err() || ended.unwrap().is_err(),
                "{saga:?} {step} {undo}"
            );
            fail::remove(step);
            fail::remove(undo);
            drop(manager);

            let next = open(&folder).await;
            let state_now = state(&next, &id).await;
            assert!(
                is(&state_now, saga.after()),
                "{saga:?} {step} {undo} {how}: {state_now:?}"
            );
        }
    }
    scenario.teardown();
}

#[tokio::test]
async fn what_cannot_be_finished_now_does_not_keep_the_store_closed() {
    let scenario = FailScenario::setup();
    let (folder, manager, id) = prepared(Saga::Delete).await;
    fail::cfg("delete-planned", "panic").unwrap();
    let (running, its_id) = (manager.clone(), id.clone());
    let died =
        tokio::spawn(async move { Saga::Delete.run(&running, &its_id).await.map(|_| ()) }).await;
    assert!(died.is_err());
    drop(manager);
    fail::cfg("delete-planned", "return").unwrap();

    let next = open(&folder).await;
    let new = NewProject {
        name: "sales".to_owned(),
        description: None,
    };
    let namesake = Projects::new(&next).create(new).await.unwrap();
    let examination = Doctor::new(&next).examine().await.unwrap();
    assert!(!examination.ok);
    let classes: Vec<_> = examination
        .findings
        .iter()
        .map(|finding| finding.class)
        .collect();
    assert!(
        classes.contains(&manifold_store::FindingClass::HalfDone),
        "{:?}",
        examination.findings
    );
    fail::remove("delete-planned");
    drop(next);

    let last = open(&folder).await;
    assert!(is(
        &state(&last, &id).await,
        (ProjectState::Trashed, "sales")
    ));
    assert!(
        matches!(Projects::new(&last).undelete("sales", None).await, Err(StoreError::NameTaken { id, .. }) if id == namesake.id)
    );
    scenario.teardown();
}
