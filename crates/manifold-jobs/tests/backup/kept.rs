//! Backups that earlier releases made, which every release restores. Each folder of `tests/fixtures/backups` is a place in which one
//! release made a backup of every kind; `shown.txt` in it says what the project showed then.
//!
//! They are never made anew. When the schema of projects or the format has changed, a further place is added:
//! `MANIFOLD_KEEP_BACKUPS=FOLDER cargo test --test backup -- --ignored keep_those_of_this_version` makes it.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use entity_core::enums::BackupType;
use manifold_jobs::backup::{BackupOptions, BackupPlace, Encryption, Location, Opened, Unlock};
use manifold_jobs::jobs::{BackupProject, BackupStore, RestoreStore, VerifyBackup};
use manifold_store::{ProjectId, Projects, RowLog, rows};

use crate::flips::{IDENTITY, RECIPIENT};
use crate::store::{Store, as_new, id};

/// What the project showed.
const SHOWN: &str = "shown.txt";

fn kept() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    tests.join("fixtures/backups")
}

/// Every row of every snapshot, and what is defined on them.
async fn shown(store: &Store, project: &ProjectId) -> String {
    let read = |connection: &rusqlite::Connection| {
        let sql = "SELECT s.id, d.name, s.number FROM snapshots s JOIN data_sources d ON d.id = s.source_id \
                   ORDER BY d.name, s.number";
        let mut text = String::new();
        let mut snapshots = connection.prepare(sql).unwrap();
        let mut snapshots = snapshots.query([]).unwrap();
        while let Some(row) = snapshots.next().unwrap() {
            let (id, name, number): (String, String, i64) = (
                row.get(0).unwrap(),
                row.get(1).unwrap(),
                row.get(2).unwrap(),
            );
            let snapshot = rows::snapshot(connection, &id)?;
            let columns: Vec<_> = snapshot.columns.iter().map(|column| &column.name).collect();
            writeln!(text, "{name:?}@{number}: {columns:?}").unwrap();
            rows::read(connection, &snapshot, None, None, |_, row, _| {
                let cells: Vec<String> = row.cells().map(|cell| format!("{cell:?}")).collect();
                writeln!(text, "  {}", cells.join(", ")).unwrap();
                ControlFlow::Continue(())
            })?;
        }
        for sql in [
            "SELECT name || ': ' || spec FROM consolidated_models ORDER BY name",
            "SELECT name || ': ' || cardinality FROM relationships ORDER BY name",
            "SELECT line || ': ' || reason FROM rejected_rows ORDER BY id",
            "SELECT settings FROM project",
        ] {
            let mut found = connection.prepare(sql).unwrap();
            let mut found = found.query([]).unwrap();
            while let Some(row) = found.next().unwrap() {
                writeln!(text, "{}", row.get::<_, String>(0).unwrap()).unwrap();
            }
        }
        Ok(text)
    };
    let rows = RowLog::new(&store.manager);
    rows.read(project, read).await.unwrap()
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[tokio::test]
async fn those_of_every_version_are_restored() {
    let mut versions = 0;
    for version in std::fs::read_dir(kept()).unwrap() {
        versions += 1;
        let version = version.unwrap().path();
        let place = tempfile::tempdir().unwrap();
        copy(&version, place.path());
        let expected = std::fs::read_to_string(version.join(SHOWN)).unwrap();
        let (mut projects, mut wholes) = (0, 0);
        for folder in std::fs::read_dir(place.path()).unwrap() {
            let folder = folder.unwrap().path();
            if !folder.join("manifest.json").exists() {
                continue;
            }
            let what = folder.display().to_string();
            let (store, location) = (Store::new().await, Location::from(folder.clone()));
            let places = store.places();
            let opened = Opened::open_in(&places, &location).or_else(|_| {
                let unlock = Unlock::IdentityFile(place.path().join("identity.txt"));
                unlock.unlock(&places, &location)?;
                Opened::open_in(&places, &location)
            });
            let backup = BackupPlace::Folder(location);
            let project = match opened.expect(&what) {
                Opened::Project(_) => {
                    projects += 1;
                    let verified = store.run(VerifyBackup::new(backup.clone())).await;
                    assert!(verified.expect(&what).ok, "{what}");
                    let restored = store.restore(backup, as_new("back")).await;
                    id(&restored.expect(&what))
                }
                Opened::Store(source) => {
                    wholes += 1;
                    let projects = Projects::new(&store.manager);
                    projects.rename(&store.project, "another").await.unwrap();
                    let restored = store.run(RestoreStore {
                        backup,
                        in_place: false,
                        dry_run: false,
                    });
                    restored.await.expect(&what);
                    let part = source.manifest().parts().next().unwrap();
                    part.id.parse().unwrap()
                }
            };
            assert_eq!(shown(&store, &project).await, expected, "{what}");
        }
        assert_eq!((projects, wholes), (6, 1), "{}", version.display());
    }
    assert!(versions > 0);
}

#[tokio::test]
#[ignore = "for a new version of the format or of the schema; see above"]
async fn keep_those_of_this_version() {
    let place = PathBuf::from(std::env::var_os("MANIFOLD_KEEP_BACKUPS").unwrap());
    let store = Store::rich().await;
    let project = || store.project.clone();
    let options = BackupOptions {
        compress: true,
        without_data: false,
    };
    let encryption = Some(Encryption::Recipients(vec![RECIPIENT.to_owned()]));
    let mut jobs = Vec::new();
    for backup_type in [BackupType::Sqlite, BackupType::Csv, BackupType::Full] {
        jobs.push(BackupProject::new(project(), backup_type));
    }
    jobs[0].options = options;
    jobs.push(BackupProject {
        encryption: encryption.clone(),
        options,
        ..BackupProject::new(project(), BackupType::Csv)
    });
    for encryption in [None, encryption] {
        jobs.push(BackupProject {
            encryption,
            ..BackupProject::new(project(), BackupType::Incremental)
        });
    }
    for job in jobs {
        let to = Some(place.clone().into());
        store.run(BackupProject { to, ..job }).await.unwrap();
    }
    let whole = BackupStore {
        to: Some(place.clone().into()),
        options,
        ..BackupStore::new(BackupType::Sqlite)
    };
    store.run(whole).await.unwrap();
    std::fs::write(place.join("identity.txt"), IDENTITY).unwrap();
    std::fs::write(place.join(SHOWN), shown(&store, &project()).await).unwrap();
}
