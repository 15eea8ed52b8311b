//! What is not what was written is refused by name, and nothing is changed.

use std::path::{Path, PathBuf};

use entity_core::backups;
use manifold_jobs::backup::BackupPlace;
use manifold_jobs::jobs::RestoreTarget;
use manifold_store::Projects;

use crate::store::{Store, TYPES, as_new, names, place};

struct Damaged {
    store: Store,
    backup: backups::Model,
}

impl Damaged {
    fn folder(&self) -> &Path {
        Path::new(&self.backup.location)
    }

    /// Verify finds it, and neither kind of restore goes ahead.
    async fn is_refused(&self, what: &str, code: &str, named: &str) {
        let before = self.store.tables(&self.store.project).await;
        let verified = self.store.verify(&self.backup).await;
        assert!(!verified.ok, "{what}: verified although damaged");
        let failing = verified.checks.iter().find(|check| !check.ok).unwrap();
        assert!(failing.detail.contains(named), "{what}: {failing:?}");
        let folder = BackupPlace::Folder(self.backup.location.clone().into());
        for (backup, target) in [
            (folder, as_new("copy")),
            (place(&self.backup), RestoreTarget::InPlace),
        ] {
            let error = self.store.restore(backup, target).await.unwrap_err();
            assert_eq!(error.code(), code, "{what}: {error}");
            assert!(error.to_string().contains(named), "{what}: {error}");
        }
        assert_eq!(
            self.store.tables(&self.store.project).await,
            before,
            "{what}"
        );
        assert_eq!(
            Projects::new(&self.store.manager)
                .list()
                .await
                .unwrap()
                .len(),
            1,
            "{what}"
        );
        assert!(self.store.staged().is_empty(), "{what}");
    }
}

async fn each_type(mut test: impl AsyncFnMut(&Damaged)) {
    for backup_type in TYPES {
        let store = Store::rich().await;
        let backup = store.back_up(backup_type).await;
        test(&Damaged { store, backup }).await;
    }
}

fn data_files(folder: &Path) -> Vec<PathBuf> {
    let names = names(folder)
        .into_iter()
        .filter(|name| name != "manifest.json");
    names.map(|name| folder.join(name)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_in_any_file() {
    each_type(async |damaged| {
        for path in data_files(damaged.folder()) {
            let right = std::fs::read(&path).unwrap();
            if right.is_empty() {
                continue;
            }
            let mut wrong = right.clone();
            let middle = wrong.len() / 2;
            wrong[middle] ^= 0x20;
            std::fs::write(&path, &wrong).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            damaged
                .is_refused(&format!("flip {name}"), "backup_damaged", &name)
                .await;
            std::fs::write(&path, &right).unwrap();
        }
        assert!(damaged.store.verify(&damaged.backup).await.ok);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_anywhere_in_the_manifest() {
    let store = Store::rich().await;
    let backup = store.back_up(TYPES[1]).await;
    let path = Path::new(&backup.location).join("manifest.json");
    let right = std::fs::read(&path).unwrap();
    for place in 0..right.len() {
        let mut wrong = right.clone();
        wrong[place] ^= 1;
        std::fs::write(&path, &wrong).unwrap();
        let refused = manifold_jobs::backup::BackupSource::open(Path::new(&backup.location));
        assert!(
            refused.is_err(),
            "byte {place} of the manifest was flipped and nobody noticed"
        );
    }
    std::fs::write(&path, &right).unwrap();
    assert!(store.verify(&backup).await.ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_off_or_gone() {
    each_type(async |damaged| {
        for path in data_files(damaged.folder()).into_iter().step_by(3) {
            let right = std::fs::read(&path).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if !right.is_empty() {
                std::fs::write(&path, &right[..right.len() - 1]).unwrap();
                damaged
                    .is_refused(&format!("cut {name}"), "backup_damaged", &name)
                    .await;
            }
            std::fs::remove_file(&path).unwrap();
            damaged
                .is_refused(&format!("delete {name}"), "backup_file_missing", &name)
                .await;
            std::fs::write(&path, &right).unwrap();
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_is_gone_or_newer() {
    each_type(async |damaged| {
        let path = damaged.folder().join("manifest.json");
        let right = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        damaged
            .is_refused("no manifest", "not_a_backup", "manifest.json")
            .await;
        std::fs::write(
            &path,
            right.replace("\"format_version\": 1", "\"format_version\": 7"),
        )
        .unwrap();
        damaged
            .is_refused("newer format", "newer_backup", "format 7")
            .await;
        std::fs::write(&path, "{}").unwrap();
        damaged
            .is_refused("not ours", "backup_damaged", "manifest.json")
            .await;
        std::fs::write(&path, reseal(&right, "schema_version", 99.into())).unwrap();
        damaged
            .is_refused("newer schema", "newer_schema", "version 99")
            .await;
        std::fs::write(&path, reseal(&right, "id", "another".into())).unwrap();
        let error = damaged
            .store
            .restore(place(&damaged.backup), as_new("x"))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "other_backup", "{error}");
        let outside = serde_json::json!([{"name": "../core.db", "size": 1, "hash": ""}]);
        std::fs::write(&path, reseal(&right, "files", outside)).unwrap();
        damaged
            .is_refused("path", "backup_damaged", "../core.db")
            .await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_file_beside_it() {
    each_type(async |damaged| {
        for name in ["project.db-wal", "project.db-journal", "notes.txt"] {
            let path = damaged.folder().join(name);
            std::fs::write(&path, b"foreign").unwrap();
            damaged.is_refused(name, "foreign_file", name).await;
            std::fs::remove_file(path).unwrap();
        }
        std::fs::write(damaged.folder().join(".DS_Store"), b"harmless").unwrap();
        assert!(damaged.store.verify(&damaged.backup).await.ok);
    })
    .await;
}

/// Files and manifest fit each other, and still it is not what was saved.
#[tokio::test(flavor = "multi_thread")]
async fn contents_that_are_not_what_was_counted() {
    each_type(async |damaged| {
        let path = damaged.folder().join("manifest.json");
        let right = std::fs::read_to_string(&path).unwrap();
        let manifest: serde_json::Value = serde_json::from_str(&right).unwrap();
        let mut tables = manifest["tables"].clone();
        tables[1]["rows"] = 77.into();
        std::fs::write(&path, reseal(&right, "tables", tables)).unwrap();
        damaged
            .is_refused("count", "backup_differs", "data_sources")
            .await;
        let mut tables = manifest["tables"].clone();
        tables.as_array_mut().unwrap().pop();
        std::fs::write(&path, reseal(&right, "tables", tables)).unwrap();
        damaged
            .is_refused("one more", "backup_differs", "`d2`")
            .await;
        let mut project = manifest["project"].clone();
        project["id"] = "somebody".into();
        std::fs::write(&path, reseal(&right, "project", project)).unwrap();
        let folder = BackupPlace::Folder(damaged.backup.location.clone().into());
        let error = damaged
            .store
            .restore(folder, as_new("copy"))
            .await
            .unwrap_err();
        assert_eq!(error.code(), "backup_damaged", "{error}");
    })
    .await;
}

/// The manifest with another field, and a checksum that fits.
pub fn reseal(manifest: &str, field: &str, value: serde_json::Value) -> String {
    let mut document: serde_json::Value = serde_json::from_str(manifest).unwrap();
    let fields = document.as_object_mut().unwrap();
    fields.shift_remove("checksum");
    fields.insert(field.to_owned(), value);
    let checksum = format!(
        "blake3:{}",
        blake3::hash(document.to_string().as_bytes()).to_hex()
    );
    document["checksum"] = checksum.into();
    document.to_string()
}
