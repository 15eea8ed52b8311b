//! What dead runs leave is cleared away at the next start, or by the next backup; lists and deletes.

use entity_core::enums::{BackupState, BackupType};
use manifold_jobs::jobs::BackupProject;
use manifold_jobs::{Job as _, Observer, rescue_dead, run_foreground};
use manifold_store::{BackupId, Backups, Claim, Ending, Jobs, NewBackup, NewJob, ProjectId};
use tokio_util::sync::CancellationToken;

use crate::store::{Store, as_new, open, place};
use crate::whole::code;

fn dead_run(store: &Store, location: String) -> NewBackup {
    NewBackup {
        id: BackupId::new(),
        project_id: Some(store.project.clone()),
        backup_type: BackupType::Csv,
        location,
        compressed: false,
        with_data: true,
        description: None,
    }
}

/// An attempt at a job that is to make a backup.
async fn claimed(jobs: &Jobs, project: Option<&ProjectId>) -> Claim {
    let job = NewJob {
        project_id: project.cloned(),
        ..NewJob::new(BackupProject::KIND, serde_json::json!({}))
    };
    jobs.start(job).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_backup_clears_what_a_dead_one_left() {
    let store = Store::rich().await;
    let backups = Backups::new(&store.manager);
    let folder = store.manager.layout().backups();
    let dead = dead_run(&store, folder.join("dead-csv").display().to_string());
    let claim = claimed(&Jobs::new(&store.manager), None).await;
    backups.begin(&claim, dead.clone()).await.unwrap();
    let lost = Ending::Failed {
        code: "lost".to_owned(),
        message: "it could not say so".to_owned(),
    };
    Jobs::new(&store.manager)
        .finish(&claim, &lost)
        .await
        .unwrap();
    let partial = folder.join(format!(".partial-{}-1", dead.id));
    std::fs::create_dir_all(&partial).unwrap();
    std::fs::write(partial.join("half.csv"), b"1,2").unwrap();
    let foreign = folder.join(".partial-of-somebody-else");
    std::fs::create_dir_all(&foreign).unwrap();

    let made = store.back_up(BackupType::Sqlite).await;
    assert!(!partial.exists());
    assert!(
        foreign.exists(),
        "another project's backup may be running there"
    );
    let row = backups.find(dead.id.as_str()).await.unwrap();
    assert_eq!(row.state, BackupState::Failed);
    assert!(row.error.unwrap().contains("died"));
    assert_eq!(
        backups.find(&made.id).await.unwrap().state,
        BackupState::Completed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_start_clears_what_a_dead_backup_left() {
    let store = Store::rich().await;
    let other = open(store.folder.path()).await;
    let folder = store.manager.layout().backups();
    let dead = dead_run(&store, folder.join("dead-csv").display().to_string());
    let claim = claimed(&Jobs::new(&other), Some(&store.project)).await;
    Backups::new(&other)
        .begin(&claim, dead.clone())
        .await
        .unwrap();
    let partial = folder.join(format!(".partial-{}-1", dead.id));
    std::fs::create_dir_all(&partial).unwrap();
    std::fs::write(partial.join("half.csv"), b"1,2").unwrap();
    rescue_dead(&store.manager).await.unwrap();
    assert!(partial.exists(), "its process lives");
    drop(other);
    assert_eq!(rescue_dead(&store.manager).await.unwrap().len(), 1);
    assert!(!partial.exists());
    let backups = Backups::new(&store.manager);
    let row = backups.find(dead.id.as_str()).await.unwrap();
    assert_eq!(row.state, BackupState::Failed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_was_complete_when_its_process_died_counts() {
    let store = Store::rich().await;
    let backups = Backups::new(&store.manager);
    let made = store.back_up(BackupType::Full).await;
    let mut again = dead_run(&store, made.location.clone());
    again.id = made.id.parse().unwrap();
    again.backup_type = BackupType::Full;
    let claim = claimed(&Jobs::new(&store.manager), None).await;
    backups.begin(&claim, again).await.unwrap(); // as if the hub had never heard that it was complete
    assert_eq!(
        backups.find(&made.id).await.unwrap().state,
        BackupState::Running
    );
    let jobs = Jobs::new(&store.manager);
    jobs.finish(&claim, &Ending::Cancelled).await.unwrap();

    store.back_up(BackupType::Sqlite).await;
    let row = backups.find(&made.id).await.unwrap();
    assert_eq!(
        (row.state, row.tables),
        (BackupState::Completed, made.tables)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_backup_leaves_nothing() {
    let store = Store::rich().await;
    for backup_type in crate::store::TYPES {
        let cancel = CancellationToken::new();
        cancel.cancel();
        let job = BackupProject::new(store.project.clone(), backup_type);
        let finished = run_foreground(&store.manager, job.clone(), None, Observer::new(cancel).0)
            .await
            .unwrap();
        assert_eq!(finished.outcome.unwrap_err().code(), "cancelled");
        assert!(store.in_backups().is_empty(), "{:?}", store.in_backups());
        let row = Backups::new(&store.manager)
            .find(job.backup_id.as_ref().unwrap().as_str())
            .await
            .unwrap();
        assert_eq!(row.state, BackupState::Failed);
        // The same backup can be made after all.
        store.run(job).await.unwrap();
        let row = Backups::new(&store.manager).find(&row.id).await.unwrap();
        Backups::new(&store.manager).delete(&row).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_and_deletes() {
    let store = Store::rich().await;
    let backups = Backups::new(&store.manager);
    let (one, two) = (
        store.back_up(BackupType::Csv).await,
        store.back_up(BackupType::Full).await,
    );
    let listed: Vec<_> = backups
        .list(Some(&store.project))
        .await
        .unwrap()
        .into_iter()
        .map(|row| row.id)
        .collect();
    assert_eq!(listed, [two.id.clone(), one.id.clone()]);
    assert_eq!(backups.list(None).await.unwrap().len(), 2);

    store.verify(&one).await;
    assert!(backups.find(&one.id).await.unwrap().verified_at.is_some());
    assert!(backups.find(&two.id).await.unwrap().verified_at.is_none());

    backups.delete(&one).await.unwrap();
    assert_eq!(store.in_backups().len(), 1);
    assert!(backups.find(&one.id).await.is_err());
    std::fs::remove_dir_all(&two.location).unwrap();
    backups.delete(&two).await.unwrap();
    assert!(backups.list(None).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chosen_folder() {
    let store = Store::rich().await;
    let mut job = BackupProject::new(store.project.clone(), BackupType::Full);
    let chosen = store.folder.path().join("a disk/backups");
    job.to = Some(chosen.clone().into());
    let made = store.run(job).await.unwrap();
    assert!(std::path::Path::new(&made.location).starts_with(&chosen));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_that_was_cut_short_is_finished() {
    let store = Store::rich().await;
    let backups = Backups::new(&store.manager);
    let (first, second) = (
        store.back_up(BackupType::Csv).await,
        store.back_up(BackupType::Full).await,
    );
    backups.begin_deletion(&first).await.unwrap();
    std::fs::remove_file(std::path::Path::new(&first.location).join("manifest.json")).unwrap();
    let told = backups.find(&first.id).await.unwrap();
    assert_eq!(told.state, BackupState::Deleting);
    let refused = store.restore(place(&first), as_new("back")).await;
    assert_eq!(code(&refused.unwrap_err()), "backup_incomplete");

    let third = store.back_up(BackupType::Csv).await;
    let mut listed = backups.list(None).await.unwrap();
    listed.retain(|backup| backup.id != third.id);
    assert_eq!(listed, [second]);
    assert!(!std::path::Path::new(&first.location).exists());
}
