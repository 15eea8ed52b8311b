//! Incremental backups beside deaths and collectors: whatever happens, every listed backup verifies.

use std::collections::BTreeSet;

use entity_core::backups;
use entity_core::enums::{BackupState, BackupType};
use manifold_jobs::backup::{BackupSource, collect_after};
use manifold_jobs::jobs::BackupProject;
use manifold_store::Backups;

use crate::faults::{ALONE, FAULTS, Fault, restarted};
use crate::store::{Store, names};

const STEPS: [&str; 8] = [
    "backup-begun",
    "backup-lease-taken",
    "backup-file-written",
    "backup-segment-kept",
    "backup-files-written",
    "backup-manifest-written",
    "backup-published",
    "backup-completed",
];

fn incremental(store: &Store) -> BackupProject {
    BackupProject::new(store.project.clone(), BackupType::Incremental)
}

/// A project of which a part was saved.
async fn begun() -> (Store, backups::Model) {
    let store = Store::new().await;
    store.import("a", "id,v\n1,a\n2,b\n3,c\n").await;
    store.import("a", "id,v\n1,a\n2,x\n3,c\n").await;
    let first = store.run(incremental(&store)).await.unwrap();
    store.import("a", "id,v\n1,a\n2,y\n3,c\n4,d\n").await;
    (store, first)
}

/// Deletes the latest snapshot of `a`, so that the next backup does not need its segments.
async fn undo(store: &Store) {
    use manifold_store::rows;
    let source = store.sources().find(&store.project, "a").await.unwrap();
    let connection = store.connection();
    let latest = rows::latest(&connection, &source.id).unwrap().unwrap();
    let lasting = rows::Effect::Lasting;
    rows::delete(&connection, &source.id, &[latest.id], lasting, &|_| Ok(())).unwrap();
}

fn stored(store: &Store, folder: &str) -> BTreeSet<String> {
    let place = store.manager.layout().backups().join(folder);
    names(&place.join(store.project.namespace()))
        .into_iter()
        // One that is being written is not there yet.
        .filter(|name| !name.starts_with('.'))
        .map(|name| format!("{folder}/{}/{name}", store.project.namespace()))
        .collect()
}

async fn every_listed_backup_verifies(store: &Store, what: &str) -> BTreeSet<String> {
    let mut needed = BTreeSet::new();
    for backup in Backups::new(&store.manager).list(None).await.unwrap() {
        if backup.state != BackupState::Completed {
            continue;
        }
        let verified = store.verify(&backup).await;
        assert!(verified.ok, "{what}: {verified:?}");
        let source = BackupSource::open(backup.location.as_ref()).unwrap();
        let segments = source.manifest().segments();
        needed.extend(segments.map(|segment| segment.name.clone()));
    }
    needed
}

