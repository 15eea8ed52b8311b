//! Imports a file as the next snapshot of a source.

use entity_core::enums::LogLevel;
use manifold_store::rows::{ImportOptions, JobStep, Outcome, Snapshot, snapshot};
use manifold_store::{
    DatabaseManager as _, ImportEnding, ImportRecord, JobWatch, NewImport, ProjectId, RowLog,
    Settings, SourceTrash, fail_point,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use tokio::sync::watch;

use crate::import::{
    CsvFile, CsvRecords, Findings, ImportTarget, Imported, OpenedCsv, PlanTarget, SharedFindings,
    blocking, follow, import_error, import_plan,
};
use crate::{Job, JobContext, JobError, PlanContext, Progress};

/// The only step of an import.
const STEP: &str = "import";

/// Imports a delimited file as the next snapshot of a source, which is made if need be.
///
/// The import history gets a line, `running` first, which ends together with the snapshot. A file whose
/// bytes are those of the latest snapshot makes no new one, unless it is to be read in another way. What
/// fails, is cancelled or dies leaves nothing visible but that line and, if it failed, the source's status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFile {
    /// Where the rows go.
    #[serde(flatten)]
    pub target: ImportTarget,
    /// Where they come from.
    pub file: CsvFile,
    /// The name of the file, as it is shown.
    pub file_name: String,
}

impl Job for ImportFile {
    const KIND: &'static str = "import_file";
    const MAX_ATTEMPTS: i64 = 5;

    type Output = Imported;

    async fn run(&self, context: &JobContext) -> Result<Imported, JobError> {
        let new = NewImport {
            source: self.target.source.clone(),
            key_columns: self.target.key_columns.clone(),
            file_name: self.file_name.clone(),
            format: "csv",
        };
        let project = &self.target.project_id;
        // Only an earlier attempt can have published.
        if context.lease_token() > 1
            && let Some(done) = RowLog::new(context.manager())
                .published_by(project, context.job_id(), STEP)
                .await?
        {
            return Ok(Imported::by_earlier_attempt(done));
        }
        // Also while its file is slow to come, nobody may delete the project.
        let _kept = context.manager().project(project).await?;
        let record =
            ImportRecord::begin(context.manager(), project, context.claim(), STEP, new).await?;
        let imported = self.import(context, &record).await;
        match &imported {
            Ok(imported) => {
                imported.log(context.reporter());
                empty_trash(context, project).await;
            }
            Err(error) => {
                let words = error.to_string();
                let ending = match error {
                    JobError::Cancelled => ImportEnding::Cancelled { error: words },
                    _ => ImportEnding::Failed { error: words },
                };
                if let Err(second) = record.end(ending).await {
                    // The first error is what matters; the next import of the project corrects the history.
                    context.log(
                        LogLevel::Warn,
                        format!("the import history was not completed: {second}"),
                    );
                }
            }
        }
        imported
    }

    /// An [`ImportPlan`](crate::import::ImportPlan).
    async fn plan(&self, context: &PlanContext) -> Result<Json, JobError> {
        let target = PlanTarget::Source(self.target.clone());
        let observer = context.observer().clone();
        let plan = import_plan(context.manager(), &self.file, &target, observer).await?;
        serde_json::to_value(&plan).map_err(|error| JobError::failed("defect", &error))
    }
}

