//! Writes rows of a project to a file, here or elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use entity_core::enums::{JobState, LogLevel};
use entity_core::jobs;
use manifold_store::{
    IdError, JobFilter, Jobs, ProjectId, SnapshotId, Snapshots, SourceId, SqliteManager,
    StoreError, blocking,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::backup::Location;
use crate::export::{
    self, Course, ExportFormat, ExportRequest, Exported, ExportedRows, FileExport,
};
use crate::{Job, JobContext, JobError, PlanContext};

/// Writes rows of a project to a file, or to an object of an object store, with a description beside it. What fails, is
/// cancelled or dies leaves what was there before; an attempt after that makes it anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportData {
    /// What is exported, and how it is written.
    #[serde(flatten)]
    pub request: ExportRequest,
    /// The file, absolute, so that it means the same in every process, or its address; one that exists is replaced.
    pub to: Location,
    /// Whether its description is written beside it.
    pub described: bool,
    /// The source of which the snapshot that is the latest then is exported, whatever the request says: for a file that is to
    /// follow a source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<SourceId>,
}

impl Job for ExportData {
    const KIND: &'static str = "export_data";
    const MAX_ATTEMPTS: i64 = 3;

    type Output = Exported;

    async fn run(&self, context: &JobContext) -> Result<Exported, JobError> {
        let request = self.settled(context.manager()).await?;
        let exported = match &self.to {
            Location::Folder(path) => self.to_file(&request, context, path).await?,
            Location::Remote(_) => {
                export::send(context, &request, &self.to, self.described).await?
            }
        };
        for warning in &exported.warnings {
            context.log(LogLevel::Warn, warning);
        }
        let text = format!("{} rows are in {}", exported.rows, exported.path);
        context.log(LogLevel::Info, text);
        Ok(exported)
    }

    async fn plan(&self, context: &PlanContext) -> Result<Json, JobError> {
        let course = Course::planned(context);
        let request = self.settled(context.manager()).await?;
        Ok(export::plan(context.manager(), &request, course).await?)
    }
}

impl ExportData {
    /// A file that is to be what the latest snapshot of a source is, each time.
    #[must_use]
    pub fn following(
        project_id: ProjectId,
        source_id: SourceId,
        latest: SnapshotId,
        format: ExportFormat,
        to: Location,
    ) -> Self {
        let rows = ExportedRows::Snapshot {
            snapshot_id: latest,
        };
        Self {
            request: ExportRequest {
                project_id,
                rows,
                format,
            },
            to,
            described: true,
            follows: Some(source_id),
        }
    }

    /// What is exported now.
    async fn settled(&self, manager: &Arc<SqliteManager>) -> Result<ExportRequest, StoreError> {
        let mut request = self.request.clone();
        if let Some(source) = &self.follows {
            let latest = format!("{source}@latest");
            let snapshots = Snapshots::new(manager.clone());
            let found = snapshots.find(&request.project_id, &latest).await?;
            let id = found.snapshot.id.parse();
            let snapshot_id = id.map_err(|error: IdError| StoreError::Decode(error.to_string()))?;
            request.rows = ExportedRows::Snapshot { snapshot_id };
        }
        Ok(request)
    }

    async fn to_file(
        &self,
        request: &ExportRequest,
        context: &JobContext,
        path: &Path,
    ) -> Result<Exported, JobError> {
        if context.lease_token() > 1 {
            // An earlier attempt that lost the job and does not know it has nothing to publish from here on.
            clear(&context.jobs, path, Some(context.job_id().as_str())).await?;
        }
        let course = Course::of(context);
        let made = FileExport::make(context.manager(), request, path, self.described, course);
        let made = made.await?;
        context.check_cancelled()?;
        context.hold().await?;
        Ok(blocking(move || made.publish()).await?)
    }
}

/// Removes the parts of files that a job wrote whose process died, unless another job writes to the same place.
pub(crate) async fn clear_leftovers(jobs: &Jobs, dead: &jobs::Model) -> Result<(), JobError> {
    match path_of(dead.payload.clone()) {
        Some(path) => clear(jobs, &path, None).await,
        None => Ok(()), // elsewhere, or of another version
    }
}

/// Removes parts of files for `path`, unless another job than `own` is writing them.
async fn clear(jobs: &Jobs, path: &Path, own: Option<&str>) -> Result<(), JobError> {
    let running = JobFilter {
        kind: Some(ExportData::KIND.to_owned()),
        state: Some(JobState::Running),
        ..JobFilter::default()
    };
    for job in jobs.list(&running).await? {
        let is_other = own != Some(&job.id);
        if is_other && path_of(job.payload).is_some_and(|other| are_alike(&other, path)) {
            return Ok(());
        }
    }
    let path = path.to_owned();
    Ok(blocking(move || FileExport::clear(&path)).await?)
}

/// Whether the temporary names for two files may begin alike: those for long names are cut.
fn are_alike(a: &Path, b: &Path) -> bool {
    let start = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.chars().take(40).collect::<String>()
    };
    a.parent() == b.parent() && start(a) == start(b)
}

fn path_of(payload: Json) -> Option<PathBuf> {
    match serde_json::from_value::<ExportData>(payload).ok()?.to {
        Location::Folder(path) => Some(path),
        Location::Remote(_) => None,
    }
}