#[tokio::test(flavor = "multi_thread")]
async fn an_increment_that_dies_anywhere_harms_no_other() {
    let _alone = ALONE.lock().await;
    for (step, fault) in STEPS
        .iter()
        .flat_map(|step| FAULTS.map(|fault| (*step, fault)))
    {
        let what = format!("{fault} at {step}");
        let (store, _) = begun().await;
        let job = incremental(&store);
        {
            let _fault = Fault::at(step, fault);
            store.run(job.clone()).await.expect_err(&what);
        }
        let store = restarted(store).await;
        every_listed_backup_verifies(&store, &what).await;
        let again = store.run(job).await.expect(&what);
        assert_eq!(again.state, BackupState::Completed, "{what}");
        let needed = every_listed_backup_verifies(&store, &what).await;
        assert!(stored(&store, "leases").is_empty(), "{what}");
        store.collect(&[again]).await.unwrap();
        assert_eq!(stored(&store, "segments"), needed, "{what}");
        every_listed_backup_verifies(&store, &what).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn collecting_that_dies_anywhere_goes_on() {
    let _alone = ALONE.lock().await;
    for (step, fault) in ["segments-marked", "segment-removed"]
        .iter()
        .flat_map(|step| FAULTS.map(|fault| (*step, fault)))
    {
        let what = format!("{fault} at {step}");
        let (store, first) = begun().await;
        let second = store.run(incremental(&store)).await.unwrap();
        undo(&store).await;
        undo(&store).await;
        let third = store.run(incremental(&store)).await.unwrap();
        for gone in [&first, &second] {
            store.delete(gone).await;
        }
        {
            let _fault = Fault::at(step, fault);
            let deleted = [first, second];
            let places = store.places();
            let died =
                tokio::spawn(async move { collect_after(&places, &deleted).await.map(drop) });
            assert!(!matches!(died.await, Ok(Ok(()))), "{what}");
        }
        let needed = every_listed_backup_verifies(&store, &what).await;
        assert_ne!(stored(&store, "segments"), needed, "{what}");
        store.collect(&[third]).await.unwrap();
        assert_eq!(stored(&store, "segments"), needed, "{what}");
        assert!(stored(&store, "gc").is_empty(), "{what}");
        every_listed_backup_verifies(&store, &what).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_backup_relies_on_stays_while_it_is_made() {
    let _alone = ALONE.lock().await;
    for step in [
        "backup-lease-taken",
        "backup-files-written",
        "backup-manifest-written",
    ] {
        let (store, first) = begun().await;
        undo(&store).await;
        undo(&store).await;
        let making = {
            let _held = Fault::at(step, "pause");
            let (manager, job) = (store.manager.clone(), incremental(&store));
            let making = tokio::spawn(async move {
                let observer = manifold_jobs::Observer::default();
                manifold_jobs::run_foreground(&manager, job, None, observer).await
            });
            // What it made shows how far it is.
            while stored(&store, "leases").is_empty() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
            store.delete(&first).await;
            let collected = store.collect(&[first]).await.unwrap();
            assert_eq!(collected.segments, 0, "{step}");
            assert_eq!(stored(&store, "gc").len(), 1, "{step}");
            making
        };
        making.await.unwrap().unwrap().outcome.unwrap();
        // The backup took away what waited for it.
        let needed = every_listed_backup_verifies(&store, step).await;
        assert_eq!(stored(&store, "segments"), needed, "{step}");
        assert!(stored(&store, "gc").is_empty() && stored(&store, "leases").is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_relies_on_nothing_that_is_on_its_way_out() {
    let _alone = ALONE.lock().await;
    let (store, first) = begun().await;
    store.delete(&first).await;
    let before = stored(&store, "segments");
    let collecting = {
        let _held = Fault::at("segments-marked", "pause");
        let deleted = [first];
        let places = store.places();
        let collecting = tokio::spawn(async move { collect_after(&places, &deleted).await });
        while stored(&store, "gc").is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        // The same rows again, in segments of other names.
        let made = store.run(incremental(&store)).await.unwrap();
        let source = BackupSource::open(made.location.as_ref()).unwrap();
        let mut segments = source.manifest().segments();
        assert!(segments.all(|segment| !before.contains(&segment.name)));
        collecting
    };
    collecting.await.unwrap().unwrap();
    let needed = every_listed_backup_verifies(&store, "marked").await;
    assert_eq!(stored(&store, "segments"), needed);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_whose_lease_is_gone_does_not_appear() {
    let _alone = ALONE.lock().await;
    let (store, _) = begun().await;
    let making = {
        let _held = Fault::at("backup-files-written", "pause");
        let (manager, job) = (store.manager.clone(), incremental(&store));
        let making = tokio::spawn(async move {
            let observer = manifold_jobs::Observer::default();
            manifold_jobs::run_foreground(&manager, job, None, observer).await
        });
        while stored(&store, "leases").is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        let leases = store.manager.layout().backups().join("leases");
        std::fs::remove_dir_all(leases).unwrap();
        making
    };
    let error = making.await.unwrap().unwrap().outcome.unwrap_err();
    assert_eq!(error.code(), "backup_overdue");
    let visible = store.in_backups();
    let visible = visible.iter().filter(|name| name.contains("incremental"));
    assert_eq!(visible.count(), 1);
    store.run(incremental(&store)).await.unwrap();
    every_listed_backup_verifies(&store, "overdue").await;
}
