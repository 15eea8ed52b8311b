//! Drills: a backup is really restored, where nobody sees it.

use std::path::Path;

use entity_core::backups;
use entity_core::enums::BackupType;
use manifold_jobs::backup::Verification;
use manifold_jobs::jobs::{BackupProject, Depth, VerifyBackup};
use manifold_store::rows::{self, Effect};
use manifold_store::{Backups, Projects};

use crate::store::{Store, TYPES, names, place};

impl Store {
    async fn check(&self, backup: &backups::Model, depth: Depth) -> Verification {
        let job = VerifyBackup {
            backup: place(backup),
            depth,
        };
        self.run(job).await.unwrap()
    }

    async fn drill(&self, backup: &backups::Model) -> Verification {
        self.check(backup, Depth::Drill).await
    }

    async fn listed(&self, backup: &backups::Model) -> backups::Model {
        Backups::new(&self.manager).find(&backup.id).await.unwrap()
    }

    /// Everything in the data folder that a drill must not add to.
    async fn visible(&self) -> (Vec<String>, Vec<String>, Vec<String>) {
        let projects = Projects::new(&self.manager).list().await.unwrap();
        (
            projects.into_iter().map(|row| row.id).collect(),
            names(&self.manager.layout().projects()),
            self.staged(),
        )
    }
}

/// What was found of the thing with this name.
fn detail<'a>(verified: &'a Verification, name: &str) -> &'a str {
    let check = verified.checks.iter().find(|check| check.name == name);
    &check
        .unwrap_or_else(|| panic!("{name}: {verified:?}"))
        .detail
}

