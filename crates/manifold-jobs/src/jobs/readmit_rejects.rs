//! Takes mended records back into their source.

use std::path::PathBuf;

use manifold_format::Typing;
use manifold_store::{
    DatabaseManager as _, ImportEnding, ImportRecord, ImportSource, JobWatch, ProjectId, RowLog,
    SourceId,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::import::{
    ImportTarget, Imported, InputFile, SharedFindings, TableImport, TableRecords, follow,
    import_error,
};
use crate::readmit::{Prepared, Readmission, ReadmitPlan, Readmitted, prepare};
use crate::{Job, JobContext, JobError, PlanContext, Progress};

/// The step that publishes, by which a later attempt finds its snapshot.
const STEP: &str = "readmit";

/// Takes those records of a list back into their source that were rejected and are mended by now. The next snapshot is the
/// latest one with them in their places, as if the mended file had been imported.
///
/// A record that is still no row stays rejected, as it is stored. A record that was taken back before is not taken
/// back again. If none can be, nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadmitRejects {
    /// The project.
    pub project_id: ProjectId,
    /// The source that the records must be of, if that is said.
    pub source_id: Option<SourceId>,
    /// The absolute path of the list.
    pub path: PathBuf,
    /// The name of the list, as the import history shows it.
    pub file_name: String,
}

impl Job for ReadmitRejects {
    const KIND: &'static str = "readmit_rejects";
    const MAX_ATTEMPTS: i64 = 5;

    type Output = Readmitted;

    async fn run(&self, context: &JobContext) -> Result<Readmitted, JobError> {
        self.refuse_of_store(context.manager())?;
        let _kept = context.manager().project(&self.project_id).await?;
        // Only an earlier attempt can have published.
        if context.lease_token() > 1
            && let Some(done) = RowLog::new(context.manager())
                .published_by(&self.project_id, context.job_id(), STEP)
                .await?
        {
            let unknown = async { Ok(Readmission::default()) };
            return Ok(Readmitted {
                imported: Imported::by_earlier_attempt(done),
                readmission: context.step("choose", unknown).await?,
            });
        }
        context.report(Progress::step("looking"));
        let prepared = self.prepare(context.manager(), context.cancel()).await?;
        let found = async { Ok(prepared.readmission.clone()) };
        drop(context.step("choose", found).await?);
        let target = self.target(&prepared)?;
        let import = TableImport {
            context,
            target: &target,
            step: STEP,
            path: &self.path,
            file_name: &self.file_name,
            format: "csv",
        };
        let record = import.begin().await?;
        let readmission = prepared.readmission.clone();
        let imported = load(&import, &record, prepared).await;
        import.end(&record, &imported).await;
        Ok(Readmitted {
            imported: imported?,
            readmission,
        })
    }

    /// A [`ReadmitPlan`].
    async fn plan(&self, context: &PlanContext) -> Result<Json, JobError> {
        let (manager, observer) = (context.manager(), context.observer().clone());
        self.refuse_of_store(manager)?;
        let prepared = self.prepare(manager, &observer.cancel).await?;
        let target = self.target(&prepared)?;
        let source: SourceId = source_of(&prepared)?;
        let sources = manifold_store::DataSources::new(manager.clone());
        let name = sources.find(&self.project_id, source.as_str()).await?.name;
        let Prepared {
            latest,
            readmission,
            input,
        } = prepared;
        let mut plan = ReadmitPlan::new(name, readmission, &latest.clone().into());
        (plan.added, plan.removed, plan.changed, plan.moved) = (0, 0, 0, 0);
        if let Some(input) = input {
            let mut target = target.find(manager, &source, |_| true).await?;
            target.options.onto = Some(latest.id);
            let shown = observer.progress.clone();
            let follow = follow(input.progress, observer.cancel.clone(), move |latest| {
                drop(shown.send_replace(latest));
            });
            let found = SharedFindings::default();
            let typing = target.typing;
            let (table, decisions) = (input.table, Vec::new());
            let records = TableRecords::new("csv", table, input.rows, decisions, typing, found);
            let rows = RowLog::new(manager);
            let watch = JobWatch::reading(follow);
            let planned = rows.plan(&self.project_id, &source, records, target.options, watch);
            let planned = planned
                .await
                .map_err(|error| import_error(&self.path, error))?;
            if let manifold_store::rows::Outcome::Planned(summary) = planned {
                plan = ReadmitPlan::new(plan.source_name, plan.readmission, &summary);
            }
        }
        serde_json::to_value(&plan).map_err(|error| JobError::failed("defect", &error))
    }
}

impl ReadmitRejects {
    fn refuse_of_store(&self, manager: &manifold_store::SqliteManager) -> Result<(), JobError> {
        let list = InputFile {
            path: self.path.clone(),
            ..InputFile::default()
        };
        Ok(list.refuse_of_store(manager.layout())?)
    }

    async fn prepare(
        &self,
        manager: &std::sync::Arc<manifold_store::SqliteManager>,
        cancel: &tokio_util::sync::CancellationToken,
    ) -> Result<Prepared, JobError> {
        let source = self.source_id.as_ref();
        prepare(manager, &self.project_id, source, &self.path, cancel).await
    }

    fn target(&self, prepared: &Prepared) -> Result<ImportTarget, JobError> {
        Ok(ImportTarget {
            project_id: self.project_id.clone(),
            source: ImportSource::Id(source_of(prepared)?),
            key_columns: Vec::new(),
            always: false,
            typing: Typing::default(),
            renames: Vec::new(),
        })
    }
}

/// Imports the mended input; without one it says that nothing changed.
async fn load(
    import: &TableImport<'_>,
    record: &ImportRecord,
    prepared: Prepared,
) -> Result<Imported, JobError> {
    let latest = prepared.latest;
    let Some(input) = prepared.input else {
        let ending = ImportEnding::Unchanged {
            snapshot_id: latest.id.clone(),
            rows: latest.counts.row_count,
            rejected: latest.counts.rejected,
        };
        record.end(ending).await?;
        return Ok(Imported::unchanged(latest));
    };
    let (manager, source) = (import.context.manager(), record.source_id());
    let mut found = import.target.find(manager, source, |_| true).await?;
    found.options.onto = Some(latest.id);
    import.context.check_cancelled()?;
    import.load(record, input, found).await
}

fn source_of(prepared: &Prepared) -> Result<SourceId, JobError> {
    let id = prepared.latest.source_id.parse();
    id.map_err(|error: manifold_store::IdError| JobError::failed("defect", &error))
}
