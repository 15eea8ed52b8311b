//! Restores of a whole store.

use entity_core::enums::{JobState, MissedPolicy, OverlapPolicy};
use manifold_jobs::backup::{BackupPlace, Location, PartFate};
use manifold_jobs::jobs::{
    BackupProject, PruneBackups, RestoreProject, RestoreStore, RestoreTarget,
};
use manifold_jobs::{Retention, new_job};
use manifold_store::{
    DatabaseManager as _, JobFilter, Jobs, NewSchedule, Projects, Restores, Setting, Settings,
    StoredSchedules, Timestamp, Trash,
};

use crate::store::open;
use crate::whole::{NAMES, Whole, code, csv, everything, run, saved_tables, tables};

#[tokio::test]
async fn all_one_and_one_as_new_come_back() {
    let whole = Whole::new().await;
    let made = whole.back_up().await;
    let manifest = whole.manifest(&made);
    let fresh = tempfile::tempdir().unwrap();
    let manager = open(fresh.path()).await;
    let dry = RestoreStore {
        dry_run: true,
        ..everything(&made, false)
    };
    let would = run(&manager, dry).await.unwrap();
    assert!(
        would.dry_run
            && would
                .projects
                .iter()
                .all(|part| part.fate == PartFate::Made)
    );
    assert!(Projects::new(&manager).list().await.unwrap().is_empty());

    let restored = run(&manager, everything(&made, false)).await.unwrap();
    assert!(
        restored
            .projects
            .iter()
            .all(|part| part.fate == PartFate::Made)
    );
    let rows = Projects::new(&manager).list().await.unwrap();
    let mut names: Vec<_> = rows.iter().map(|row| row.name.as_str()).collect();
    names.sort_unstable();
    let mut wanted = NAMES;
    wanted.sort_unstable();
    assert_eq!(names, wanted);
    assert!(
        rows.iter()
            .all(|row| (row.source_count, row.row_count) == (1, 200))
    );

    // One by itself, with the tools there are for the backup of a project.
    let part = manifest.parts().next().unwrap();
    let place = Location::from(made.location.as_str()).join(&part.folder);
    let as_new = RestoreProject {
        backup: BackupPlace::Folder(place),
        target: RestoreTarget::AsNew {
            name: Some("again".to_owned()),
        },
        dry_run: false,
    };
    let again = run(&manager, as_new).await.unwrap();
    let id = again.project_id.unwrap().parse().unwrap();
    assert_eq!(
        tables(&manager, &id).await,
        saved_tables(&whole.places(), &made, part)
    );
}

#[tokio::test]
async fn what_is_here_and_differs_is_replaced_only_when_asked_for() {
    let whole = Whole::new().await;
    let made = whole.back_up().await;
    let manifest = whole.manifest(&made);
    let changed = whole.id("delta").await;
    whole.import(&changed, &csv(7)).await;
    let now = tables(&whole.manager, &changed).await;
    // Another process uses it all the while.
    let other = open(whole.folder.path()).await;
    let theirs = other.project(&changed).await.unwrap();

    let refused = run(&whole.manager, everything(&made, false))
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "project_differs");
    assert!(refused.to_string().contains("`delta`"), "{refused}");
    assert_eq!(tables(&whole.manager, &changed).await, now);

    let restored = run(&whole.manager, everything(&made, true)).await.unwrap();
    for part in &restored.projects {
        let wanted = match part.name.as_str() {
            "delta" => PartFate::Replaced,
            _ => PartFate::Unchanged,
        };
        assert_eq!(part.fate, wanted, "{}", part.name);
        assert_eq!(part.safety_copy.is_some(), part.name == "delta");
    }
    drop(theirs);
    for part in manifest.parts() {
        let back = tables(&whole.manager, &part.id.parse().unwrap()).await;
        assert_eq!(
            back,
            saved_tables(&whole.places(), &made, part),
            "{}",
            part.name
        );
    }
    // The same again finds nothing to do, and takes no further safety copy.
    let again = run(&whole.manager, everything(&made, false)).await.unwrap();
    assert!(
        again
            .projects
            .iter()
            .all(|part| part.fate == PartFate::Unchanged)
    );
    let copies = Restores::new(&whole.manager).safety_copies(&changed).await;
    assert_eq!(copies.unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_that_is_taken_and_a_project_in_the_trash_are_told_before_anything_changes() {
    let whole = Whole::new().await;
    let made = whole.back_up().await;
    let projects = Projects::new(&whole.manager);
    let gone = whole.id("alpha").await;
    projects.delete(&gone).await.unwrap();
    let refused = run(&whole.manager, everything(&made, true))
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "project_in_trash");

    let trash = Trash::new(&whole.manager);
    for trashed in trash.list().await.unwrap() {
        trash.purge(&trashed.project).await.unwrap();
    }
    projects
        .rename(&whole.id("beta").await, "ALPHA")
        .await
        .unwrap();
    let refused = run(&whole.manager, everything(&made, true))
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "name_taken");

    projects
        .rename(&whole.id("ALPHA").await, "other")
        .await
        .unwrap();
    let restored = run(&whole.manager, everything(&made, true)).await.unwrap();
    let fate = |name: &str| {
        let part = restored.projects.iter().find(|part| part.name == name);
        part.map(|part| part.fate)
    };
    assert_eq!(fate("alpha"), Some(PartFate::Made));
    // A name is no content: who renamed a project keeps that.
    assert_eq!(fate("other"), Some(PartFate::Unchanged));
}

