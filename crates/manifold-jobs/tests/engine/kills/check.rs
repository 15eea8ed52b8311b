//! Whether each job was done once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use entity_core::enums::{BackupState, EndReason, JobState};
use entity_core::job_executions;
use entity_project::consolidated_models;
use manifold_jobs::backup::BackupPlace;
use manifold_jobs::export::{DATAPACKAGE, ExportFormat};
use manifold_jobs::jobs::VerifyBackup;
use manifold_jobs::{Observer, run_foreground};
use manifold_store::{
    Backups, DataSources, DatabaseManager as _, Doctor, JobId, Projects, RowLog, rows,
};
use sea_orm::EntityTrait as _;

use super::work::{Expected, LINES, ROWS, Work, leftovers, lines};

/// What increments share, beside the folders of backups.
const SHARED: [&str; 3] = ["segments", "leases", "gc"];

impl Work {
    /// Compares what came of the jobs with what was to come of them. Returns how many attempts died.
    pub async fn check(&self) -> usize {
        let mut crashes = 0;
        for (id, expected) in &self.jobs {
            crashes += self.ended_once(id, *expected).await;
        }
        self.nobody_was_taken_for_dead_who_lived().await;
        self.rows_are_those_of_the_files().await;
        self.lines_are_there_once().await;
        self.backups_are_whole().await;
        self.exports_are_whole();
        let mut left = leftovers(&self.folder());
        // One that is being written is not taken away for an hour.
        left.retain(|path| {
            !path
                .ancestors()
                .any(|folder| folder.ends_with("backups/gc"))
        });
        assert!(left.is_empty(), "{left:?}");
        let examined = Doctor::new(&self.scene.manager).examine().await.unwrap();
        assert!(examined.findings.is_empty(), "{:#?}", examined.findings);
        crashes
    }

    async fn ended_once(&self, id: &JobId, expected: Expected) -> usize {
        let job = self.scene.job(id).await;
        let what = format!("{} {id}: {:?}", job.kind, job.error_message);
        match (expected, job.state, job.error_code.as_deref()) {
            (_, JobState::Completed, None)
            | (Expected::CompletedOrCrashed, JobState::Failed, Some("crashed")) => {}
            other => panic!("{what}: {other:?}"),
        }
        let attempts = self.scene.jobs.executions(id).await.unwrap();
        let tokens: Vec<i64> = attempts.iter().map(|attempt| attempt.lease_token).collect();
        let all: Vec<i64> = (1..=job.lease_token).collect();
        assert_eq!(tokens, all, "{what}: each token has one attempt");
        assert!(attempts.iter().all(|attempt| attempt.finished_at.is_some()));
        let of =
            |reason| move |attempt: &&job_executions::Model| attempt.end_reason == Some(reason);
        let ok = attempts.iter().filter(of(EndReason::Ok)).count();
        let crashed = attempts.iter().filter(of(EndReason::Crashed)).count();
        assert_eq!(ok, usize::from(job.state == JobState::Completed), "{what}");
        assert_eq!(ok + crashed, attempts.len(), "{what}: {attempts:#?}");
        assert_eq!(i64::try_from(crashed).unwrap(), job.crash_count, "{what}");
        crashed
    }

    /// A process that was found dead has begun and ended nothing afterwards, and had two jobs at most.
    async fn nobody_was_taken_for_dead_who_lived(&self) {
        let attempts = self
            .scene
            .manager
            .core()
            .all(job_executions::Entity::find());
        let mut by_worker = BTreeMap::<String, Vec<job_executions::Model>>::new();
        for attempt in attempts.await.unwrap() {
            let of_worker = by_worker.entry(attempt.worker_id.clone()).or_default();
            of_worker.push(attempt);
        }
        for (worker, attempts) in by_worker {
            let (crashed, ended): (Vec<_>, Vec<_>) = attempts
                .iter()
                .partition(|attempt| attempt.end_reason == Some(EndReason::Crashed));
            assert!(crashed.len() <= 2, "{worker}: {crashed:#?}");
            let Some(found_dead) = crashed.iter().filter_map(|dead| dead.finished_at).min() else {
                continue;
            };
            let acts = ended.iter().filter_map(|attempt| attempt.finished_at);
            let acts = acts.chain(attempts.iter().map(|attempt| attempt.started_at));
            assert!(acts.max() <= Some(found_dead), "{worker}: {attempts:#?}");
        }
    }

