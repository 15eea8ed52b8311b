//! Jobs of every kind, in batches, and what is to come of them.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use entity_core::enums::{BackupType, JobState};
use manifold_jobs::backup::BackupPlace;
use manifold_jobs::export::{ExportFormat, ExportRequest, ExportedRows};
use manifold_jobs::import::{ImportTarget, InputFile, TableNaming};
use manifold_jobs::jobs::{
    AdoptProject, BackupProject, CloneProject, ExportData, ExportProjectFile, ImportFile,
    RestoreProject, RestoreTarget,
};
use manifold_jobs::{Job, Observer, new_job, run_foreground};
use manifold_store::{ImportSource, JobId, NewJob, NewProject, ProjectId, Projects, SnapshotId};

use crate::kinds::{Copy, TwoSteps};
use crate::scene::Scene;

/// Rows of the files that are imported.
pub const ROWS: usize = 1_500;
/// Lines of the files that are copied.
pub const LINES: usize = 15;
/// So many jobs are to wait or run at least.
const LIVE: usize = 8;

/// What is to come of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It completes, however often its processes die.
    Completed,
    /// Its kind is not begun again when a process dies.
    CompletedOrCrashed,
}

/// A store, and the jobs that were given to it.
pub struct Work {
    pub scene: Scene,
    /// The projects that are imported into.
    pub projects: [ProjectId; 2],
    /// The project whose content is replaced.
    restored: ProjectId,
    /// A backup of it, and a project as one file.
    backup: PathBuf,
    /// The rows of that project.
    snapshot: Option<SnapshotId>,
    pub copies: ProjectId,
    pub jobs: Vec<(JobId, Expected)>,
    pub batches: usize,
    has_large: bool,
}

impl Work {
    pub async fn new() -> Self {
        let scene = Scene::new().await;
        let project = async |name: &str| {
            let new = NewProject {
                name: name.to_owned(),
                description: None,
            };
            Projects::id(&Projects::new(&scene.manager).create(new).await.unwrap()).unwrap()
        };
        let projects = [project("a").await, project("b").await];
        let (restored, copies) = (project("restored").await, project("copies").await);
        for version in 1..=3 {
            let path = scene.folder.path().join(format!("{version}.csv"));
            std::fs::write(path, csv(version)).unwrap();
        }
        let mut work = Self {
            scene,
            projects,
            restored,
            backup: PathBuf::new(),
            snapshot: None,
            copies,
            jobs: Vec::new(),
            batches: 0,
            has_large: false,
        };
        work.prepare().await;
        work
    }

    pub fn folder(&self) -> PathBuf {
        self.scene.folder.path().to_owned()
    }

    /// A project with rows, and a backup and a file of it.
    async fn prepare(&mut self) {
        let project = self.restored.clone();
        let imported = self.run(self.import(&project, "s", "1.csv")).await;
        self.snapshot = Some(imported.snapshot_id.parse().unwrap());
        let mut backup = BackupProject::new(project.clone(), BackupType::Csv);
        backup.to = Some(self.folder().join("saved").into());
        self.backup = self.run(backup).await.location.into();
        let path = self.folder().join("saved.db");
        self.run(ExportProjectFile {
            project_id: project,
            path,
        })
        .await;
    }

    async fn run<J: Job>(&self, job: J) -> J::Output {
        run_foreground(&self.scene.manager, job, None, Observer::default())
            .await
            .unwrap()
            .outcome
            .unwrap()
    }

    pub fn import(&self, project: &ProjectId, source: &str, file: &str) -> ImportFile {
        ImportFile {
            target: ImportTarget {
                project_id: project.clone(),
                source: ImportSource::Named(source.to_owned()),
                key_columns: Vec::new(),
                always: false,
                typing: Default::default(),
                renames: Vec::new(),
            },
            file: InputFile {
                path: self.folder().join(file),
                ..InputFile::default()
            },
            file_name: file.to_owned(),
            naming: TableNaming::default(),
        }
    }

    /// Sees to it that there is something to do, and something that passes the points that are `left`.
    pub async fn top_up(&mut self, left: &[String]) {
        let mut live = 0;
        for (id, _) in self.jobs.iter().rev().take(3 * LIVE) {
            let state = self.scene.job(id).await.state;
            live += usize::from(matches!(
                state,
                JobState::Blocked | JobState::Pending | JobState::Running
            ));
        }
        if live < LIVE {
            self.batch().await;
        }
        if !self.has_large
            && left
                .iter()
                .any(|point| point == "import-columns-stored-anew")
        {
            self.has_large = true;
            let path = self.folder().join("large.csv");
            std::fs::write(path, large()).unwrap();
            let import = self.import(&self.projects[0], "large", "large.csv");
            self.submit(&import, Some(&self.projects[0].clone()), None)
                .await;
        }
    }

