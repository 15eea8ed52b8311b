//! Imports that are killed in the middle: first ones, first ones that go on where a dead attempt stopped, and later ones. Each file's
//! rows are there exactly, once.
//!
//! `MANIFOLD_KILLS` says how many attempts die; 100 unless it says more.
#![cfg(unix)]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use entity_core::enums::{EndReason, JobState};
use entity_project::{data_sources, snapshots};
use manifold_format::Typing;
use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::ImportFile;
use manifold_jobs::new_job;
use manifold_store::{
    DataSources, DatabaseManager as _, ImportSource, JobId, NewJob, ProjectId, RowLog, rows,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};

use crate::kills::leftovers;
use crate::processes::{Orders, ended};
use crate::scene::Scene;

/// How many attempts die, and at least so many of each kind.
const KILLS: usize = 100;
const OF_EACH: usize = 20;
/// Rows of a file.
const ROWS: usize = 6_000;
/// How long nothing may happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// The rows of the first file, or of the second: some changed, gone, new and moved.
fn file(version: usize) -> Vec<String> {
    let row = |n: usize| format!("{n},name {n},{}", n * 7 % 100);
    let mut rows: Vec<String> = (0..ROWS).map(row).collect();
    if version == 2 {
        for at in (0..ROWS).step_by(90) {
            rows[at] = format!("{at},other {at},{}", at * 3 % 100);
        }
        rows.drain(1_000..1_040);
        rows.insert(3_000, "7000000,new,1".to_owned());
        let moved = rows.remove(2_000);
        rows.push(moved);
    }
    rows
}

/// The imports of both files into a source of their own.
struct Pair {
    source: String,
    jobs: [JobId; 2],
}

/// Attempts that died.
#[derive(Debug, Default, Clone, Copy)]
struct Deaths {
    first: usize,
    resumed: usize,
    later: usize,
}

impl Deaths {
    fn are_enough(self, kills: usize) -> bool {
        let each = [self.first, self.resumed, self.later];
        each.iter().sum::<usize>() >= kills && each.iter().all(|count| *count >= OF_EACH)
    }
}

struct Work {
    scene: Scene,
    project: ProjectId,
    pairs: Vec<Pair>,
    /// The last attempt at a job that somebody saw.
    seen: HashMap<JobId, i64>,
}

impl Work {
    async fn new() -> Self {
        let scene = Scene::new().await;
        for version in 1..=2 {
            let mut text = "id,name,n\n".to_owned();
            for row in file(version) {
                writeln!(text, "{row}").unwrap();
            }
            std::fs::write(scene.folder.path().join(format!("{version}.csv")), text).unwrap();
        }
        let project = scene.project().await;
        Self {
            scene,
            project,
            pairs: Vec::new(),
            seen: HashMap::new(),
        }
    }

    async fn submit(&self, source: &str, version: usize, after: Option<JobId>) -> JobId {
        let import = ImportFile {
            target: ImportTarget {
                project_id: self.project.clone(),
                source: ImportSource::Named(source.to_owned()),
                key_columns: Vec::new(),
                always: false,
                typing: Typing::default(),
                renames: Vec::new(),
            },
            file: InputFile {
                path: self.scene.folder.path().join(format!("{version}.csv")),
                ..InputFile::default()
            },
            file_name: format!("{version}.csv"),
            naming: TableNaming::default(),
        };
        let new = NewJob {
            max_attempts: 1_000_000,
            max_crashes: 1_000_000,
            depends_on: after.into_iter().collect(),
            ..new_job(&import, Some(self.project.clone())).unwrap()
        };
        let id = new.id.clone();
        self.scene.jobs.submit(new).await.unwrap();
        id
    }

    async fn pair(&mut self) {
        let source = format!("s{}", self.pairs.len());
        let first = self.submit(&source, 1, None).await;
        let second = self.submit(&source, 2, Some(first.clone())).await;
        let jobs = [first, second];
        self.pairs.push(Pair { source, jobs });
    }

