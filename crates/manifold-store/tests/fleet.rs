//! Migrating many projects of which some are broken.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    missing_docs,
    clippy::disallowed_methods
)]

mod support;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use manifold_store::{
    DatabaseManager as _, Direction, FileLock, FleetProgress, Migrations, Project, ProjectId,
    Share, SpokeStatus, StoreOptions, Target, migrate,
};
use support::{Store, store, store_with};
use tokio_util::sync::CancellationToken;

/// A store with so many projects, each of an older schema but the first.
struct Fleet {
    store: Store,
    projects: Vec<ProjectId>,
}

impl Fleet {
    async fn new(count: usize) -> Self {
        Self::in_store(store().await, count).await
    }

    async fn in_store(store: Store, count: usize) -> Self {
        let mut projects = Vec::new();
        for number in 0..count {
            projects.push(store.project(&format!("p{number:04}")).await);
        }
        let fleet = Self { store, projects };
        for number in 1..count {
            migrate::<Project>(&fleet.file(number), Direction::Down(1))
                .await
                .unwrap();
        }
        fleet
    }

    fn file(&self, number: usize) -> PathBuf {
        let namespace = self.projects[number].namespace();
        self.store.manager.layout().spoke(&namespace)
    }

    fn sql(&self, number: usize, sql: &str) -> rusqlite::Connection {
        let connection = rusqlite::Connection::open_with_flags_and_vfs(
            self.file(number),
            rusqlite::OpenFlags::default(),
            manifold_store::vfs(),
        )
        .unwrap();
        connection.execute_batch(sql).unwrap();
        connection
    }

    fn migrations(&self) -> Migrations {
        Migrations::new(&self.store.manager).patience(Duration::from_millis(200))
    }

    async fn up(&self, target: Target) -> Vec<SpokeStatus> {
        let told = Mutex::new(Vec::new());
        let progress = |now: FleetProgress| told.lock().unwrap().push(now);
        let stop = CancellationToken::new();
        let done = self.migrations().up(target, &stop, progress).await.unwrap();
        let mut told: Vec<usize> = told
            .into_inner()
            .unwrap()
            .iter()
            .map(|now| now.done)
            .collect();
        told.sort_unstable();
        assert_eq!(told, (1..=self.projects.len()).collect::<Vec<_>>());
        assert!(done.is_sorted_by_key(|spoke| spoke.project.name.clone()));
        done
    }
}

/// What came of each project that failed, by its number.
fn failed(done: &[SpokeStatus]) -> BTreeMap<usize, &'static str> {
    let failed = done.iter().enumerate().filter_map(|(number, spoke)| {
        let error = spoke.status.as_ref().err()?;
        Some((number, error.code()))
    });
    failed.collect()
}

fn migrated(done: &[SpokeStatus]) -> Vec<usize> {
    let took = |(_, spoke): &(usize, &SpokeStatus)| spoke.took.is_some();
    let numbered = done.iter().enumerate().filter(took);
    numbered.map(|(number, _)| number).collect()
}

