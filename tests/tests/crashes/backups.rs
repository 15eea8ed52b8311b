//! A data folder with backups that is put back again and again, and what has to hold of its backups.

use std::path::{Path, PathBuf};
use std::process::Command;

use entity_core::enums::BackupState;
use manifold_jobs::Environment;
use manifold_jobs::backup::{Places, Watch, verify};
use manifold_store::{Backups, Layout, SqliteManager, StoreOptions};

use crate::folder::Folder;
use crate::scene;

/// Rows of the files: few, so that there are few calls to the system.
const ROWS: usize = 30;

/// A data folder at one path, which backups are known by, that can be put back as it was.
pub struct Saved {
    pub folder: Folder,
    /// The ids of its backups, oldest first.
    pub ids: Vec<String>,
}

impl Saved {
    /// A project with two backups of this kind, both verified, and another version since. The second does not need all that the first
    /// needs.
    pub fn new(how: &[&str]) -> Self {
        let folder = scene::filled(ROWS, "csv");
        let mut ids = vec![create(&folder, how)];
        folder.ok(&["snapshot", "delete", "p", "a@2"]);
        for version in [5, 6] {
            let file = format!("{version}.csv");
            folder.write(&file, scene::versioned(ROWS, version));
            folder.ok(&["import", &file, "--project", "p", "--source", "a"]);
            if version == 5 {
                ids.push(create(&folder, how));
            }
        }
        for id in &ids {
            folder.ok(&["backup", "verify", id]);
        }
        let saved = Self { folder, ids };
        copy(&saved.folder.data(), &saved.kept());
        saved
    }

    fn kept(&self) -> PathBuf {
        self.folder.path("kept")
    }

    /// Puts it back.
    pub fn put_back(&self) {
        std::fs::remove_dir_all(self.folder.data()).unwrap();
        copy(&self.kept(), &self.folder.data());
    }
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp")
        .args(["-R", "--reflink=auto"])
        .args([from, to])
        .status();
    assert!(copied.unwrap().success());
}

fn create(folder: &Folder, how: &[&str]) -> String {
    let made = folder.ok(&[&["backup", "create", "p"], how].concat());
    made.json["backup"]["id"].as_str().unwrap().to_owned()
}

/// Every backup that is listed as complete and is where it should be is what was saved; how many there are.
pub fn all_verify(folder: &Folder, what: &str) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let layout = Layout::new(folder.data());
        let places = Places::new(&layout, Environment::none());
        let manager = SqliteManager::open(layout, StoreOptions::default())
            .await
            .unwrap_or_else(|error| panic!("{what}: {error}"));
        let mut count = 0;
        for backup in Backups::new(&manager).list(None).await.unwrap() {
            // A process that died as it deleted one leaves the line.
            let is_there = Path::new(&backup.location).join("manifest.json").is_file();
            if backup.state != BackupState::Completed || !is_there {
                continue;
            }
            let (location, id) = (backup.location.as_str().into(), Some(backup.id.as_str()));
            let verified = verify(&manager, &places, &location, id, Watch::unwatched()).await;
            let verified = verified.unwrap_or_else(|error| panic!("{what}: {id:?}: {error}"));
            assert!(verified.ok, "{what}: {id:?}: {:?}", verified.checks);
            count += 1;
        }
        manager.shut_down().await.unwrap();
        count
    })
}
