//! Imports a file as the next snapshot of a source.

use std::time::Duration;

use entity_core::enums::LogLevel;
use manifold_format::{ByteProgress, FileFormat};
use manifold_store::rows::Snapshot;
use manifold_store::{
    DatabaseManager as _, ImportEnding, ImportRecord, ProjectId, RowLog, Scratch, Settings,
    SourceTrash, fail_point,
};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::import::{
    Fetching, ImportFileError, ImportTarget, Imported, InputFile, KnownFetch, OpenedInput, Opening,
    PlanTarget, STEP, Sameness, SeenFile, TableImport, TableInput, TableNaming, TablesTarget,
    blocking, check_typing, follow, import_plan, import_tables, null_tokens,
};
use crate::{InputFingerprint, Job, JobContext, JobError, PlanContext, Progress};

/// Between two looks at how much of a file was read that is looked at.
const PAUSE: Duration = Duration::from_millis(100);

/// Imports a file as the next snapshot of a source, which is made if need be; of a file with several tables each goes
/// into a source of its own.
///
/// The import history gets a line for each table, `running` first, which ends together with the snapshot. A file whose
/// bytes are those of the latest snapshot makes no new one, unless it is to be read in another way. What
/// fails, is cancelled or dies leaves nothing visible but that line and, if it failed, the source's status; tables that
/// were published before stay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFile {
    /// Where the rows go.
    #[serde(flatten)]
    pub target: ImportTarget,
    /// Where they come from.
    pub file: InputFile,
    /// The name of the file, as it is shown.
    pub file_name: String,
    /// How the sources of further tables are called.
    #[serde(default)]
    pub naming: TableNaming,
}

impl Job for ImportFile {
    const KIND: &'static str = "import_file";
    const MAX_ATTEMPTS: i64 = 5;

    type Output = Imported;

    async fn run(&self, context: &JobContext) -> Result<Imported, JobError> {
        self.file.refuse_of_store(context.manager().layout())?;
        let project = &self.target.project_id;
        // Also while its file is slow to come, nobody may delete the project.
        let _kept = context.manager().project(project).await?;
        let imported = match &self.file.url {
            Some(_) => self.fetch(context).await,
            None => self.import_file(context).await,
        };
        if imported.is_ok() {
            empty_trash(context, project).await;
        }
        imported
    }

    /// An [`ImportPlan`](crate::import::ImportPlan).
    async fn plan(&self, context: &PlanContext) -> Result<Json, JobError> {
        let target = PlanTarget {
            project_id: Some(self.target.project_id.clone()),
            source: self.target.source.clone(),
            naming: self.naming,
            key_columns: self.target.key_columns.clone(),
            always: self.target.always,
            typing: self.target.typing.clone(),
            renames: self.target.renames.clone(),
        };
        let observer = context.observer().clone();
        let plans = import_plan(context.manager(), &self.file, &target, observer).await?;
        let tables = serde_json::to_value(&plans);
        let tables = tables.map_err(|error| JobError::failed("defect", &error))?;
        Ok(serde_json::json!({ "tables": tables }))
    }
}

