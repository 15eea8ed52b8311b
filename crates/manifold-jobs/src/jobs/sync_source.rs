//! Pulls a source as its next snapshot.

use entity_core::enums::LogLevel;
use manifold_format::Typing;
use manifold_store::rows::Outcome;
use manifold_store::{DataSources, ImportEnding, ImportSource, JobWatch, RowLog, fail_point};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use std::path::Path;

use crate::import::{
    Fetching, ImportTarget, Imported, SharedFindings, TableImport, TableRecords, follow,
    import_error,
};
use crate::sync::{PreparedPull, Pull, SyncPlan, SyncRequest, Synced, Syncing};
use crate::{Job, JobContext, JobError, PlanContext};

/// The step that publishes, by which a later attempt finds its snapshot.
const STEP: &str = "sync";

/// Pulls a source from where its config says that its rows come from, as its next snapshot. How far it was pulled is written
/// down in the transaction that publishes, so each row comes exactly once, whenever a process dies.
///
/// What fails, is cancelled or dies leaves nothing visible but a line in the import history; so does what would delete more rows
/// than it may.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncSource {
    /// What is synced, and how.
    #[serde(flatten)]
    pub request: SyncRequest,
}

impl Job for SyncSource {
    const KIND: &'static str = "sync_source";
    const MAX_ATTEMPTS: i64 = 5;

    type Output = Synced;

    async fn run(&self, context: &JobContext) -> Result<Synced, JobError> {
        // Only an earlier attempt can have published.
        if context.lease_token() > 1
            && let Some(done) = RowLog::new(context.manager())
                .published_by(&self.request.project_id, context.job_id(), STEP)
                .await?
        {
            return Ok(Synced::of(Imported::by_earlier_attempt(done)));
        }
        let reporter = context.reporter().clone();
        let fetching = Fetching {
            manager: context.manager(),
            environment: context.environment(),
            cancel: context.cancel(),
            report: &move |progress| reporter.report(progress),
        };
        let syncing = Syncing {
            request: &self.request,
            fetching: &fetching,
            unbounded: false,
        };
        let prepared = match syncing.prepare().await {
            Ok(prepared) => prepared,
            Err(error) => return self.not_begun(context, error).await,
        };
        fail_point!("sync-source-pulled");
        context.check_cancelled()?;
        match prepared {
            PreparedPull::UpToDate(latest) => {
                let target = self.target();
                let import = import(context, &target, Path::new(STEP), STEP);
                let record = import.begin().await?;
                let ending = ImportEnding::UpToDate {
                    snapshot_id: latest.id.clone(),
                    rows: latest.counts.row_count,
                    rejected: latest.counts.rejected,
                };
                record.end(ending).await?;
                context.log(LogLevel::Info, "nothing has changed since the last sync");
                Ok(Synced::of(Imported::unchanged(*latest)))
            }
            PreparedPull::Rows(pull) => self.load(context, *pull).await,
        }
    }

    /// A [`SyncPlan`].
    async fn plan(&self, context: &PlanContext) -> Result<Json, JobError> {
        let (manager, observer) = (context.manager(), context.observer());
        let shown = observer.progress.clone();
        let fetching = Fetching {
            manager,
            environment: observer.environment,
            cancel: &observer.cancel,
            report: &move |latest| drop(shown.send_replace(latest)),
        };
        let syncing = Syncing {
            request: &self.request,
            fetching: &fetching,
            unbounded: true,
        };
        let prepared = syncing.prepare().await?;
        let sources = DataSources::new(manager.clone());
        let (project, source) = (&self.request.project_id, &self.request.source_id);
        let name = sources.find(project, source.as_str()).await?.name;
        let plan = match prepared {
            PreparedPull::UpToDate(latest) => SyncPlan {
                rows: latest.counts.row_count.unsigned_abs(),
                ..SyncPlan::unchanged(name, self.request.max_deletes)
            },
            PreparedPull::Rows(pull) => self.planned(context, *pull, name).await?,
        };
        serde_json::to_value(&plan).map_err(|error| JobError::failed("defect", &error))
    }
}

impl SyncSource {
    fn target(&self) -> ImportTarget {
        ImportTarget {
            project_id: self.request.project_id.clone(),
            source: ImportSource::Id(self.request.source_id.clone()),
            key_columns: Vec::new(),
            always: false,
            typing: Typing::default(),
            renames: Vec::new(),
        }
    }

    /// That it was tried, and why it failed, is told by the source.
    async fn not_begun(&self, context: &JobContext, error: JobError) -> Result<Synced, JobError> {
        let failed = Err(context.check_cancelled().err().unwrap_or(error));
        let target = self.target();
        let import = import(context, &target, Path::new(STEP), STEP);
        let record = import.begin().await?;
        import.end(&record, &failed).await;
        failed.map(Synced::of)
    }