    /// Waits until an attempt begins that nobody has seen; sees to it that there is something to do.
    async fn until_one_begins(&mut self) {
        let since = Instant::now();
        loop {
            let mut live = 0;
            let recent: Vec<JobId> = self
                .pairs
                .iter()
                .rev()
                .take(4)
                .flat_map(|p| p.jobs.clone())
                .collect();
            for id in recent {
                let job = self.scene.job(&id).await;
                live += usize::from(job.state != JobState::Completed);
                let seen = self.seen.entry(id).or_default();
                if job.state == JobState::Running && job.lease_token > *seen {
                    *seen = job.lease_token;
                    return;
                }
            }
            if live < 2 {
                self.pair().await;
            }
            assert!(since.elapsed() < PATIENCE, "nothing begins");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    async fn deaths(&self) -> Deaths {
        let mut deaths = Deaths::default();
        for pair in &self.pairs {
            for (id, is_later) in pair.jobs.iter().zip([false, true]) {
                let attempts = self.scene.jobs.executions(id).await.unwrap();
                let crashed = attempts
                    .iter()
                    .filter(|a| a.end_reason == Some(EndReason::Crashed));
                for attempt in crashed {
                    let count = match (is_later, attempt.lease_token) {
                        (true, _) => &mut deaths.later,
                        (false, 1) => &mut deaths.first,
                        (false, _) => &mut deaths.resumed,
                    };
                    *count += 1;
                }
            }
        }
        deaths
    }

    async fn check(&self) {
        let expected = [file(1), file(2)];
        let spoke = self.scene.manager.project(&self.project).await.unwrap();
        for pair in &self.pairs {
            for id in &pair.jobs {
                let job = self.scene.job(id).await;
                assert_eq!(job.state, JobState::Completed, "{:?}", job.error_message);
            }
            let sources = DataSources::new(self.scene.manager.clone());
            let source = sources
                .named(&self.project, &pair.source)
                .await
                .unwrap()
                .unwrap();
            let of_source =
                snapshots::Entity::find().filter(snapshots::Column::SourceId.eq(&source.id));
            let mut found = spoke.all(of_source).await.unwrap();
            found.sort_by_key(|snapshot| snapshot.number);
            assert_eq!(found.len(), 2, "one snapshot for each file");
            for (snapshot, expected) in found.into_iter().zip(&expected) {
                let log = RowLog::new(&self.scene.manager);
                let rows = log.read(&self.project, move |connection| {
                    let snapshot = rows::snapshot(connection, &snapshot.id)?;
                    let mut stored = Vec::new();
                    rows::read(connection, &snapshot, None, None, |_, row, _| {
                        let cells: Vec<String> =
                            (0..3).map(|index| shown(row.cell(index))).collect();
                        stored.push(cells.join(","));
                        ControlFlow::Continue(())
                    })?;
                    Ok(stored)
                });
                assert!(rows.await.unwrap() == *expected, "rows of {}", pair.source);
            }
        }
        let all = spoke.all(data_sources::Entity::find()).await.unwrap();
        assert_eq!(all.len(), self.pairs.len(), "no source beside those");
        let left = leftovers(self.scene.folder.path());
        assert!(left.is_empty(), "{left:?}");
    }
}

fn shown(cell: rows::Cell<'_>) -> String {
    match cell {
        rows::Cell::Int(value) => value.to_string(),
        rows::Cell::Text(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A number below `most`.
fn random(most: Duration) -> Duration {
    let most = u64::try_from(most.as_micros()).unwrap().max(1);
    Duration::from_micros(uuid::Uuid::now_v7().as_u64_pair().1 % most)
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_that_are_killed_store_each_file_exactly_once() {
    let kills = std::env::var("MANIFOLD_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let kills = kills.clamp(KILLS, 1_000);
    let mut work = Work::new().await;
    let immortal = Orders::new(work.scene.folder.path(), 1);
    let mortal = Orders {
        for_ever: true,
        ..Orders::new(work.scene.folder.path(), 1)
    };
    // How long both imports take by themselves.
    work.pair().await;
    let child = immortal.spawn();
    work.until_one_begins().await;
    let begun = Instant::now();
    assert!(ended(child).await.success());
    let whole = begun.elapsed();
    let mut killed = 0;
    while !work.deaths().await.are_enough(kills) {
        for _ in 0..10 {
            let mut child = mortal.spawn();
            work.until_one_begins().await;
            tokio::time::sleep(random(whole / 2)).await;
            child.kill().unwrap();
            child.wait().unwrap();
            killed += 1;
        }
        assert!(killed < 20 * kills, "{:?}", work.deaths().await);
    }
    assert!(ended(immortal.spawn()).await.success());
    work.check().await;
    println!("{killed} processes died, {:?}", work.deaths().await);
}