impl ImportFile {
    fn table_import<'a>(
        &'a self,
        context: &'a JobContext,
        format: &'static str,
    ) -> TableImport<'a> {
        TableImport {
            context,
            target: &self.target,
            step: STEP,
            path: &self.file.path,
            file_name: &self.file_name,
            format,
        }
    }

    async fn import_file(&self, context: &JobContext) -> Result<Imported, JobError> {
        if self.file.has_tables().await? {
            self.import_tables(context).await
        } else {
            self.import(context).await
        }
    }

    /// Fetches the file, and imports it unless it is the one that was fetched before.
    async fn fetch(&self, context: &JobContext) -> Result<Imported, JobError> {
        let (manager, file) = (context.manager(), &self.file);
        let known = KnownFetch::of(manager, &self.target, file).await?;
        let reporter = context.reporter().clone();
        let fetching = Fetching {
            manager,
            environment: context.environment(),
            cancel: context.cancel(),
            report: &move |progress| reporter.report(progress),
        };
        let before = known.as_ref().map(|(known, _)| &known.validators);
        let fetched = match (fetching.fetch(file, before).await, known) {
            (Ok(Some(fetched)), _) => fetched,
            (Ok(None), Some((_, latest))) => return self.not_modified(context, latest).await,
            (Ok(None), None) => return Err(JobError::failed("defect", &"nothing was fetched")),
            (Err(error), _) => return self.not_begun(context, "csv", error).await,
        };
        let mut job = Self {
            file: fetched.input.clone(),
            ..self.clone()
        };
        if let (Some(source), Some(name)) = (fetched.source().transpose()?, &fetched.name) {
            job.target.source = source;
            job.file_name.clone_from(name);
        }
        let imported = job.import_file(context).await?;
        let project = &self.target.project_id;
        let validators = fetched.validators.clone();
        KnownFetch::remember(context, project, file, validators, &imported).await;
        Ok(imported)
    }

    /// What is there is what was fetched before.
    async fn not_modified(
        &self,
        context: &JobContext,
        latest: Snapshot,
    ) -> Result<Imported, JobError> {
        let read_as = latest.dialect["format"].as_str();
        let formats = [FileFormat::Json, FileFormat::Jsonl, FileFormat::Sqlite];
        let format = formats
            .into_iter()
            .find(|format| Some(format.name()) == read_as)
            .unwrap_or(FileFormat::Csv);
        let record = self.table_import(context, format.name()).begin().await?;
        let ending = ImportEnding::Unchanged {
            snapshot_id: latest.id.clone(),
            rows: latest.counts.row_count,
            rejected: latest.counts.rejected,
        };
        record.end(ending).await?;
        Ok(Imported::unchanged(latest))
    }

    /// That it was tried, and why it failed, is told by the source that it was meant for.
    async fn not_begun(
        &self,
        context: &JobContext,
        format: &'static str,
        error: JobError,
    ) -> Result<Imported, JobError> {
        let failed = Err(context.check_cancelled().err().unwrap_or(error));
        let format = self.file.format.map_or(format, |format| format.name());
        let import = self.table_import(context, format);
        let record = import.begin().await?;
        import.end(&record, &failed).await;
        failed
    }

    /// Imports delimited text, or what comes out of a pipe.
    async fn import(&self, context: &JobContext) -> Result<Imported, JobError> {
        // Only an earlier attempt can have published.
        if context.lease_token() > 1
            && let Some(done) = RowLog::new(context.manager())
                .published_by(&self.target.project_id, context.job_id(), STEP)
                .await?
        {
            return Ok(Imported::by_earlier_attempt(done));
        }
        let import = self.table_import(context, "csv");
        let record = import.begin().await?;
        let imported = self.import_one(&import, &record).await;
        import.end(&record, &imported).await;
        imported
    }

    async fn import_one(
        &self,
        import: &TableImport<'_>,
        record: &ImportRecord,
    ) -> Result<Imported, JobError> {
        fail_point!("import-recorded");
        let context = import.context;
        let made = |dialect: &serde_json::Value| self.file.made(dialect);
        let found = self
            .target
            .find(context.manager(), record.source_id(), made)
            .await?;
        if let Some(latest) = &found.latest
            && !found.options.always
            && self.target.renames.is_empty()
            && self.is_file_of(latest, context).await?
        {
            let latest = latest.clone();
            let ending = ImportEnding::Unchanged {
                snapshot_id: latest.id.clone(),
                rows: latest.counts.row_count,
                rejected: latest.counts.rejected,
            };
            record.end(ending).await?;
            return Ok(Imported::unchanged(latest));
        }
        context.check_cancelled()?;
        let seen = self.seen().await?;
        let mut opening = self.opening(context).await?;
        opening.remembered = found.remembered();
        opening.keep = true;
        opening.null_tokens = found.typing.tokens().into();
        let (file, typing) = (self.file.clone(), self.target.typing.clone());
        let input = blocking(move || {
            let opened = file.open(&opening)?;
            let mut reader = opened.reader;
            let format = reader.format();
            let [table] = reader.tables() else {
                let path = file.path;
                return Err(ImportFileError::TablesFromPipe { path, format });
            };
            let table = table.clone();
            check_typing(&typing, &std::iter::once(&table), &file.path)?;
            let rows = reader.rows(0);
            let input = TableInput {
                table,
                rows: rows.map_err(|error| ImportFileError::read(&file.path, error))?,
                decisions: reader.decisions().to_vec(),
                progress: reader.progress(),
                kept: opened.kept,
            };
            Ok((format, input))
        });
        let (format, input) = input.await?;
        let import = self.table_import(context, format);
        let mut imported = import.load(record, input, found).await?;
        imported.seen = match seen {
            // What changed while it was read may have been read half.
            Some(_) if self.seen().await? != seen => None,
            seen => seen,
        };
        Ok(imported)
    }

    /// The file as it is now, unless it changed just now or is of no kind that could be told by that.
    async fn seen(&self) -> Result<Option<SeenFile>, JobError> {
        if self.file.member.is_some() || self.file.fetched.is_some() {
            return Ok(None);
        }
        let path = self.file.path.clone();
        blocking(move || Ok(SeenFile::settled(&path))).await
    }

    /// Imports a file whose tables are known only when all of it was read.
    async fn import_tables(&self, context: &JobContext) -> Result<Imported, JobError> {
        let opened = match self.look(context).await {
            Ok(opened) => opened,
            Err(error) => return self.not_begun(context, "json", error).await,
        };
        let into = TablesTarget {
            target: self.target.clone(),
            naming: self.naming,
            tables: self.file.tables.clone(),
            path: self.file.path.clone(),
            file_name: self.file_name.clone(),
        };
        if opened.reader.tables().len() > 1 {
            self.refuse_changed(context).await?;
        }
        import_tables(context, opened.reader, &into).await
    }

    /// Fails when the file is another than the one whose first tables an earlier attempt has imported.
    async fn refuse_changed(&self, context: &JobContext) -> Result<(), JobError> {
        let path = self.file.place();
        if !std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
            return Ok(());
        }
        let begun = context.step("input", InputFingerprint::of(path)).await?;
        begun.check(&InputFingerprint::of(path).await?)
    }

    /// Finds the tables of the file, saying how much of it was read.
    async fn look(&self, context: &JobContext) -> Result<OpenedInput, JobError> {
        let mut opening = self.opening(context).await?;
        let (project, typing) = (&self.target.project_id, &self.target.typing);
        opening.null_tokens = null_tokens(context.manager(), project, typing)
            .await?
            .into();
        let _stopping = opening.stopping(context.cancel());
        let file = self.file.clone();
        let found = std::fs::metadata(file.place()).ok();
        let seen = ByteProgress {
            total: found.filter(std::fs::Metadata::is_file).map(|f| f.len()),
            read: opening.progress.read.clone(),
        };
        let reporter = context.reporter().clone();
        let mut look = follow(seen, context.cancel().clone(), move |progress| {
            reporter.report(Progress {
                step: "looking".into(),
                rows: None,
                ..progress
            });
        });
        let mut opening = std::pin::pin!(blocking(move || file.open(&opening)));
        loop {
            tokio::select! {
                opened = &mut opening => return opened,
                () = tokio::time::sleep(PAUSE) => drop(look(0)),
            }
        }
    }

    async fn opening(&self, context: &JobContext) -> Result<Opening, JobError> {
        let manager = context.manager();
        let max_cell = Settings::new(manager.core()).import_max_cell().await?;
        Ok(Opening {
            temporary: Some(Scratch::of(manager)),
            cancel: context.cancel().clone(),
            ..Opening::new(max_cell)
        })
    }

    /// Whether the file's bytes are those of a snapshot, as far as that is known without unpacking them.
    async fn is_file_of(&self, latest: &Snapshot, context: &JobContext) -> Result<bool, JobError> {
        match Sameness::of(context.manager(), &self.file, latest).await? {
            Sameness::Same => return Ok(true),
            Sameness::Other => return Ok(false),
            Sameness::Unknown => {}
        }
        context.report(Progress::step("comparing"));
        let hash = self
            .file
            .hash_if_size(latest.input_bytes.unsigned_abs(), context.cancel())
            .await?;
        Ok(hash.is_some_and(|hash| hash == latest.input_hash))
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
