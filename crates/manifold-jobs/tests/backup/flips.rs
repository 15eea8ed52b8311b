//! Every bit of what an incremental backup consists of: each that is changed is found, or changes nothing.

use std::path::{Path, PathBuf};

use entity_core::backups;
use entity_core::enums::BackupType;
use manifold_jobs::Environment;
use manifold_jobs::backup::{BackupSource, Encryption, Location, Places, Unlock, collect};
use manifold_jobs::jobs::BackupProject;
use manifold_store::Layout;

use crate::increments::csv;
use crate::store::{Store, as_new, names, place};

pub const IDENTITY: &str =
    "AGE-SECRET-KEY-1J6GE3WDT90D3DYCJVFJX0HFTTVXL0RRWT66DS33T09LT6G8ZV75Q3ZF5F4";
pub const RECIPIENT: &str = "age1pvhk4q4905dcxynwyt8du8y0r42sndf7sqw27p38yudlrpx9a45qw8h27f";

fn encrypted() -> Option<Encryption> {
    Some(Encryption::Recipients(vec![RECIPIENT.to_owned()]))
}

/// Two increments of a small project; the second needs segments of the first.
async fn made(encryption: &Option<Encryption>) -> (Store, backups::Model) {
    let store = Store::new().await;
    let mut made = None;
    for version in 0..2 {
        store.import("a", &csv(0..8, version, 3)).await;
        let mut backup = BackupProject::new(store.project.clone(), BackupType::Incremental);
        backup.encryption.clone_from(encryption);
        made = Some(store.run(backup).await.unwrap());
    }
    (store, made.unwrap())
}

/// Calls `test` with the file at `path` while one bit of it is another: one of each byte, by turns.
fn each_flip(path: &Path, mut test: impl FnMut(usize)) {
    let right = std::fs::read(path).unwrap();
    for at in 0..right.len() {
        let mut wrong = right.clone();
        wrong[at] ^= 1 << (at % 8);
        std::fs::write(path, &wrong).unwrap();
        test(at);
    }
    std::fs::write(path, &right).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_flip_is_found() {
    for encryption in [None, encrypted()] {
        let (store, backup) = made(&encryption).await;
        let places = store.places();
        let location = Location::from(backup.location.as_str());
        let source = BackupSource::open_in(&places, &location).unwrap();
        let manifest = source.manifest();
        let mut flips = 0;
        let own = manifest
            .files
            .iter()
            .map(|file| (file, PathBuf::from(&backup.location)));
        let shared = manifest
            .segments()
            .map(|file| (file, store.manager.layout().backups()));
        for (file, folder) in own.chain(shared) {
            each_flip(&folder.join(&file.name), |at| {
                let found = source.check_file(file).unwrap_err();
                assert_eq!(found.code(), "backup_damaged", "{} {at}", file.name);
                flips += 1;
            });
        }
        for name in ["manifest.json", "manifest.age"] {
            let path = Path::new(&backup.location).join(name);
            if path.exists() {
                each_flip(&path, |at| {
                    let opened = BackupSource::open_in(&places, &location);
                    let found = opened.map(|_| ()).unwrap_err();
                    let codes = ["backup_damaged", "newer_backup"];
                    assert!(codes.contains(&found.code()), "{name} {at}: {found}");
                    flips += 1;
                });
            }
        }
        assert!(flips > 2_000, "{flips}");
        // What is found there is found by who verifies and restores too.
        let segment = manifest.segments().next().unwrap();
        let path = store.manager.layout().backups().join(&segment.name);
        let right = std::fs::read(&path).unwrap();
        for at in (0..right.len()).step_by(right.len() / 7) {
            let mut wrong = right.clone();
            wrong[at] ^= 1;
            std::fs::write(&path, &wrong).unwrap();
            assert!(!store.verify(&backup).await.ok, "{at}");
            store
                .restore(place(&backup), as_new("none"))
                .await
                .expect_err("a damaged segment was restored");
        }
        std::fs::write(&path, &right).unwrap();
        assert!(store.verify(&backup).await.ok);
        store.restore(place(&backup), as_new("back")).await.unwrap();
    }
}

/// What lies beside backups: whatever becomes of it, no segment goes that is needed, and no key is taken for another.
#[tokio::test(flavor = "multi_thread")]
async fn what_lies_beside_a_backup_may_be_anything() {
    let (store, backup) = made(&encrypted()).await;
    let places = store.places();
    let location = Location::from(backup.location.as_str());
    let backups = store.manager.layout().backups();
    let source = BackupSource::open_in(&places, &location).unwrap();
    let needed: Vec<_> = source.manifest().segments().cloned().collect();
    let stem = store.project.namespace();
    // All are on their way out, as if somebody had been wrong.
    let names_of: Vec<&str> = needed.iter().map(|file| file.name.as_str()).collect();
    let tombstone = serde_json::json!({ "segments": names_of, "leases": ["leases/x/y.json"] });
    let lease = serde_json::json!({ "backup_id": backup.id, "lease_token": 1, "renewed_at": "2026-11-29T10:00:00Z" });
    let files = [
        (backups.join("gc").join(&stem).join("t.json"), tombstone),
        (
            backups
                .join("leases")
                .join(&stem)
                .join(format!("{}-1.json", backup.id)),
            lease,
        ),
    ];
    for (path, content) in files {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let right = content.to_string().into_bytes();
        for at in 0..right.len() {
            let mut wrong = right.clone();
            wrong[at] ^= 1 << (at % 8);
            std::fs::write(&path, &wrong).unwrap();
            collect(&places, &backups.clone().into(), &store.project)
                .await
                .unwrap_or_else(|error| panic!("{}, {at}: {error}", path.display()));
            for file in &needed {
                source.check_size(file).unwrap();
            }
        }
        drop(std::fs::remove_file(path));
    }
    assert!(store.verify(&backup).await.ok);

    let keys = backups.join("keys");
    let kept = keys.join(&names(&keys)[0]);
    let identity = store.folder.path().join("me.key");
    std::fs::write(&identity, IDENTITY).unwrap();
    let unlock = Unlock::IdentityFile(identity);
    let (mut refused, mut opened) = (0, 0);
    each_flip(&kept, |at| {
        let elsewhere = tempfile::tempdir().unwrap();
        let other = Places::new(&Layout::new(elsewhere.path()), Environment::none());
        match unlock.unlock(&other, &location) {
            Err(error) => {
                let codes = ["wrong_key", "backup_damaged", "io"];
                assert!(codes.contains(&error.code()), "{at}: {error}");
                refused += 1;
            }
            // It was in what age leaves to others.
            Ok(()) => {
                BackupSource::open_in(&other, &location).unwrap();
                opened += 1;
            }
        }
    });
    assert!(refused > opened, "{refused} {opened}");
}
