//! Importing one table of an input as the next snapshot of a source.

use std::path::Path;

use entity_core::enums::LogLevel;
use entity_project::snapshots;
use manifold_format::{Decision, Rows, Table, Typing};
use manifold_store::rows::{ImportError, ImportOptions, JobStep, Outcome, snapshot};
use manifold_store::{
    DatabaseManager as _, ImportEnding, ImportRecord, JobWatch, NewImport, RowLog, RowLogError,
    fail_point,
};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use tokio::sync::watch;

use super::target::FoundTarget;
use super::{
    Findings, FoundRename, ImportTarget, Imported, KeptInput, SharedFindings, TableRecords, follow,
    import_error,
};
use crate::drift_note::drift_note;
use crate::snapshot_profile::strong_drift;
use crate::{JobContext, JobError, Progress};

/// An import of one table, which is a step of a job.
pub(crate) struct TableImport<'a> {
    pub(crate) context: &'a JobContext,
    pub(crate) target: &'a ImportTarget,
    pub(crate) step: &'a str,
    /// The file, as errors name it.
    pub(crate) path: &'a Path,
    /// The file, as the import history names it.
    pub(crate) file_name: &'a str,
    pub(crate) format: &'static str,
}

/// The rows of a table that are to be imported.
pub(crate) struct TableInput {
    pub(crate) table: Table,
    pub(crate) rows: Box<dyn Rows>,
    pub(crate) decisions: Vec<Decision>,
    pub(crate) progress: manifold_format::ByteProgress,
    /// The bytes of the input, should they have to be kept.
    pub(crate) kept: Option<KeptInput>,
}

impl TableImport<'_> {
    /// Writes down that the import begins.
    pub(crate) async fn begin(&self) -> Result<ImportRecord, JobError> {
        let new = NewImport {
            source: self.target.source.clone(),
            key_columns: self.target.key_columns.clone(),
            file_name: self.file_name.to_owned(),
            format: self.format,
        };
        let (manager, project) = (self.context.manager(), &self.target.project_id);
        let claim = self.context.claim();
        Ok(ImportRecord::begin(manager, project, claim, self.step, new).await?)
    }

    /// Completes what is written down with how the import ended, if that is not done yet, and logs it.
    pub(crate) async fn end(&self, record: &ImportRecord, imported: &Result<Imported, JobError>) {
        let error = match imported {
            Ok(imported) => return imported.log(self.context.reporter()),
            Err(error) => error,
        };
        let words = error.to_string();
        let ending = match error {
            JobError::Cancelled => ImportEnding::Cancelled { error: words },
            _ => ImportEnding::Failed { error: words },
        };
        if let Err(second) = record.end(ending).await {
            // The first error is what matters; the next import of the project corrects the history.
            let words = format!("the import history was not completed: {second}");
            self.context.log(LogLevel::Warn, words);
        }
    }

    /// What an earlier attempt has published already.
    pub(crate) async fn published(&self) -> Result<Option<Imported>, JobError> {
        let spoke = self
            .context
            .manager()
            .project(&self.target.project_id)
            .await?;
        let mine = snapshots::Entity::find()
            .filter(snapshots::Column::JobId.eq(self.context.job_id().as_str()))
            .filter(snapshots::Column::JobStep.eq(self.step));
        let Some(found) = spoke.one(mine).await? else {
            return Ok(None);
        };
        let rows = RowLog::new(self.context.manager());
        let read = rows.read(&self.target.project_id, move |connection| {
            snapshot(connection, &found.id)
        });
        let found = read.await?;
        let (columns, findings) = (found.columns, Findings::default());
        let imported = Imported::new(found.id, found.number, found.counts, &columns, findings);
        Ok(Some(Imported {
            source_id: Some(found.source_id),
            ..imported
        }))
    }

    /// Imports the table; `found` says how, but for the step and the history.
    pub(crate) async fn load(
        &self,
        record: &ImportRecord,
        input: TableInput,
        found: FoundTarget,
    ) -> Result<Imported, JobError> {
        let options = ImportOptions {
            step: Some(JobStep {
                job_id: self.context.job_id().to_string(),
                step: self.step.to_owned(),
            }),
            history_id: Some(record.id().to_string()),
            ..found.options
        };
        let written = self.write(record, input, options, found.typing).await;
        let (outcome, findings) = written?;
        fail_point!("import-projected");
        match outcome {
            Outcome::Published(summary) => Ok(Imported {
                duplicate_keys: summary.duplicate_keys,
                renamed: summary.renamed.iter().map(FoundRename::of).collect(),
                drift: self.drift(&summary.snapshot_id).await,
                ..Imported::new(
                    summary.snapshot_id,
                    summary.number,
                    summary.counts,
                    &summary.columns,
                    findings,
                )
            }),
            Outcome::Unchanged { snapshot_id } => {
                let rows = RowLog::new(self.context.manager());
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

    /// What has drifted strongly. The snapshot is published: that this cannot be said does not make the import fail.
    async fn drift(&self, snapshot: &str) -> Vec<String> {
        let (manager, project) = (self.context.manager(), &self.target.project_id);
        match strong_drift(manager, project, snapshot).await {
            Ok(found) => found.iter().map(drift_note).collect(),
            Err(error) => {
                let words = format!("the snapshot was not compared with the one before: {error}");
                self.context.log(LogLevel::Warn, words);
                Vec::new()
            }
        }
    }

    /// Hands the rows to the row log.
    async fn write(
        &self,
        record: &ImportRecord,
        input: TableInput,
        options: ImportOptions,
        typing: Typing,
    ) -> Result<(Outcome, Findings), JobError> {
        let findings = SharedFindings::default();
        let TableInput {
            table,
            rows,
            decisions,
            progress,
            kept,
        } = input;
        let format = self.format;
        let records = TableRecords::new(format, table, rows, decisions, typing, findings.clone());
        let records = records.keeping(kept);
        let context = self.context;
        let (waits, waiting) = watch::channel(false);
        let watch = {
            let (reporter, waits) = (context.reporter().clone(), waits.clone());
            follow(progress, context.cancel().clone(), move |progress| {
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
            outcome = import => outcome.map_err(|error| match error {
                // What it reads ends when it is to stop.
                RowLogError::Import(ImportError::Records(_)) if context.cancel().is_cancelled() => {
                    JobError::Cancelled
                }
                error => import_error(self.path, error),
            })?,
            () = given_up(context, waiting) => return Err(JobError::Cancelled),
        };
        Ok((outcome, findings.take()))
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