impl ImportFile {
    async fn import(
        &self,
        context: &JobContext,
        record: &ImportRecord,
    ) -> Result<Imported, JobError> {
        fail_point!("import-recorded");
        let found = self
            .target
            .find(context.manager(), record.source_id(), &self.file.reading)
            .await?;
        let remembered = found.remembered();
        if let Some(latest) = found.latest
            && !found.options.always
            && self.is_file_of(&latest, context).await?
        {
            let ending = ImportEnding::Unchanged {
                snapshot_id: latest.id.clone(),
                rows: latest.counts.row_count,
                rejected: latest.counts.rejected,
            };
            record.end(ending).await?;
            return Ok(Imported::unchanged(latest));
        }
        context.check_cancelled()?;
        let max_cell = Settings::new(context.manager().core())
            .import_max_cell()
            .await?;
        let file = self.file.clone();
        let opened = blocking(move || file.open(max_cell, remembered)).await?;
        let options = ImportOptions {
            step: Some(JobStep {
                job_id: context.job_id().to_string(),
                step: STEP.to_owned(),
            }),
            history_id: Some(record.id().to_string()),
            ..found.options
        };
        let (outcome, findings) = self.load(context, record, opened, options).await?;
        fail_point!("import-projected");
        match outcome {
            Outcome::Published(summary) => Ok(Imported {
                duplicate_keys: summary.duplicate_keys,
                ..Imported::new(
                    summary.snapshot_id,
                    summary.number,
                    summary.counts,
                    &summary.columns,
                    findings,
                )
            }),
            Outcome::Unchanged { snapshot_id } => {
                let rows = RowLog::new(context.manager());
                let read = rows.read(&self.target.project_id, move |connection| {
                    snapshot(connection, &snapshot_id)
                });
                Ok(Imported::unchanged(read.await?))
            }
            other => Err(JobError::failed(
                "defect",
                &format!("an import ended as {other:?}; report this"),
            )),
        }
    }

    /// Whether the file's bytes are those of a snapshot, as far as that is known without unpacking them.
    async fn is_file_of(&self, latest: &Snapshot, context: &JobContext) -> Result<bool, JobError> {
        context.report(Progress::step("comparing"));
        let hash = self
            .file
            .hash_if_size(latest.input_bytes.unsigned_abs(), context.cancel())
            .await?;
        Ok(hash.is_some_and(|hash| hash == latest.input_hash))
    }

    /// Hands the rows to the row log.
    async fn load(
        &self,
        context: &JobContext,
        record: &ImportRecord,
        opened: OpenedCsv,
        options: ImportOptions,
    ) -> Result<(Outcome, Findings), JobError> {
        let findings = SharedFindings::default();
        let records = CsvRecords::new(opened.reader, findings.clone());
        let (waits, waiting) = watch::channel(false);
        let watch = {
            let (reporter, waits) = (context.reporter().clone(), waits.clone());
            follow(opened.size, context.cancel().clone(), move |progress| {
                waits.send_replace(false);
                reporter.report(progress);
            })
        };
        let watch = JobWatch::fenced(record.fence().clone(), watch);
        let wait = |holder: Option<&str>| {
            waits.send_replace(true);
            let who = holder.unwrap_or("another process");
            context.log(
                LogLevel::Info,
                format!("waits for {who}, which writes to the project"),
            );
            context.report(Progress::waiting(holder));
        };
        let rows = RowLog::new(context.manager());
        let (project, source) = (&self.target.project_id, record.source_id());
        let import = rows.import(project, source, records, options, watch, wait);
        let outcome = tokio::select! {
            biased;
            outcome = import => outcome.map_err(|error| import_error(&self.file.path, error))?,
            () = given_up(context, waiting) => return Err(JobError::Cancelled),
        };
        Ok((outcome, findings.take()))
    }
}

/// Removes what has been in the project's trash for long enough. Where that fails the next import does it.
async fn empty_trash(context: &JobContext, project: &ProjectId) {
    match SourceTrash::new(context.manager())
        .purge_expired(project)
        .await
    {
        Ok(None) => {}
        Ok(Some(purged)) => {
            let (name, id) = (purged.name, purged.id);
            context.log(
                LogLevel::Info,
                format!("removed the source {name} ({id}), which was in the trash for long enough"),
            );
        }
        Err(error) => context.log(
            LogLevel::Warn,
            format!("the trash was not emptied: {error}"),
        ),
    }
}

/// Ends when the job is to stop while it waits for another process. An import that has begun sees by
/// itself that it is to stop, and is waited for, because it takes back what it wrote.
async fn given_up(context: &JobContext, mut waiting: watch::Receiver<bool>) {
    context.cancel().cancelled().await;
    if waiting.wait_for(|waits| *waits).await.is_err() {
        std::future::pending::<()>().await; // nobody is left to wait
    }
}
