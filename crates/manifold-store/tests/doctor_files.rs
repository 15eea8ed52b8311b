//! The doctor brings the files of projects to their places, or names the choice where it cannot.
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

use doctored::{add_backup, choice, closed, examine, forget, repaired, row, sales};
use entity_core::data_sources;
use entity_core::enums::ProjectState;
use manifold_store::{
    Cause, DatabaseManager as _, Doctor, FindingClass, Projects, Quarantine, StoreError, Trash,
};
use sea_orm::EntityTrait as _;

#[tokio::test]
async fn an_unknown_project_is_shown_again_with_everything() {
    let store = support::store().await;
    let (id, path) = sales(&store).await;
    let before = row(&store, &id).await;
    let sources = store
        .manager
        .core()
        .all(data_sources::Entity::find())
        .await
        .unwrap();
    forget(&store, &id).await;
    repaired(&store, &[FindingClass::OrphanFile]).await;
    assert_eq!(row(&store, &id).await, before);
    let again = store
        .manager
        .core()
        .all(data_sources::Entity::find())
        .await
        .unwrap();
    assert_eq!(again, sources);

    // Under another name, in the trash, and where another project has its name.
    closed(&store, &id).await;
    forget(&store, &id).await;
    std::fs::rename(&path, path.with_file_name("by_hand.db")).unwrap();
    repaired(&store, &[FindingClass::OrphanFile]).await;
    assert!(path.exists());
    Projects::new(&store.manager).delete(&id).await.unwrap();
    forget(&store, &id).await;
    repaired(&store, &[FindingClass::OrphanFile]).await;
    let found = row(&store, &id).await;
    assert_eq!((found.state, found.row_count), (ProjectState::Trashed, 2));
    Projects::new(&store.manager)
        .undelete("sales", None)
        .await
        .unwrap();
    forget(&store, &id).await;
    let other = store.project("Sales").await;
    let told = choice(&store, FindingClass::OrphanFile).await;
    assert!(
        told.contains(&format!("manifold project rename {other}")),
        "{told}"
    );
}

#[tokio::test]
async fn a_second_file_of_a_project_is_left_to_a_choice() {
    let store = support::store().await;
    let (id, path) = sales(&store).await;
    let copy = path.with_file_name("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    assert!(
        choice(&store, FindingClass::OrphanFile)
            .await
            .contains("has another file")
    );
    assert!(copy.exists());
    // When it is the only one it goes where that project's belongs.
    std::fs::remove_file(&path).unwrap();
    let outcome = Doctor::new(&store.manager).repair().await.unwrap();
    assert!(
        outcome.ok && examine(&store).await.is_empty(),
        "{outcome:#?}"
    );
    assert!(!copy.exists() && path.exists());
    store.manager.project(&id).await.unwrap();
}

#[tokio::test]
async fn a_missing_file_is_looked_for_and_else_left_to_a_choice() {
    let store = support::store().await;
    let (id, path) = sales(&store).await;
    let layout = store.manager.layout().clone();
    std::fs::create_dir_all(layout.trash()).unwrap();
    std::fs::rename(&path, layout.trashed(&id.namespace())).unwrap();
    repaired(&store, &[FindingClass::MissingFile]).await;
    assert_eq!(row(&store, &id).await.state, ProjectState::Trashed);
    std::fs::rename(layout.trashed(&id.namespace()), &path).unwrap();
    repaired(&store, &[FindingClass::MissingFile]).await;
    assert_eq!(row(&store, &id).await.state, ProjectState::Active);

    std::fs::remove_file(&path).unwrap();
    let told = choice(&store, FindingClass::MissingFile).await;
    assert!(
        told.contains(&format!("manifold project delete {id}")),
        "{told}"
    );
    add_backup(&store, &id, store.folder.path()).await;
    let told = choice(&store, FindingClass::MissingFile).await;
    assert!(told.contains("manifold restore b1 --in-place"), "{told}");
    // What was given up is taken off the list.
    Projects::new(&store.manager).delete(&id).await.unwrap();
    repaired(&store, &[FindingClass::MissingFile]).await;
    assert!(Trash::new(&store.manager).list().await.unwrap().is_empty());
}

#[tokio::test]
async fn files_that_changed_places_are_put_right() {
    let store = support::store().await;
    let (sales, sales_file) = sales(&store).await;
    let other = store.project("other").await;
    let other_file = closed(&store, &other).await;
    let between = sales_file.with_extension("x");
    std::fs::rename(&sales_file, &between).unwrap();
    std::fs::rename(&other_file, &sales_file).unwrap();
    std::fs::rename(&between, &other_file).unwrap();
    let outcome = Doctor::new(&store.manager).repair().await.unwrap();
    assert!(
        outcome.ok && examine(&store).await.is_empty(),
        "{outcome:#?}"
    );
    for id in [&sales, &other] {
        store.manager.project(id).await.unwrap();
    }
    assert!(
        Quarantine::new(store.manager.layout())
            .list()
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_damaged_project_is_set_aside_and_comes_back_when_it_is_sound() {
    let store = support::store().await;
    let (id, path) = sales(&store).await;
    let other = store.project("other").await;
    let sound = std::fs::read(&path).unwrap();
    let spoiled = &sound[..sound.len() / 2];
    std::fs::write(&path, spoiled).unwrap();
    let outcome = Doctor::new(&store.manager).repair().await.unwrap();
    let classes: Vec<_> = outcome
        .findings
        .iter()
        .map(|finding| (finding.class, finding.repaired))
        .collect();
    assert_eq!(
        classes,
        [
            (FindingClass::Corrupt, true),
            (FindingClass::Quarantined, false)
        ]
    );
    assert!(!outcome.ok && !path.exists());
    let told = choice(&store, FindingClass::Quarantined).await;
    assert!(
        told.contains("manifold project salvage") && told.contains("manifold project delete"),
        "{told}"
    );

    let aside = Quarantine::new(store.manager.layout())
        .project(&id)
        .unwrap()
        .unwrap();
    assert_eq!(
        (aside.note.cause, &aside.note.was),
        (Cause::DamagedProject, &path)
    );
    assert_eq!(std::fs::read(&aside.path).unwrap(), spoiled);
    let error = store.manager.project(&id).await.unwrap_err();
    assert!(matches!(error, StoreError::Quarantined { .. }), "{error:?}");
    store.manager.project(&other).await.unwrap();

    std::fs::write(&aside.path, &sound).unwrap();
    repaired(&store, &[FindingClass::Quarantined]).await;
    store.manager.project(&id).await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), sound);
    assert!(
        Quarantine::new(store.manager.layout())
            .list()
            .unwrap()
            .is_empty()
    );
}
