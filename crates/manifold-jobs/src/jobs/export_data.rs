//! Writes rows of a project to a file, here or elsewhere.

use std::path::{Path, PathBuf};

use entity_core::enums::{JobState, LogLevel};
use entity_core::jobs;
use manifold_store::{JobFilter, Jobs, blocking};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::backup::Location;
use crate::export::{self, Course, ExportRequest, Exported, FileExport};
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
}

impl Job for ExportData {
    const KIND: &'static str = "export_data";
    const MAX_ATTEMPTS: i64 = 3;

    type Output = Exported;

    async fn run(&self, context: &JobContext) -> Result<Exported, JobError> {
        let exported = match &self.to {
            Location::Folder(path) => self.to_file(context, path).await?,
            Location::Remote(_) => {
                export::send(context, &self.request, &self.to, self.described).await?
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
        Ok(export::plan(context.manager(), &self.request, course).await?)
    }
}

impl ExportData {
    async fn to_file(&self, context: &JobContext, path: &Path) -> Result<Exported, JobError> {
        if context.lease_token() > 1 {
            // An earlier attempt that lost the job and does not know it has nothing to publish from here on.
            clear(&context.jobs, path, Some(context.job_id().as_str())).await?;
        }
        let course = Course::of(context);
        let made = FileExport::make(
            context.manager(),
            &self.request,
            path,
            self.described,
            course,
        );
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
