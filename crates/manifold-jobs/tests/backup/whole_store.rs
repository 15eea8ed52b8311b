//! Backups of a whole store: what is in them, and what is told of what is not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use entity_core::enums::{BackupState, BackupType};
use manifold_jobs::backup::{self, BackupPlace, Depth, Opened, Part};
use manifold_jobs::jobs::{BackupStore, VerifyBackup};
use manifold_jobs::{Observer, run_foreground};
use manifold_store::{Backups, FileLock, Projects, Share, StoreOptions};
use tokio_util::sync::CancellationToken;

use crate::store::{names, open};
use crate::whole::{NAMES, Whole, code, csv, everything, import, run, saved_tables, tables};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_saved_beside_writers_comes_back_as_it_was_taken() {
    let whole = Whole::new().await;
    let stop = Arc::new(AtomicBool::new(false));
    let imported = Arc::new(AtomicU64::new(0));
    let writers: Vec<_> = whole
        .projects
        .iter()
        .map(|project| {
            let (manager, project) = (whole.manager.clone(), project.clone());
            let folder = whole.folder.path().to_owned();
            let (stop, imported) = (stop.clone(), imported.clone());
            tokio::spawn(async move {
                let mut rows = 200;
                while !stop.load(Ordering::Relaxed) {
                    rows += 1;
                    import(&manager, &project, &folder, &csv(rows)).await;
                    imported.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let mut made = Vec::new();
    for backup_type in [BackupType::Sqlite, BackupType::Csv, BackupType::Full] {
        let before = imported.load(Ordering::Relaxed);
        made.push(
            run(&whole.manager, BackupStore::new(backup_type))
                .await
                .unwrap(),
        );
        while imported.load(Ordering::Relaxed) < before + 20 {
            tokio::task::yield_now().await;
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    for backup in made {
        let manifest = whole.manifest(&backup);
        assert_eq!(manifest.parts().count(), NAMES.len());
        assert_eq!(
            (backup.project_id.as_deref(), manifest.missing.len()),
            (None, 0)
        );
        let mut ids: Vec<_> = manifest.parts().map(|part| part.id.clone()).collect();
        ids.sort();
        assert_eq!(
            ids,
            whole
                .projects
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        );

        let fresh = tempfile::tempdir().unwrap();
        let manager = open(fresh.path()).await;
        let restored = run(&manager, everything(&backup, false)).await.unwrap();
        assert_eq!(restored.projects.len(), NAMES.len());
        for part in manifest.parts() {
            let back = tables(&manager, &part.id.parse().unwrap()).await;
            let saved = saved_tables(&whole.places(), &backup, part);
            assert_eq!(back, saved, "{} of {}", part.name, backup.r#type);
        }
    }
}

#[tokio::test]
async fn groups_are_as_large_as_open_files_allow() {
    // Room for four open projects, of which a quarter may be held together.
    let options = StoreOptions {
        descriptors: Some(4 * 8),
        ..StoreOptions::default()
    };
    let whole = Whole::with(options).await;
    assert_eq!(whole.manager.most_together(), 1);
    let manifest = whole.manifest(&whole.back_up().await);
    assert_eq!(manifest.groups.len(), NAMES.len());
    assert!(
        manifest
            .groups
            .iter()
            .all(|group| group.projects.len() == 1)
    );
    assert!(manifest.groups.is_sorted_by_key(|group| group.at));
    assert_eq!(manifest.created_at, manifest.groups[0].at);

    let whole = Whole::new().await;
    let manifest = whole.manifest(&whole.back_up().await);
    // Nothing of it is kept open for the next group.
    assert_eq!(whole.manager.metrics().projects.len(), 0);
    assert_eq!(manifest.groups.len(), 1);
    let ids: Vec<_> = manifest.parts().map(|part| part.id.clone()).collect();
    assert!(ids.is_sorted());
}

#[tokio::test]
async fn a_project_that_somebody_imports_into_is_taken_by_itself() {
    let whole = Whole::new().await;
    let busy = whole.id("gamma").await;
    let path = whole.manager.layout().write_lock(&busy.namespace());
    let writer = FileLock::try_take(&path, Share::Exclusive).unwrap();
    let impatient = BackupStore {
        patience_ms: Some(50),
        ..BackupStore::new(BackupType::Sqlite)
    };
    let made = run(&whole.manager, impatient).await.unwrap();
    let manifest = whole.manifest(&made);
    assert_eq!(manifest.groups.len(), 2);
    let last = &manifest.groups[1].projects;
    assert_eq!((last.len(), last[0].id.as_str()), (1, busy.as_str()));
    assert!(last[0].busy);
    assert!(manifest.groups[0].projects.iter().all(|part| !part.busy));

    let manager = whole.manager.clone();
    let patient =
        tokio::spawn(async move { run(&manager, BackupStore::new(BackupType::Sqlite)).await });
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    drop(writer);
    let manifest = whole.manifest(&patient.await.unwrap().unwrap());
    assert_eq!(manifest.groups[1].projects[0].id, busy.as_str());
    assert!(manifest.parts().all(|part| !part.busy));
}

#[tokio::test]
async fn a_damaged_project_is_named_and_the_others_are_saved() {
    let whole = Whole::new().await;
    let damaged = whole.id("beta").await;
    whole.manager.close(&damaged).await.unwrap();
    let file = whole.manager.layout().spoke(&damaged.namespace());
    std::fs::write(&file, "something that is certainly no database").unwrap();

    let job = BackupStore::new(BackupType::Sqlite);
    let id = job.backup_id.clone();
    let error = run(&whole.manager, job.clone()).await.unwrap_err();
    assert_eq!(code(&error), "backup_partial");
    assert!(error.to_string().contains("`beta`"), "{error}");
    // Doing it again finds what was made.
    let again = run(&whole.manager, job).await.unwrap_err();
    assert_eq!(code(&again), "backup_partial");

    let backups = Backups::new(&whole.manager);
    let row = backups.find(id.unwrap().as_str()).await.unwrap();
    assert_eq!(row.state, BackupState::Completed);
    let manifest = whole.manifest(&row);
    assert_eq!(manifest.parts().count(), 4);
    assert_eq!(manifest.missing.len(), 1);
    assert_eq!(manifest.missing[0].id, damaged.as_str());
    // It is never taken for a backup of everything.
    let verified = run(
        &whole.manager,
        VerifyBackup::new(BackupPlace::Id(row.id.clone())),
    );
    let verified = verified.await.unwrap();
    let wrong: Vec<_> = verified.checks.iter().filter(|check| !check.ok).collect();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0].name, "beta");
    assert_eq!(backups.find(&row.id).await.unwrap().verified_at, None);

    let fresh = tempfile::tempdir().unwrap();
    let manager = open(fresh.path()).await;
    let restored = run(&manager, everything(&row, false)).await.unwrap();
    assert_eq!((restored.projects.len(), restored.missing.len()), (4, 1));
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for name in names(folder) {
        let path = folder.join(name);
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

#[tokio::test]
async fn a_changed_byte_is_found_in_every_file() {
    let whole = Whole::new().await;
    let compressed = BackupStore {
        options: backup::BackupOptions {
            compress: true,
            ..Default::default()
        },
        ..BackupStore::new(BackupType::Csv)
    };
    for job in [BackupStore::new(BackupType::Sqlite), compressed] {
        let made = run(&whole.manager, job).await.unwrap();
        let verify = |depth| {
            let job = VerifyBackup {
                backup: BackupPlace::Id(made.id.clone()),
                depth,
            };
            run(&whole.manager, job)
        };
        for depth in [
            Depth::All,
            Depth::Drill,
            Depth::Part(Part { number: 2, of: 3 }),
        ] {
            let sound = verify(depth).await.unwrap();
            let wrong: Vec<_> = sound.checks.iter().filter(|check| !check.ok).collect();
            assert!(sound.ok, "{depth:?}: {wrong:?}");
        }
        let row = Backups::new(&whole.manager).find(&made.id).await.unwrap();
        assert!(row.last_proven_restore_at.is_some());
        for project in Projects::new(&whole.manager).list().await.unwrap() {
            assert_eq!(project.last_proven_restore_at, row.last_proven_restore_at);
        }
        let mut all = Vec::new();
        files(Path::new(&made.location), &mut all);
        // Two manifests of each kind and the files of two projects will do.
        let some = all.iter().filter(|path| {
            let text = path.to_str().unwrap();
            !["gamma", "delta", "epsilon"]
                .iter()
                .any(|name| text.contains(name))
        });
        for path in some {
            let bytes = std::fs::read(path).unwrap();
            let mut changed = bytes.clone();
            let middle = changed.len() / 2;
            changed[middle] ^= 1;
            std::fs::write(path, &changed).unwrap();
            assert!(!verify(Depth::All).await.unwrap().ok, "{}", path.display());
            std::fs::write(path, &bytes).unwrap();
        }
        let foreign = Path::new(&made.location).join("core.db-wal");
        std::fs::write(&foreign, "from elsewhere").unwrap();
        assert!(!verify(Depth::All).await.unwrap().ok);
        std::fs::remove_file(foreign).unwrap();
        assert!(verify(Depth::All).await.unwrap().ok);
    }
}

#[tokio::test]
async fn each_share_of_a_check_reads_another_part_and_together_all() {
    let whole = Whole::new().await;
    let made = whole.back_up().await;
    let mut read = Vec::new();
    for number in 1..=3 {
        let job = VerifyBackup {
            backup: BackupPlace::Id(made.id.clone()),
            depth: Depth::Part(Part { number, of: 3 }),
        };
        let verified = run(&whole.manager, job).await.unwrap();
        assert!(verified.ok);
        let whole = verified.checks.into_iter();
        read.extend(
            whole
                .filter(|check| check.detail.ends_with("as they were written"))
                .map(|check| check.name),
        );
    }
    read.sort();
    let mut wanted: Vec<_> = NAMES.map(|name| format!("{name}: project.db")).to_vec();
    wanted.push("core.db".to_owned());
    wanted.sort();
    assert_eq!(read, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_cancelled_leaves_nothing() {
    let whole = Whole::new().await;
    let cancel = CancellationToken::new();
    let (observer, mut latest) = Observer::new(cancel.clone());
    let stopping = tokio::spawn(async move {
        // When some projects are written.
        let far = |step: &str| step.contains("(3 of 5)");
        if latest
            .wait_for(|progress| far(&progress.step))
            .await
            .is_ok()
        {
            cancel.cancel();
        }
    });
    let busy = whole
        .manager
        .layout()
        .write_lock(&whole.projects[4].namespace());
    let _writer = FileLock::try_take(&busy, Share::Exclusive).unwrap();
    let job = BackupStore::new(BackupType::Sqlite);
    let ran = run_foreground(&whole.manager, job, None, observer)
        .await
        .unwrap();
    stopping.await.unwrap();
    assert_eq!(ran.job.state, entity_core::enums::JobState::Cancelled);
    assert_eq!(names(&whole.manager.layout().backups()), [] as [&str; 0]);
}

#[tokio::test]
async fn it_is_found_again_by_a_hub_that_does_not_list_it_and_deleted_with_its_files() {
    let whole = Whole::new().await;
    let made = whole.back_up().await;
    let backups = Backups::new(&whole.manager);
    backups.forget(&made).await.unwrap();
    let found = backup::list_again(&whole.manager).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0].id, &found[0].project_id, found[0].total_records),
        (&made.id, &None, made.total_records)
    );
    let place = whole.manager.layout().backups().into();
    let scanned = backup::scan(&whole.places(), &place).await.unwrap();
    assert!(matches!(scanned[0].backup, Ok(Opened::Store(_))));
    // One of its projects is a backup by itself.
    let inside = made.location.as_str().into();
    let scanned = backup::scan(&whole.places(), &inside).await.unwrap();
    assert_eq!(scanned.len(), 1);

    backup::delete(&whole.manager, &whole.places(), &found[0])
        .await
        .unwrap();
    assert_eq!(names(&whole.manager.layout().backups()), [] as [&str; 0]);
    assert!(backups.list(None).await.unwrap().is_empty());
}