    /// Imports what was pulled.
    async fn load(&self, context: &JobContext, mut pull: Pull) -> Result<Synced, JobError> {
        let target = self.target();
        let import = import(context, &target, &pull.name, pull.format);
        let record = import.begin().await?;
        pull.record.job_id = context.job_id().to_string();
        let marks = [pull.record.marked, pull.record.marked_changed];
        pull.found.options.pull = Some(pull.record);
        let _files = pull.files;
        let imported = import.load(&record, pull.input, pull.found).await;
        import.end(&record, &imported).await;
        let imported = imported?;
        for warning in &pull.warnings {
            context.log(LogLevel::Warn, warning);
        }
        let [marked, marked_changed] = if imported.unchanged { [0, 0] } else { marks };
        let (conflicts, keys) = (pull.conflicts.count(), pull.conflicts.keys());
        if conflicts > 0 {
            let taken = pull.conflicts.taken();
            let shown: Vec<_> = keys.iter().map(|key| key.join(", ")).collect();
            let words = format!(
                "{conflicts} rows were changed both here and where they come from: {taken} became what came, {} stay as they are here; \
                 the first have these keys: {}",
                conflicts - taken,
                shown.join("; ")
            );
            context.log(LogLevel::Warn, words);
        }
        Ok(Synced {
            mode: Some(pull.mode),
            whole: pull.whole,
            updated: (imported.changed - marked_changed).max(0),
            deleted: imported.removed + marked,
            marked,
            repeated: pull.repeated,
            conflicts,
            conflicts_taken: pull.conflicts.taken(),
            conflict_keys: keys,
            conflict_winners: pull.conflicts.winners(),
            warnings: pull.warnings,
            ..Synced::of(imported)
        })
    }

    async fn planned(
        &self,
        context: &PlanContext,
        pull: Pull,
        name: String,
    ) -> Result<SyncPlan, JobError> {
        let observer = context.observer();
        let shown = observer.progress.clone();
        let (input, before) = (pull.input, pull.found.latest.as_ref());
        let before = before.map_or(0, |latest| latest.counts.row_count.unsigned_abs());
        let is_keyed = !pull.found.options.key_columns.is_empty();
        let follow = follow(input.progress, observer.cancel.clone(), move |latest| {
            drop(shown.send_replace(latest));
        });
        let (findings, typing) = (SharedFindings::default(), pull.found.typing);
        let (table, rows, decisions) = (input.table, input.rows, input.decisions);
        let records = TableRecords::new(pull.format, table, rows, decisions, typing, findings);
        let watch = JobWatch::reading(follow);
        let (project, source) = (&self.request.project_id, &self.request.source_id);
        let planned = RowLog::new(context.manager())
            .plan(project, source, records, pull.found.options, watch)
            .await;
        let planned = planned.map_err(|error| import_error(&pull.name, error))?;
        let unchanged = SyncPlan {
            mode: Some(pull.mode),
            whole: pull.whole,
            conflicts: pull.conflicts.count(),
            conflicts_taken: pull.conflicts.taken(),
            conflict_keys: pull.conflicts.keys(),
            conflict_winners: pull.conflicts.winners(),
            warnings: pull.warnings,
            rows: before,
            ..SyncPlan::unchanged(name, self.request.max_deletes)
        };
        let Outcome::Planned(summary) = planned else {
            return Ok(unchanged);
        };
        let counts = summary.counts;
        let count = |number: i64| number.unsigned_abs();
        let (marked, marked_changed) = (pull.record.marked, pull.record.marked_changed);
        let deleted = count(counts.removed + marked);
        // As the import counts them: a row without a key that has changed is another one.
        let gone = if is_keyed {
            deleted
        } else {
            deleted.saturating_sub(count(counts.added))
        };
        Ok(SyncPlan {
            unchanged: false,
            rows: count(counts.row_count),
            inserted: count(counts.added),
            updated: count((counts.changed - marked_changed).max(0)),
            deleted,
            marked: count(marked),
            moved: count(counts.moved),
            rejected: count(counts.rejected),
            too_many_deletions: pull.whole && gone > self.request.max_deletes.of(before),
            ..unchanged
        })
    }
}

fn import<'a>(
    context: &'a JobContext,
    target: &'a ImportTarget,
    name: &'a Path,
    format: &'static str,
) -> TableImport<'a> {
    TableImport {
        context,
        target,
        step: STEP,
        path: name,
        file_name: name.to_str().unwrap_or(STEP),
        format,
    }
}
