//! A fault at each step: afterwards there is the old state or the new one, nothing half-done is visible, and
//! a repeat succeeds.

use entity_core::TableCount;
use entity_core::enums::{BackupState, BackupType};
use manifold_jobs::backup::BackupSource;
use manifold_jobs::jobs::{BackupProject, RestoreTarget};
use manifold_store::{Backups, Doctor, Projects};

use crate::store::{Store, TYPES, as_new, id, names, open, place, without_identity};

const BACKUP_STEPS: [&str; 6] = [
    "backup-begun",
    "backup-frozen",
    "backup-file-written",
    "backup-files-written",
    "backup-manifest-written",
    "backup-published",
];

const READING_STEPS: [&str; 4] = [
    "restore-files-checked",
    "restore-read-back",
    "restore-compared",
    "restore-staged",
];

const AS_NEW_STEPS: [&str; 5] = [
    "place-planned",
    "place-file-moved",
    "place-file-placed",
    "place-published",
    "place-shown",
];

const IN_PLACE_STEPS: [&str; 3] = [
    "safety-copy-written",
    "restore-safety-copied",
    "restore-replaced",
];

const DAMAGED_STEPS: [&str; 2] = ["restore-damaged-copied", "restore-replaced"];

/// `return` is an error at the step; `panic` leaves what a process leaves that dies there, as soon as the
/// store is opened anew.
pub const FAULTS: [&str; 2] = ["return", "panic"];

/// Held by each test from its beginning to its end.
pub static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// A fault at one step while this exists.
pub struct Fault<'a>(&'a str);

impl<'a> Fault<'a> {
    pub fn at(step: &'a str, fault: &str) -> Self {
        fail::cfg(step, fault).unwrap();
        Self(step)
    }
}

impl Drop for Fault<'_> {
    fn drop(&mut self) {
        fail::remove(self.0);
    }
}