/// As `Store::rich`, and a snapshot in the middle was deleted.
async fn store() -> Store {
    let store = Store::rich().await;
    for price in [2, 3, 4] {
        let rows = format!("id,name,price,note\n1,apple,{price}.75,\n2,pear,2.25,\n");
        store.import("orders", &rows).await;
    }
    let source = store
        .sources()
        .find(&store.project, "orders")
        .await
        .unwrap()
        .id;
    let middle = {
        let connection = store.connection();
        let latest = rows::latest(&connection, &source).unwrap().unwrap();
        rows::before(&connection, &latest).unwrap().unwrap().id
    };
    let log = manifold_store::RowLog::new(&store.manager);
    let (source, middle) = (source.parse().unwrap(), [middle.parse().unwrap()]);
    log.delete(&store.project, &source, &middle, Effect::Lasting, |_| {})
        .await
        .unwrap();
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn each_type_is_restored_compared_and_removed() {
    let store = store().await;
    let mut before = None;
    for backup_type in TYPES.into_iter().chain([BackupType::Incremental]) {
        let backup = store.back_up(backup_type).await;
        let (tables, visible) = (store.tables(&store.project).await, store.visible().await);
        let verified = store.drill(&backup).await;
        assert!(verified.ok, "{backup_type}: {verified:?}");
        let live = detail(&verified, "live project");
        assert!(
            live.starts_with("still in the state"),
            "{backup_type}: {live}"
        );
        assert!(
            detail(&verified, "snapshots").starts_with("5 "),
            "{verified:?}"
        );
        assert_eq!(store.tables(&store.project).await, tables, "{backup_type}");
        assert_eq!(store.visible().await, visible, "{backup_type}");

        let backup = store.listed(&backup).await;
        let project = Projects::new(&store.manager)
            .find(store.project.as_str())
            .await
            .unwrap();
        assert!(backup.last_proven_restore_at.is_some());
        assert_eq!(backup.verified_at, backup.last_proven_restore_at);
        assert_eq!(
            project.last_proven_restore_at,
            backup.last_proven_restore_at
        );
        assert!(project.last_proven_restore_at > before, "{backup_type}");
        before = project.last_proven_restore_at;

        // A state that is gone has nothing to be compared with.
        store.import("another", "a\n1\n").await;
        let verified = store.drill(&backup).await;
        assert!(verified.ok, "{verified:?}");
        assert!(detail(&verified, "live project").contains("has changed since"));
        let project = store
            .sources()
            .find(&store.project, "another")
            .await
            .unwrap();
        let trash = manifold_store::SourceTrash::new(&store.manager);
        trash
            .delete(&store.project, &project.id.parse().unwrap(), |_| {})
            .await
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_without_data_is_drilled_too() {
    let store = Store::rich().await;
    for backup_type in TYPES {
        let mut job = BackupProject::new(store.project.clone(), backup_type);
        job.options.without_data = true;
        let backup = store.run(job).await.unwrap();
        let verified = store.drill(&backup).await;
        assert!(verified.ok, "{backup_type}: {verified:?}");
        assert!(detail(&verified, "live project").contains("no rows"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_backup_is_proven_no_more() {
    for backup_type in TYPES {
        let store = Store::rich().await;
        let backup = store.back_up(backup_type).await;
        assert!(store.drill(&backup).await.ok);
        let visible = store.visible().await;
        let folder = Path::new(&backup.location);
        let mut files = names(folder);
        files.retain(|name| name != "manifest.json");
        let path = folder.join(&files[0]);
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let verified = store.drill(&backup).await;
        assert!(!verified.ok, "{backup_type}");
        let listed = store.listed(&backup).await;
        assert_eq!(
            (listed.verified_at, listed.last_proven_restore_at),
            (None, None)
        );
        assert_eq!(store.visible().await, visible, "{backup_type}");
    }
}

/// Files and manifest fit each other, and a snapshot does not fit what was written down when it was taken.
#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_with_another_number_of_rows_fails_the_drill_alone() {
    let store = Store::rich().await;
    store.sql("UPDATE snapshots SET row_count = row_count + 1 WHERE number = 1");
    let backup = store.back_up(BackupType::Sqlite).await;
    assert!(store.verify(&backup).await.ok);
    let verified = store.drill(&backup).await;
    assert!(!verified.ok);
    let wrong: Vec<_> = verified.checks.iter().filter(|check| !check.ok).collect();
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!(wrong[0].name, "snapshots");
    assert!(
        wrong[0].detail.contains("snapshot 1 of source"),
        "{wrong:?}"
    );
    assert!(store.listed(&backup).await.verified_at.is_none());
}

/// A row that was changed in place, which nothing but a comparison with the project shows.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_live_project_shows_otherwise_is_found() {
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Full).await;
    // What an import has written and not published is no difference.
    store.sql("INSERT INTO d1(_rid, c1) VALUES (5000, 'not yet')");
    assert!(store.drill(&backup).await.ok);
    store.sql("UPDATE d1 SET c2 = 'changed' WHERE _rid = 1");
    let verified = store.drill(&backup).await;
    assert!(!verified.ok);
    let live = detail(&verified, "live project");
    assert!(live.contains("table `d1` differs"), "{live}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_files_is_read_and_the_others_are_there() {
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Csv).await;
    let folder = Path::new(&backup.location);
    let mut files = names(folder);
    files.retain(|name| name != "manifest.json");
    let parts: Vec<Depth> = (1..=3)
        .map(|number| Depth::Part(format!("{number}/3").parse().unwrap()))
        .collect();
    for depth in &parts {
        assert!(store.check(&backup, *depth).await.ok);
    }
    assert!(store.listed(&backup).await.verified_at.is_none());
    for name in files {
        let path = folder.join(&name);
        let right = std::fs::read(&path).unwrap();
        if right.is_empty() {
            continue;
        }
        let mut wrong = right.clone();
        wrong[0] ^= 1;
        std::fs::write(&path, &wrong).unwrap();
        let mut finding = 0;
        for depth in &parts {
            finding += usize::from(!store.check(&backup, *depth).await.ok);
        }
        assert_eq!(finding, 1, "{name}: how many parts have it");
        // That a file is shorter shows without reading it.
        std::fs::write(&path, &right[1..]).unwrap();
        for depth in &parts {
            assert!(!store.check(&backup, *depth).await.ok, "{name}");
        }
        std::fs::write(&path, &right).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_counts_as_no_proof_and_damage_in_it_counts() {
    let store = Store::rich().await;
    let backup = store.back_up(BackupType::Sqlite).await;
    assert!(store.verify(&backup).await.ok);
    let verified_at = store.listed(&backup).await.verified_at;
    let part = Depth::Part("1/1".parse().unwrap());
    assert!(store.check(&backup, part).await.ok);
    assert_eq!(store.listed(&backup).await.verified_at, verified_at);
    let path = Path::new(&backup.location).join("project.db");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[5_000] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(!store.check(&backup, part).await.ok);
    assert!(store.listed(&backup).await.verified_at.is_none());
}