#[tokio::test]
async fn what_the_hub_knew_comes_back_and_work_of_another_time_does_not() {
    let whole = Whole::new().await;
    let core = whole.manager.core();
    Settings::new(core)
        .set(Setting::TrashKeepDays, "7")
        .await
        .unwrap();
    let alpha = whole.id("alpha").await;
    let jobs = Jobs::new(&whole.manager);
    let waiting = BackupProject::new(alpha.clone(), entity_core::enums::BackupType::Csv);
    let waiting = new_job(&waiting, Some(alpha.clone())).unwrap();
    let waiting_id = waiting.id.clone();
    let transaction = core.begin().await.unwrap();
    jobs.enqueue(&transaction, waiting).await.unwrap();
    transaction.commit().await.unwrap();
    let prune = PruneBackups {
        project_id: Some(alpha.clone()),
        store: false,
        keep: Retention {
            last: 3,
            ..Retention::default()
        },
    };
    let schedule = NewSchedule {
        name: "prune".to_owned(),
        job: new_job(&prune, Some(alpha.clone())).unwrap(),
        cron: "0 3 * * *".to_owned(),
        time_zone: "UTC".to_owned(),
        missed_policy: MissedPolicy::Skip,
        missed_max: 1,
        missed_grace_ms: 0,
        overlap_policy: OverlapPolicy::Skip,
        on_failure: None,
        next_at: Timestamp::now(),
    };
    StoredSchedules::new(&jobs).insert(schedule).await.unwrap();
    let made = whole.back_up().await;

    let fresh = tempfile::tempdir().unwrap();
    let manager = open(fresh.path()).await;
    let restored = run(&manager, everything(&made, false)).await.unwrap();
    assert_eq!(
        restored.carried_over["jobs"],
        NAMES.len() as u64,
        "{:?}",
        restored.carried_over
    );
    assert_eq!(restored.hub_error, None);
    let settings = Settings::new(manager.core());
    assert_eq!(settings.trash_keep_days().await.unwrap(), 7);
    let jobs = Jobs::new(&manager);
    assert!(jobs.find(waiting_id.as_str()).await.is_err());
    let known = jobs.list(&JobFilter::default()).await.unwrap();
    let imports = known.iter().filter(|job| job.kind == "import_file");
    assert_eq!(imports.clone().count(), NAMES.len());
    for job in imports {
        assert_eq!((job.state, &job.worker_id), (JobState::Completed, &None));
        assert!(job.project_id.is_some());
    }
    // Neither the backup that was running when the hub was saved, nor anything that waited.
    assert!(known.iter().all(|job| job.kind != "backup_store"));
    assert!(known.iter().all(|job| job.state == JobState::Completed));
    let schedules = StoredSchedules::new(&jobs).list(None).await.unwrap();
    assert_eq!(schedules.len(), 1);
    assert!(schedules[0].last_slot > made.created_at);
    let listed = manifold_store::Backups::new(&manager)
        .list(None)
        .await
        .unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].id, made.id);
    let findings = manifold_store::Doctor::new(&manager)
        .examine()
        .await
        .unwrap();
    assert_eq!(findings.findings, []);

    // What is here already is not changed by doing it again.
    settings.set(Setting::TrashKeepDays, "9").await.unwrap();
    let again = run(&manager, everything(&made, false)).await.unwrap();
    assert_eq!(
        again.carried_over.values().sum::<u64>(),
        0,
        "{:?}",
        again.carried_over
    );
    assert_eq!(settings.trash_keep_days().await.unwrap(), 9);
}

#[tokio::test]
async fn a_damaged_part_is_told_and_the_others_are_restored() {
    let whole = Whole::new().await;
    let made = whole.back_up().await;
    let manifest = whole.manifest(&made);
    let broken = manifest.parts().find(|part| part.name == "gamma").unwrap();
    let file = std::path::Path::new(&made.location)
        .join(&broken.folder)
        .join("project.db");
    let sound = std::fs::read(&file).unwrap();
    std::fs::write(&file, &sound[..sound.len() / 2]).unwrap();
    let fresh = tempfile::tempdir().unwrap();
    let manager = open(fresh.path()).await;
    let error = run(&manager, everything(&made, false)).await.unwrap_err();
    assert_eq!(code(&error), "restore_partial");
    assert!(error.to_string().contains("`gamma`"), "{error}");
    assert_eq!(Projects::new(&manager).list().await.unwrap().len(), 4);
    // With the right file the same again does what is left.
    std::fs::write(&file, &sound).unwrap();
    let restored = run(&manager, everything(&made, false)).await.unwrap();
    for part in restored.projects {
        let wanted = match part.name.as_str() {
            "gamma" => PartFate::Made,
            _ => PartFate::Unchanged,
        };
        assert_eq!(part.fate, wanted, "{}", part.name);
    }
}
