//! What the doctor says about schedules, and that they come back with a lost hub.

use entity_core::enums::BackupType;
use manifold_jobs::jobs::{BackupProject, BackupStore};
use manifold_jobs::new_job;
use manifold_jobs::schedule::{ScheduleSpec, Schedules};
use manifold_store::{
    Clock, DatabaseManager as _, Doctor, Finding, FindingClass, HubCopies, Jobs, Layout, ProjectId,
    Projects, Setting, Settings, SqliteManager, StoreOptions, Timestamp, Trash,
};

use crate::scene::{Scene, utc};

async fn findings(scene: &Scene, class: FindingClass) -> Vec<Finding> {
    let mut found = Doctor::new(&scene.manager).examine().await.unwrap();
    found.findings.retain(|finding| finding.class == class);
    found.findings
}

/// A schedule for verified backups, made long ago.
async fn nightly(scene: &Scene, project: &ProjectId) -> ScheduleSpec {
    let job = BackupProject {
        verify: true,
        ..BackupProject::each_time(project.clone(), BackupType::Sqlite)
    };
    let job = new_job(&job, Some(project.clone())).unwrap();
    scene.clock.set(utc("2020-01-01T00:00:00Z"));
    ScheduleSpec::new("nightly", "30 2 * * *", job)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_that_nobody_serves_is_found_and_so_is_a_project_without_a_verified_backup() {
    let scene = Scene::new().await;
    let project = scene.project().await;
    let spec = nightly(&scene, &project).await;
    let schedule = scene.schedules.create(spec).await.unwrap();
    let id = Schedules::id(&schedule).unwrap();

    let overdue = findings(&scene, FindingClass::OverdueSchedule).await;
    assert_eq!(overdue.len(), 1);
    let said = &overdue[0];
    assert!(
        said.explanation
            .contains("`nightly` was due at 2020-01-01T02:30:00+00:00")
    );
    assert!(said.repair.contains("manifold worker"));
    let unsaved = findings(&scene, FindingClass::NoRecentBackup).await;
    assert_eq!(unsaved.len(), 1);
    assert_eq!(unsaved[0].project_id.as_deref(), Some(project.as_str()));

    let settings = Settings::new(scene.manager.core());
    settings.set(Setting::BackupMaxAge, "0").await.unwrap();
    assert_eq!(findings(&scene, FindingClass::NoRecentBackup).await, []);
    settings.unset(Setting::BackupMaxAge).await.unwrap();

    scene.clock.set(Timestamp::now());
    scene.worker().drain().await.unwrap();
    let job = scene.schedules.latest_job(&id).await.unwrap().unwrap();
    assert_eq!(job.error_message, None);
    let backup = manifold_store::Backups::new(&scene.manager)
        .find(&job.id)
        .await
        .unwrap();
    assert!(backup.verified_at.is_some(), "it has the id of its job");
    for class in [FindingClass::OverdueSchedule, FindingClass::NoRecentBackup] {
        assert_eq!(findings(&scene, class).await, []);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_store_without_a_verified_backup_is_found_until_its_schedule_is_done() {
    let scene = Scene::new().await;
    scene.project().await;
    let job = BackupStore {
        verify: true,
        ..BackupStore::each_time(BackupType::Sqlite)
    };
    scene.clock.set(utc("2020-01-01T00:00:00Z"));
    let spec = ScheduleSpec::new("everything", "30 2 * * *", new_job(&job, None).unwrap());
    let schedule = scene.schedules.create(spec).await.unwrap();
    let unsaved = findings(&scene, FindingClass::NoRecentBackup).await;
    assert_eq!(unsaved.len(), 1);
    assert_eq!(unsaved[0].project_id, None);
    assert!(unsaved[0].explanation.starts_with("the whole store"));

    scene.clock.set(Timestamp::now());
    scene.worker().drain().await.unwrap();
    let id = Schedules::id(&schedule).unwrap();
    let job = scene.schedules.latest_job(&id).await.unwrap().unwrap();
    assert_eq!(job.error_message, None);
    let backups = manifold_store::Backups::new(&scene.manager);
    let backup = backups.find(&job.id).await.unwrap();
    assert!(backup.project_id.is_none() && backup.verified_at.is_some());
    assert_eq!(findings(&scene, FindingClass::NoRecentBackup).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schedule_whose_project_is_gone_is_found_and_deleted() {
    let scene = Scene::new().await;
    let project = scene.project().await;
    let spec = nightly(&scene, &project).await;
    let schedule = scene.schedules.create(spec).await.unwrap();
    scene
        .schedules
        .disable(&Schedules::id(&schedule).unwrap())
        .await
        .unwrap();
    let deleted = Projects::new(&scene.manager)
        .delete(&project)
        .await
        .unwrap();
    assert_eq!(findings(&scene, FindingClass::OrphanSchedule).await, []);
    Trash::new(&scene.manager).purge(&deleted).await.unwrap();
    let found = findings(&scene, FindingClass::OrphanSchedule).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].is_curable());
    let repaired = Doctor::new(&scene.manager).repair().await.unwrap();
    assert!(repaired.findings.iter().any(|finding| finding.repaired));
    assert!(scene.schedules.list(None).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn schedules_come_back_with_a_hub_that_was_lost() {
    let scene = Scene::new().await;
    let project = scene.project().await;
    let spec = nightly(&scene, &project).await;
    let before = scene.schedules.create(spec).await.unwrap();
    let copies = HubCopies::new(&scene.manager);
    assert!(copies.take_if_due().await.unwrap().is_some());
    let layout = Layout::new(scene.folder().join("data"));
    scene.manager.shut_down().await.unwrap();
    std::fs::remove_file(layout.core()).unwrap();

    Doctor::repair_hub(&layout).await.unwrap();
    let manager = SqliteManager::open(layout, StoreOptions::default())
        .await
        .unwrap();
    let jobs = Jobs::with_clock(&manager, Clock::manual(utc("2020-01-01T03:00:00Z")));
    let after = Schedules::new(&jobs).list(None).await.unwrap();
    assert_eq!(after, [before]);
}