    async fn rows_are_those_of_the_files(&self) {
        let expected: Vec<String> = super::work::rows(3)
            .iter()
            .map(|row| row.join("|"))
            .collect();
        for number in 0..self.batches {
            let project = &self.projects[number % 2];
            let sources = DataSources::new(self.scene.manager.clone());
            let named = sources.named(project, &format!("s{number}")).await.unwrap();
            let source = named.unwrap().id;
            let read = move |connection: &rusqlite::Connection| {
                let latest = rows::latest(connection, &source)?.unwrap();
                let mut found = Vec::new();
                rows::read(connection, &latest, None, None, |_, row, _| {
                    let cells: Vec<String> = (0..3).map(|index| text(row.cell(index))).collect();
                    found.push(cells.join("|"));
                    ControlFlow::Continue(())
                })?;
                Ok((latest.number, found))
            };
            let rows = RowLog::new(&self.scene.manager);
            let (snapshots, found) = rows.read(project, read).await.unwrap();
            assert_eq!(snapshots, 2, "one for each file, of source {number}");
            assert!(found == expected, "source {number}: {} rows", found.len());
        }
    }

    async fn lines_are_there_once(&self) {
        let spoke = self.scene.manager.project(&self.copies).await.unwrap();
        let copied = spoke
            .all(consolidated_models::Entity::find())
            .await
            .unwrap();
        assert_eq!(copied.len(), self.batches * LINES);
        let found: BTreeSet<String> = copied.into_iter().map(|row| row.name).collect();
        assert_eq!(found, (0..self.batches).flat_map(lines).collect());
        for number in 0..self.batches {
            let runs = self.folder().join(format!("lines {number}.runs"));
            let runs = std::fs::read_to_string(runs).unwrap();
            let tokens: BTreeSet<&str> = runs.lines().collect();
            assert_eq!(
                tokens.len(),
                runs.lines().count(),
                "a token ran twice: {runs}"
            );
        }
    }

    /// Each file is what its description says, and has all rows.
    fn exports_are_whole(&self) {
        for number in 0..self.batches {
            let path = self.exported(number);
            let bytes = std::fs::read(&path).unwrap();
            let description = format!("{}.{DATAPACKAGE}", path.display());
            let description = std::fs::read(description).unwrap();
            let description: serde_json::Value = serde_json::from_slice(&description).unwrap();
            let hash = format!("blake3:{}", blake3::hash(&bytes).to_hex());
            assert_eq!(
                description["resources"][0]["hash"],
                hash,
                "{}",
                path.display()
            );
            assert_eq!(description["manifold"]["rows"], ROWS);
            if Self::format(number) == ExportFormat::Csv {
                assert!(
                    bytes == super::work::csv(1).as_bytes(),
                    "{}",
                    path.display()
                );
            }
        }
    }

    async fn backups_are_whole(&self) {
        let manager = &self.scene.manager;
        let mut expected = BTreeSet::new();
        for backup in Backups::new(manager).list(None).await.unwrap() {
            assert_eq!(backup.state, BackupState::Completed, "{:?}", backup.error);
            let verify = VerifyBackup {
                depth: Default::default(),
                backup: BackupPlace::Id(backup.id),
            };
            let verified = run_foreground(manager, verify, None, Observer::default()).await;
            assert!(verified.unwrap().outcome.unwrap().ok);
            expected.insert(backup.location);
        }
        let folder = manager.layout().backups();
        let found = std::fs::read_dir(folder).unwrap();
        let mut found: BTreeSet<String> = found
            .map(|entry| entry.unwrap().path())
            .filter(|path| !SHARED.iter().any(|shared| path.ends_with(shared)))
            .map(|path| path.display().to_string())
            .collect();
        found.extend(
            expected
                .iter()
                .filter(|place| place.contains("/saved/"))
                .cloned(),
        );
        assert_eq!(found, expected, "the folders, and those in the hub");
        for number in 0..self.batches {
            let path = self.folder().join(format!("out {number}.db"));
            let adopted = Projects::new(manager)
                .adopt(
                    &path,
                    &manifold_store::AdoptOptions {
                        name: Some(format!("checked {number}")),
                        redact_secrets: false,
                    },
                    manifold_store::CopyWatch::unwatched(),
                )
                .await;
            adopted.unwrap();
        }
    }
}

fn text(cell: rows::Cell<'_>) -> String {
    match cell {
        rows::Cell::Int(value) => value.to_string(),
        rows::Cell::Text(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}
