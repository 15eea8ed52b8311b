//! Bytes that are others, everywhere in every file of a set: they are named, or they change nothing.

use std::path::Path;

use entity_core::backups;
use manifold_jobs::backup::{BackupError, BackupOptions, BackupPlace, BackupSource};
use manifold_jobs::jobs::{BackupProject, VerifyBackup};
use serde_json::Value as Json;

use crate::damage::reseal;
use crate::store::{Store, TYPES, as_new, id, names, place, without_identity};

/// Places in a file at which a byte is flipped.
const PLACES: usize = 300;

/// Flips whose hash is right, of each type.
const FITTING: usize = 8;

async fn sets(store: &Store) -> Vec<backups::Model> {
    let mut sets = Vec::new();
    for backup_type in TYPES {
        for compress in [false, true] {
            let mut job = BackupProject::new(store.project.clone(), backup_type);
            job.options = BackupOptions {
                compress,
                without_data: false,
            };
            sets.push(store.run(job).await.unwrap());
        }
    }
    sets
}

fn rounds() -> usize {
    let given = std::env::var("MANIFOLD_ROUNDS").ok();
    given.map_or(1, |rounds| rounds.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_file_is_known_to_the_byte() {
    let store = Store::rich().await;
    let mut sets = sets(&store).await;
    let orders = store.sources().find(&store.project, "orders").await;
    let of_sources = BackupProject {
        sources: Some(vec![orders.unwrap().id]),
        ..BackupProject::new(store.project.clone(), TYPES[0])
    };
    sets.push(store.run(of_sources).await.unwrap());
    for backup in sets {
        let source = BackupSource::open(Path::new(&backup.location)).unwrap();
        let mut earlier: Option<Vec<u8>> = None;
        for file in &source.manifest().files {
            let path = source.folder().join(&file.name);
            let right = std::fs::read(&path).unwrap();
            let what = format!("{}: {}", backup.r#type, file.name);
            let is_damaged = |wrong: &[u8], how: &str| {
                std::fs::write(&path, wrong).unwrap();
                let error = source.check_file(file).expect_err(how);
                let named = error.to_string().contains(&file.name);
                assert!(
                    named && matches!(error, BackupError::Damaged { .. }),
                    "{what}, {how}: {error}"
                );
            };
            let step = (right.len() / PLACES).max(1);
            for at in (0..right.len()).step_by(step) {
                let mut wrong = right.clone();
                wrong[at] ^= 1 << (at % 8);
                is_damaged(&wrong, &format!("byte {at}"));
            }
            if !right.is_empty() {
                is_damaged(&[], "empty");
                is_damaged(&right[..right.len() - 1], "cut off");
            }
            is_damaged(&[&right[..], b"\n"].concat(), "longer");
            if let Some(other) = earlier.filter(|other| *other != right) {
                is_damaged(&other, "another file");
            }
            std::fs::remove_file(&path).unwrap();
            let error = source.check_file(file).unwrap_err();
            assert!(
                matches!(error, BackupError::MissingFile { .. }),
                "{what}: {error}"
            );
            std::fs::create_dir(&path).unwrap();
            assert!(source.check_file(file).is_err(), "{what} is a folder");
            std::fs::remove_dir(&path).unwrap();
            std::fs::write(&path, &right).unwrap();
            source.check_file(file).unwrap();
            earlier = Some(right);
        }
        assert!(store.verify(&backup).await.ok);
    }
}

/// Who writes a wrong byte and the hash that fits it is found out by what is read back; or what comes back is right all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_byte_whose_hash_fits_is_refused_or_changes_nothing() {
    let store = Store::rich().await;
    let saved = without_identity(&store.tables(&store.project).await);
    let (views, schema) = (
        store.views(&store.project).await,
        store.schema(&store.project).await,
    );
    let mut harmless = 0;
    for backup in sets(&store).await {
        let folder = Path::new(&backup.location);
        let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
        let document: Json = serde_json::from_str(&manifest).unwrap();
        for round in 0..FITTING * rounds() {
            let random = usize::try_from(uuid::Uuid::now_v7().as_u64_pair().1).unwrap();
            let mut files = document["files"].clone();
            let count = files.as_array().unwrap().len();
            let file = &mut files[(random / 7 + round) % count];
            let name = file["name"].as_str().unwrap().to_owned();
            let path = folder.join(&name);
            let right = std::fs::read(&path).unwrap();
            if right.is_empty() {
                continue;
            }
            let (at, bit) = (random % right.len(), random / 3 % 8);
            let mut wrong = right.clone();
            wrong[at] ^= 1 << bit;
            file["hash"] = format!("blake3:{}", blake3::hash(&wrong).to_hex()).into();
            std::fs::write(&path, &wrong).unwrap();
            let resealed = reseal(&manifest, "files", files);
            std::fs::write(folder.join("manifest.json"), resealed).unwrap();

            let what = format!("{}: bit {bit} of byte {at} of {name}", backup.r#type);
            let verified = store.run(VerifyBackup::new(place(&backup))).await;
            let verified = verified.unwrap_or_else(|error| panic!("{what}: {error}"));
            let target = as_new("copy");
            let restored = store.restore(place(&backup), target).await;
            assert_eq!(verified.ok, restored.is_ok(), "{what}: {restored:?}");
            if let Ok(restored) = restored {
                harmless += 1;
                let project = id(&restored);
                let back = without_identity(&store.tables(&project).await);
                assert_eq!(back, saved, "{what}");
                assert_eq!(store.views(&project).await, views, "{what}");
                assert_eq!(store.schema(&project).await, schema, "{what}");
                let projects = manifold_store::Projects::new(&store.manager);
                projects.delete(&project).await.unwrap();
            }
            std::fs::write(&path, &right).unwrap();
        }
        std::fs::write(folder.join("manifest.json"), &manifest).unwrap();
        assert!(store.verify(&backup).await.ok);
    }
    println!("{harmless} wrong bytes changed nothing");
    assert!(store.staged().is_empty(), "{:?}", store.staged());
}

/// Logs and journals of SQLite, real ones, never go into what is restored; nor does anything else that lies there.
#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_belong_to_a_set_is_refused_by_name() {
    let store = Store::rich().await;
    let log = std::fs::read(store.file().with_extension("db-wal")).unwrap();
    assert!(!log.is_empty(), "the project has a log");
    for backup in sets(&store).await {
        let folder = Path::new(&backup.location);
        let first = names(folder)[0].clone();
        let beside = ["-wal", "-shm", "-journal"].map(|ending| format!("project.db{ending}"));
        let others = [
            "project.db.zst-wal".to_owned(),
            format!("{first}.part"),
            "manifest.age".to_owned(),
            "project.json.zst.zst".to_owned(),
        ];
        for name in beside.iter().chain(&others) {
            let path = folder.join(name);
            assert!(!path.exists(), "{name}");
            std::fs::write(&path, &log).unwrap();
            let verified = store.verify(&backup).await;
            let wrong = verified.checks.iter().find(|check| !check.ok);
            let wrong = wrong.unwrap_or_else(|| panic!("{name} was not seen"));
            assert!(wrong.detail.contains(name.as_str()), "{wrong:?}");
            let restored = store.restore(place(&backup), as_new("copy")).await;
            assert_eq!(restored.unwrap_err().code(), "foreign_file", "{name}");
            std::fs::remove_file(path).unwrap();
        }
        let inner = folder.join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(inner.join("project.db-wal"), &log).unwrap();
        let restored = store.restore(place(&backup), as_new("copy")).await;
        assert_eq!(restored.unwrap_err().code(), "foreign_file", "a folder");
        std::fs::remove_dir_all(inner).unwrap();
        assert!(store.verify(&backup).await.ok);
    }
}

/// The manifest of one backup of a project beside the files of another.
#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_of_another_backup_is_refused() {
    for backup_type in TYPES {
        let store = Store::rich().await;
        let one = store.back_up(backup_type).await;
        store
            .import("orders", "id,name,price,note\n9,later,1.00,\n")
            .await;
        let other = store.back_up(backup_type).await;
        let manifest = |backup: &backups::Model| Path::new(&backup.location).join("manifest.json");
        let right = std::fs::read(manifest(&one)).unwrap();
        std::fs::copy(manifest(&other), manifest(&one)).unwrap();
        let by_id = store.restore(place(&one), as_new("copy")).await;
        assert_eq!(by_id.unwrap_err().code(), "other_backup");
        let folder = BackupPlace::Folder(one.location.clone().into());
        let by_folder = store.restore(folder, as_new("copy")).await.unwrap_err();
        let codes = ["backup_damaged", "backup_file_missing", "foreign_file"];
        assert!(codes.contains(&by_folder.code()), "{by_folder}");
        assert!(!store.verify(&one).await.ok);
        std::fs::write(manifest(&one), right).unwrap();
        assert!(store.verify(&one).await.ok);
    }
}