    async fn batch(&mut self) {
        let number = self.batches;
        self.batches += 1;
        let project = self.projects[number % 2].clone();
        let (source, folder) = (format!("s{number}"), self.folder());
        let mut before = None;
        for file in ["2.csv", "3.csv", "3.csv"] {
            let import = self.import(&project, &source, file);
            before = Some(self.submit(&import, Some(&project), before).await);
        }
        let file = folder.join(format!("lines {number}"));
        std::fs::write(&file, lines(number).join("\n")).unwrap();
        let copies = self.copies.clone();
        self.submit(&Copy { file, pause_ms: 2 }, Some(&copies), None)
            .await;
        self.submit(&TwoSteps, None, None).await;
        for backup_type in [BackupType::Csv, BackupType::Incremental] {
            let backup = BackupProject::new(project.clone(), backup_type);
            self.submit(&backup, Some(&project), None).await;
        }
        let export = ExportProjectFile {
            project_id: project.clone(),
            path: folder.join(format!("out {number}.db")),
        };
        self.submit(&export, Some(&project), None).await;
        let restored = self.restored.clone();
        let export = ExportData {
            request: ExportRequest {
                project_id: restored.clone(),
                rows: ExportedRows::Snapshot {
                    snapshot_id: self.snapshot.clone().unwrap(),
                },
                format: Self::format(number),
            },
            to: self.exported(number).into(),
            described: true,
            follows: None,
        };
        self.submit(&export, Some(&restored), None).await;
        let clone = CloneProject {
            project_id: project.clone(),
            name: format!("clone {number}"),
        };
        self.submit(&clone, Some(&project), None).await;
        let adopt = AdoptProject {
            file: folder.join("saved.db"),
            name: Some(format!("adopted {number}")),
            redact_secrets: false,
        };
        self.submit(&adopt, None, None).await;
        let name = Some(format!("restored {number}"));
        for target in [RestoreTarget::AsNew { name }, RestoreTarget::InPlace] {
            let restore = RestoreProject {
                backup: BackupPlace::Folder(self.backup.clone().into()),
                target,
                dry_run: false,
            };
            self.submit(&restore, Some(&restored), None).await;
        }
    }

    /// The format of an export of this batch.
    pub fn format(number: usize) -> ExportFormat {
        ExportFormat::ALL[number % ExportFormat::ALL.len()]
    }

    /// The file of an export of this batch.
    pub fn exported(&self, number: usize) -> PathBuf {
        let name = format!("rows {number}.{}", Self::format(number));
        self.folder().join(name)
    }

    async fn submit<J: Job>(
        &mut self,
        job: &J,
        project: Option<&ProjectId>,
        after: Option<JobId>,
    ) -> JobId {
        let new = new_job(job, project.cloned()).unwrap();
        let expected = match new.max_crashes {
            1 => Expected::CompletedOrCrashed,
            _ => Expected::Completed,
        };
        let most = |usual: i64| match expected {
            Expected::Completed => 1_000_000,
            Expected::CompletedOrCrashed => usual,
        };
        let new = NewJob {
            max_attempts: most(new.max_attempts),
            max_crashes: most(new.max_crashes),
            depends_on: after.into_iter().collect(),
            ..new
        };
        let id = new.id.clone();
        self.scene.jobs.submit(new).await.unwrap();
        self.jobs.push((id.clone(), expected));
        id
    }
}

/// The rows of a version of the file, as they are stored.
pub fn rows(version: usize) -> Vec<[String; 3]> {
    (0..ROWS)
        .map(|row| {
            let changing = if row % 10 == version { version } else { 0 };
            [row.to_string(), format!("name {row}"), changing.to_string()]
        })
        .collect()
}

pub fn csv(version: usize) -> String {
    let mut text = "id,name,n\n".to_owned();
    for [id, name, n] in rows(version) {
        writeln!(text, "{id},{name},{n}").unwrap();
    }
    text
}

pub fn lines(number: usize) -> Vec<String> {
    (0..LINES)
        .map(|line| format!("file {number} line {line:02}"))
        .collect()
}

/// Its columns turn out otherwise after the 4 MiB that are looked at first.
fn large() -> String {
    let mut text = "id,text\n".to_owned();
    let long = "x".repeat(5_000);
    for row in 0..1_000 {
        writeln!(text, "{row},{long}").unwrap();
    }
    for row in 0..1_000 {
        writeln!(text, "x{row},short").unwrap();
    }
    text
}

/// Files that have no business beside those that are complete.
pub fn leftovers(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if [".tmp-", ".partial-", "staged-"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
        {
            found.push(path.clone());
        }
        if path.is_dir() {
            found.extend(leftovers(&path));
        }
    }
    found
}