/// The store as the next process finds it.
pub async fn restarted(store: Store) -> Store {
    let Store {
        folder,
        manager,
        project,
    } = store;
    drop(manager);
    let manager = open(folder.path()).await;
    Store {
        folder,
        manager,
        project,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_fails_anywhere_leaves_none_or_a_whole_one() {
    let _alone = ALONE.lock().await;
    for backup_type in TYPES {
        for (step, fault) in BACKUP_STEPS
            .iter()
            .flat_map(|step| FAULTS.map(|fault| (*step, fault)))
        {
            let what = format!("{backup_type}: {fault} at {step}");
            let store = Store::rich().await;
            let before = store.tables(&store.project).await;
            let job = BackupProject::new(store.project.clone(), backup_type);
            {
                let _fault = Fault::at(step, fault);
                store.run(job.clone()).await.expect_err(&what);
            }
            let store = restarted(store).await;
            let visible: Vec<_> = store
                .in_backups()
                .into_iter()
                .filter(|name| !name.starts_with('.'))
                .collect();
            assert_eq!(
                visible.len(),
                usize::from(step == "backup-published"),
                "{what}: {visible:?}"
            );
            for name in visible {
                BackupSource::open(&store.manager.layout().backups().join(name)).expect(&what);
            }
            let again = store.run(job).await.expect(&what);
            assert_eq!(again.state, BackupState::Completed, "{what}");
            assert!(store.verify(&again).await.ok, "{what}");
            assert_eq!(
                store.in_backups().len(),
                1,
                "{what}: {:?}",
                store.in_backups()
            );
            assert_eq!(store.tables(&store.project).await, before, "{what}");
            is_healthy(&store, &what).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_as_new_that_fails_anywhere_leaves_nothing_or_the_project() {
    let _alone = ALONE.lock().await;
    for (step, fault) in READING_STEPS
        .iter()
        .chain(&AS_NEW_STEPS)
        .flat_map(|step| FAULTS.map(|fault| (*step, fault)))
    {
        let what = format!("{fault} at {step}");
        let store = Store::rich().await;
        let saved = store.tables(&store.project).await;
        let backup = store.back_up(BackupType::Full).await;
        {
            let _fault = Fault::at(step, fault);
            store
                .restore(place(&backup), as_new("copy"))
                .await
                .expect_err(&what);
        }
        let store = restarted(store).await;
        let projects = Projects::new(&store.manager);
        let listed = projects.list().await.unwrap();
        for project in &listed {
            let id = Projects::id(project).unwrap();
            let tables = store.tables(&id).await;
            assert_eq!(
                without_identity(&tables),
                without_identity(&saved),
                "{what}"
            );
        }
        let files = names(&store.manager.layout().projects());
        let files = files.iter().filter(|name| name.ends_with(".db")).count();
        assert_eq!(files, listed.len(), "{what}: a file that no project owns");
        let name = if listed.len() == 1 {
            "copy"
        } else {
            "another copy"
        };
        let restored = store
            .restore(place(&backup), as_new(name))
            .await
            .expect(&what);
        let back = store.tables(&id(&restored)).await;
        assert_eq!(without_identity(&back), without_identity(&saved), "{what}");
        assert!(store.staged().is_empty(), "{what}: {:?}", store.staged());
        is_healthy(&store, &what).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_in_place_that_fails_anywhere_leaves_the_old_state_or_the_new() {
    let _alone = ALONE.lock().await;
    for (step, fault) in READING_STEPS
        .iter()
        .chain(&IN_PLACE_STEPS)
        .flat_map(|step| FAULTS.map(|fault| (*step, fault)))
    {
        let what = format!("{fault} at {step}");
        let store = Store::rich().await;
        let saved = store.tables(&store.project).await;
        let backup = store.back_up(BackupType::Csv).await;
        store
            .import("orders", "id,name,price,note\n9,later,1.00,\n")
            .await;
        let later = store.tables(&store.project).await;
        {
            let _fault = Fault::at(step, fault);
            store
                .restore(place(&backup), RestoreTarget::InPlace)
                .await
                .expect_err(&what);
        }
        is_one_of(&store, &saved, &later, &what).await;
        let store = restarted(store).await;
        is_one_of(&store, &saved, &later, &what).await;
        store
            .restore(place(&backup), RestoreTarget::InPlace)
            .await
            .expect(&what);
        let back = store.tables(&store.project).await;
        assert_eq!(without_identity(&back), without_identity(&saved), "{what}");
        assert!(store.staged().is_empty(), "{what}: {:?}", store.staged());
        is_healthy(&store, &what).await;
    }
}

async fn is_healthy(store: &Store, what: &str) {
    let found = Doctor::new(&store.manager).examine().await.unwrap();
    assert!(found.findings.is_empty(), "{what}: {:?}", found.findings);
}

/// The project is as it was before or as it was saved, and once it is opened the hub shows the same.
async fn is_one_of(store: &Store, saved: &[TableCount], later: &[TableCount], what: &str) {
    let now = without_identity(&store.tables(&store.project).await);
    assert!(
        now == without_identity(saved) || now == without_identity(later),
        "{what}: {now:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_project_whose_replacement_fails_can_be_replaced_after_all() {
    let _alone = ALONE.lock().await;
    for (step, fault) in DAMAGED_STEPS
        .iter()
        .flat_map(|step| FAULTS.map(|fault| (*step, fault)))
    {
        let what = format!("{fault} at {step}");
        let store = Store::rich().await;
        let saved = store.tables(&store.project).await;
        let backup = store.back_up(BackupType::Sqlite).await;
        assert!(store.manager.close(&store.project).await.unwrap());
        std::fs::write(store.file(), b"something that is certainly no database").unwrap();
        {
            let _fault = Fault::at(step, fault);
            store
                .restore(place(&backup), RestoreTarget::InPlace)
                .await
                .expect_err(&what);
        }
        let store = restarted(store).await;
        store
            .restore(place(&backup), RestoreTarget::InPlace)
            .await
            .expect(&what);
        let back = store.tables(&store.project).await;
        assert_eq!(without_identity(&back), without_identity(&saved), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_that_was_interrupted_can_be_repeated() {
    let _alone = ALONE.lock().await;
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Csv).await;
    let backups = Backups::new(&store.manager);
    {
        let _fault = Fault::at("backup-folder-deleted", "return");
        backups.delete(&backup).await.unwrap_err();
    }
    assert!(store.in_backups().is_empty());
    let left = backups.find(&backup.id).await.unwrap();
    assert_eq!(left.state, BackupState::Deleting);
    backups.delete(&backup).await.unwrap();
    assert!(backups.list(None).await.unwrap().is_empty());
}

/// What SQLite could not remove, say, is no part of a backup.
#[tokio::test(flavor = "multi_thread")]
async fn what_lies_beside_the_files_is_not_published() {
    let _alone = ALONE.lock().await;
    let store = Store::rich().await;
    let backups = store.manager.layout().backups();
    let litter = move || {
        for entry in std::fs::read_dir(&backups).unwrap() {
            let folder = entry.unwrap().path();
            std::fs::write(folder.join("project.db-journal"), b"x").unwrap();
            std::fs::create_dir(folder.join("left")).unwrap();
        }
    };
    fail::cfg_callback("backup-files-written", litter).unwrap();
    let backup = store.back_up(BackupType::Sqlite).await;
    fail::remove("backup-files-written");
    let found = names(std::path::Path::new(&backup.location));
    assert_eq!(found, ["manifest.json", "project.db"]);
    assert!(store.verify(&backup).await.ok);
}