/// Breaks five projects, each in its own way, migrates, repairs three of them, migrates again.
async fn fleet_of(count: usize) {
    let fleet = Fleet::new(count).await;
    let broken: Vec<usize> = (1..count).step_by(count / 5).take(5).collect();
    let [locked, importing, corrupt, newer, orphan] = broken[..] else {
        panic!("too few projects");
    };
    let lock = fleet.sql(locked, "BEGIN IMMEDIATE");
    let layout = fleet.store.manager.layout();
    let write_lock = layout.write_lock(&fleet.projects[importing].namespace());
    let writer = FileLock::try_take(&write_lock, Share::Exclusive)
        .unwrap()
        .unwrap();
    let sound = std::fs::read(fleet.file(corrupt)).unwrap();
    let mut torn = sound.clone();
    torn[4096..4096 * 8].fill(0xa5);
    std::fs::write(fleet.file(corrupt), torn).unwrap();
    drop(fleet.sql(newer, "PRAGMA user_version = 999"));
    let reference = "PRAGMA foreign_keys = OFF;
        INSERT INTO published(source_id, snapshot_id, rid_hi, seq) VALUES ('nobody', 'nothing', 0, 0)";
    drop(fleet.sql(orphan, reference));
    let bytes = |number: usize| std::fs::read(fleet.file(number)).unwrap();
    let before: Vec<Vec<u8>> = broken.iter().map(|number| bytes(*number)).collect();

    let expected = BTreeMap::from([
        (locked, "busy"),
        (importing, "busy"),
        (corrupt, "corrupt"),
        (newer, "newer_schema"),
        (orphan, "migration_undone"),
    ]);
    let start = Instant::now();
    let done = fleet.up(Target::Files).await;
    eprintln!("{count} projects migrated in {:?}", start.elapsed());
    assert_eq!(failed(&done), expected);
    let sound_ones: Vec<usize> = (1..count)
        .filter(|number| !broken.contains(number))
        .collect();
    assert_eq!(migrated(&done), sound_ones);
    for (number, before) in broken.iter().zip(before) {
        assert!(bytes(*number) == before, "project {number} was touched");
    }

    drop((lock, writer));
    std::fs::write(fleet.file(corrupt), sound).unwrap();
    let untouched: BTreeMap<usize, Vec<u8>> = sound_ones
        .iter()
        .map(|number| (*number, bytes(*number)))
        .collect();
    let again = fleet.up(Target::Files).await;
    assert_eq!(
        failed(&again),
        BTreeMap::from([(newer, "newer_schema"), (orphan, "migration_undone")])
    );
    assert_eq!(migrated(&again), [locked, importing, corrupt]);
    for (number, before) in untouched {
        assert!(
            bytes(number) == before,
            "project {number} was touched again"
        );
    }
    let start = Instant::now();
    let looked = fleet.migrations().spokes().await.unwrap();
    eprintln!("{count} projects checked in {:?}", start.elapsed());
    assert_eq!(failed(&looked), BTreeMap::from([(newer, "newer_schema")]));
    for number in [locked, importing, corrupt] {
        let project = &fleet.projects[number];
        fleet.store.manager.project(project).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_broken_stays_and_the_rest_is_migrated() {
    fleet_of(60).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute; prints how long 1,000 projects take"]
async fn a_thousand_projects() {
    fleet_of(1_000).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_changes_no_file_and_finds_what_would_fail() {
    let fleet = Fleet::new(6).await;
    drop(fleet.sql(
        2,
        "PRAGMA foreign_keys = OFF;
         INSERT INTO published(source_id, snapshot_id, rid_hi, seq) VALUES ('nobody', 'nothing', 0, 0)",
    ));
    let files = || -> Vec<Vec<u8>> {
        (0..6)
            .map(|number| std::fs::read(fleet.file(number)).unwrap())
            .collect()
    };
    let before = files();
    let done = fleet.up(Target::Copies).await;
    assert_eq!(failed(&done), BTreeMap::from([(2, "migration_undone")]));
    assert_eq!(migrated(&done), [1, 3, 4, 5]);
    let told = done[2].status.as_ref().unwrap_err().to_string();
    assert!(
        told.contains(&fleet.file(2).display().to_string()),
        "{told}"
    );
    assert!(files() == before);
    let temporary = fleet.store.manager.layout().temporary();
    let left: Vec<_> = std::fs::read_dir(temporary)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("migration"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_begins_after_the_stop() {
    let fleet = Fleet::new(8).await;
    let stop = CancellationToken::new();
    let first = |_: FleetProgress| stop.cancel();
    let done = fleet
        .migrations()
        .up(Target::Files, &stop, first)
        .await
        .unwrap();
    let left = done
        .iter()
        .filter(|spoke| !spoke.status.as_ref().unwrap().pending.is_empty())
        .count();
    assert!(left >= 4, "{left} are left");
    let rest = fleet.up(Target::Files).await;
    assert_eq!(migrated(&rest).len(), left);
}

#[tokio::test]
async fn a_large_file_is_not_migrated_in_passing() {
    let options = StoreOptions {
        lazy_migration: Some(1_000),
        ..StoreOptions::default()
    };
    let fleet = Fleet::in_store(store_with(options).await, 2).await;
    let refused = fleet
        .store
        .manager
        .project(&fleet.projects[1])
        .await
        .unwrap_err();
    assert_eq!(refused.code(), "migration_pending");
    assert!(
        refused.to_string().contains("`manifold migrate up`"),
        "{refused}"
    );
    assert_eq!(migrated(&fleet.up(Target::Files).await), [1]);
    fleet
        .store
        .manager
        .project(&fleet.projects[1])
        .await
        .unwrap();
}
