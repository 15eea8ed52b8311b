//! What an import would do.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use manifold_format::{ByteProgress, Compression, Decision, Table, Typing};
use manifold_store::rows::{ImportError, Outcome, Records as _, Rename, Row, Step};
use manifold_store::{
    DataSources, DatabaseManager as _, ImportSource, JobWatch, ProjectId, RowLog, Scratch,
    Settings, SourceId, SqliteManager,
};
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::planned_changes::PlannedChanges;
use super::tables::{table_keys, table_sources, wanted_tables};
use super::target::{FoundTarget, null_tokens};
use super::typing_check::{check_renames, check_typing, renames_for, typing_for};
use super::{
    FetchedInput, Fetching, Findings, FoundColumn, FoundReject, FoundRename, ImportFileError,
    ImportTarget, InputFile, OpenedInput, Opening, SharedFindings, TableNaming, TableRecords,
    blocking, follow, import_error,
};
use crate::{JobError, Observer};

/// After how many rows the reader of a file without a source looks up.
const LOOK_UP_EVERY: u64 = 4_096;

/// Where an import would go.
#[derive(Debug, Clone)]
pub struct PlanTarget {
    /// The project; `None` when it is to be made.
    pub project_id: Option<ProjectId>,
    /// The source, which need not exist.
    pub source: ImportSource,
    /// How the sources of further tables are called.
    pub naming: TableNaming,
    /// As [`ImportTarget::key_columns`].
    pub key_columns: Vec<String>,
    /// As [`ImportTarget::always`].
    pub always: bool,
    /// As [`ImportTarget::typing`].
    pub typing: Typing,
    /// As [`ImportTarget::renames`].
    pub renames: Vec<Rename>,
}

/// What an import would do.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ImportPlan {
    /// The source that the rows would go into.
    pub source_name: String,
    /// Whether it would be made.
    pub new_source: bool,
    /// What the file calls the table; `None` for the one that is called like the file.
    pub table: Option<String>,
    /// The format of the file.
    pub format: &'static str,
    /// How the file is written: delimiter, line ends, header, quoting; and how it is read.
    pub dialect: Json,
    /// The encoding of its text.
    pub encoding: String,
    /// `none`, `gzip` or `zstd`.
    pub compression: &'static str,
    /// The columns, in the file's order.
    pub columns: Vec<FoundColumn>,
    /// Columns that would go on under another name.
    pub renamed: Vec<FoundRename>,
    /// Rows of the file.
    pub rows: u64,
    /// Records that are no rows.
    pub rejected: u64,
    /// The first 20 of them.
    pub rejects: Vec<FoundReject>,
    /// Rows that are too short and would be filled with NULL.
    pub padded: u64,
    /// Rows that are read in another way than the dialect says, because only so they split into
    /// the columns.
    pub mended: u64,
    /// Cells that are not what the others of their column are.
    pub odd_cells: u64,
    /// Why the file is read as it is; in JSON as `evidence` of the dialect.
    #[serde(skip)]
    pub decisions: Vec<Decision>,
    /// How rows would change.
    #[serde(flatten)]
    pub changes: PlannedChanges,
}

/// Reads a whole file and says for each of its tables what importing it would do, writing nothing.
///
/// # Errors
/// As the import would fail; [`JobError::Cancelled`] when the observer stops it.
pub async fn import_plan(
    manager: &Arc<SqliteManager>,
    file: &InputFile,
    target: &PlanTarget,
    observer: Observer,
) -> Result<Vec<ImportPlan>, JobError> {
    let fetched = match &file.url {
        Some(_) => fetched(manager, file, &observer).await?,
        None => None,
    };
    let file = fetched.as_ref().map_or(file, |fetched| &fetched.input);
    let named = fetched
        .as_ref()
        .and_then(FetchedInput::source)
        .transpose()?;
    let target = &named.map_or_else(
        || target.clone(),
        |source| PlanTarget {
            source,
            ..target.clone()
        },
    );
    let max_cell = Settings::new(manager.core()).import_max_cell().await?;
    let mut opening = Opening {
        temporary: Some(Scratch::of(manager)),
        ..Opening::new(max_cell)
    };
    let _stopping = opening.stopping(&observer.cancel);
    let planning = Planning {
        manager,
        file,
        target,
        observer: &observer,
    };
    opening.null_tokens = match &target.project_id {
        Some(project) => null_tokens(manager, project, &target.typing).await?,
        None => target.typing.tokens(),
    }
    .into();
    if !file.has_tables().await?
        && let Some((_, _, found)) = planning.find(&target.source, &[], None, None).await?
    {
        opening.remembered = found.remembered();
    }
    let opened = {
        let file = file.clone();
        blocking(move || file.open(&opening)).await
    };
    let opened = opened.map_err(|error| match observer.cancel.is_cancelled() {
        true => JobError::Cancelled,
        false => error,
    })?;
    planning.tables(opened).await
}

/// Fetches what is planned for.
async fn fetched(
    manager: &Arc<SqliteManager>,
    file: &InputFile,
    observer: &Observer,
) -> Result<Option<FetchedInput>, JobError> {
    let shown = observer.progress.clone();
    let fetching = Fetching {
        manager,
        environment: observer.environment,
        cancel: &observer.cancel,
        report: &move |latest| drop(shown.send_replace(latest)),
    };
    fetching.fetch(file, None).await
}

/// A plan that is made.
struct Planning<'a> {
    manager: &'a Arc<SqliteManager>,
    file: &'a InputFile,
    target: &'a PlanTarget,
    observer: &'a Observer,
}

impl Planning<'_> {
    /// The source that a table would go into, if it exists. `reading`: as the table is read; `None` for delimited text.
    async fn find(
        &self,
        source: &ImportSource,
        key_columns: &[String],
        reading: Option<(&str, &Json)>,
        table: Option<&Table>,
    ) -> Result<Option<(ImportTarget, SourceId, FoundTarget)>, JobError> {
        let Some(project_id) = self.target.project_id.clone() else {
            return Ok(None);
        };
        let target = ImportTarget {
            project_id,
            source: source.clone(),
            key_columns: key_columns.to_owned(),
            always: self.target.always,
            typing: match table {
                Some(table) => typing_for(&self.target.typing, table),
                None => self.target.typing.clone(),
            },
            renames: match table {
                Some(table) => renames_for(&self.target.renames, table),
                None => self.target.renames.clone(),
            },
        };
        let Some(source) = target.source_id(self.manager).await? else {
            return Ok(None);
        };
        let made = |dialect: &Json| match reading {
            None => self.file.made(dialect),
            Some((format, reading)) => {
                dialect["format"] == format && dialect["reading"] == *reading
            }
        };
        let found = target.find(self.manager, &source, made).await?;
        Ok(Some((target, source, found)))
    }

    async fn tables(&self, opened: OpenedInput) -> Result<Vec<ImportPlan>, JobError> {
        let OpenedInput {
            mut reader,
            compression,
            encoding,
            ..
        } = opened;
        let (format, tables, file) = (reader.format(), reader.tables().to_vec(), self.file);
        let wanted = wanted_tables(&tables, &file.tables, &file.path)?;
        let target = self.target;
        let prefix = match (&target.source, &target.project_id) {
            (ImportSource::Named(name), _) => name.clone(),
            (ImportSource::Id(id), None) => id.to_string(),
            (ImportSource::Id(id), Some(project)) => {
                let sources = DataSources::new(self.manager.clone());
                sources.find(project, id.as_str()).await?.name
            }
        };
        let sources = table_sources(&tables, &wanted, &target.source, &prefix, target.naming)?;
        let keys = table_keys(&tables, &wanted, &target.key_columns, &file.path)?;
        let named = wanted.iter().map(|index| &tables[*index]);
        check_typing(&target.typing, &named, &file.path)?;
        check_renames(&target.renames, &named, &file.path)?;
        let (mut decisions, progress) = (reader.decisions().to_vec(), reader.progress());
        let mut plans = Vec::with_capacity(wanted.len());
        for ((index, source), key) in wanted.into_iter().zip(sources).zip(keys) {
            let path = file.path.clone();
            let (back, rows) = blocking(move || {
                let rows = reader.rows(index);
                Ok((
                    reader,
                    rows.map_err(|error| ImportFileError::read(&path, error)),
                ))
            })
            .await?;
            reader = back;
            let rows = rows?;
            let table = &tables[index];
            let reading = rows.is_typed().then_some((format, &table.reading));
            let existing = self.find(&source, &key, reading, Some(table)).await?;
            let new_source = existing.is_none();
            let found = SharedFindings::default();
            let decisions = std::mem::take(&mut decisions);
            let typing = match &existing {
                Some((.., found)) => found.typing.clone(),
                None => typing_for(&target.typing, table).or(&Typing::default()),
            };
            let (table, found_here) = (table.clone(), found.clone());
            let records = TableRecords::new(format, table, rows, decisions, typing, found_here);
            let (changes, renamed) = self
                .changes(
                    existing,
                    records.keeping_examples(),
                    &found,
                    progress.clone(),
                )
                .await?;
            let found = found.take();
            plans.push(ImportPlan {
                source_name: match &source {
                    ImportSource::Named(name) => name.clone(),
                    ImportSource::Id(_) => prefix.clone(),
                },
                new_source,
                table: tables[index].name.clone(),
                format,
                renamed,
                ..plan_of(found, &encoding, compression, changes)
            });
        }
        Ok(plans)
    }

    async fn changes(
        &self,
        existing: Option<(ImportTarget, SourceId, FoundTarget)>,
        records: TableRecords,
        found: &SharedFindings,
        progress: ByteProgress,
    ) -> Result<(PlannedChanges, Vec<FoundRename>), JobError> {
        let shown = self.observer.progress.clone();
        let follow = follow(progress, self.observer.cancel.clone(), move |latest| {
            drop(shown.send_replace(latest));
        });
        let Some((target, source, before)) = existing else {
            read_alone(&self.file.path, records, follow).await?;
            if let Some(rename) = self.target.renames.first() {
                let column = rename.stored.clone();
                let refused = ImportError::NothingToRename { column };
                return Err(import_error(&self.file.path, refused.into()));
            }
            let changes = PlannedChanges {
                added: found.look(|findings| findings.rows),
                ..PlannedChanges::default()
            };
            return Ok((changes, Vec::new()));
        };
        let (watch, rows) = (JobWatch::reading(follow), RowLog::new(self.manager));
        let planned = rows
            .plan(&target.project_id, &source, records, before.options, watch)
            .await;
        let planned = planned.map_err(|error| import_error(&self.file.path, error))?;
        let renamed = match &planned {
            Outcome::Planned(summary) => summary.renamed.iter().map(FoundRename::of).collect(),
            _ => Vec::new(),
        };
        Ok((PlannedChanges::of(&planned), renamed))
    }
}

fn plan_of(
    found: Findings,
    encoding: &str,
    compression: Compression,
    changes: PlannedChanges,
) -> ImportPlan {
    let mut dialect = found.dialect;
    let evidence = found.decisions.iter().map(|decision| {
        let Decision {
            what,
            found,
            why,
            sure,
        } = decision;
        json!({ "what": what, "found": found, "why": why, "sure": sure })
    });
    dialect["evidence"] = evidence.collect();
    ImportPlan {
        source_name: String::new(),
        new_source: false,
        table: None,
        format: "",
        dialect,
        encoding: encoding.to_owned(),
        compression: compression.name(),
        columns: found.columns,
        rows: found.rows,
        rejected: found.rejected,
        rejects: found.rejects,
        renamed: Vec::new(),
        padded: found.padded,
        mended: found.mended,
        odd_cells: found.odd_cells,
        decisions: found.decisions,
        changes,
    }
}

/// Reads all records, for what is found on the way.
async fn read_alone(
    path: &Path,
    mut records: TableRecords,
    mut follow: impl FnMut(u64) -> ControlFlow<()> + Send + 'static,
) -> Result<(), JobError> {
    let reading = manifold_store::blocking(move || {
        let (mut row, mut rows) = (Row::new(), 0);
        loop {
            row.clear();
            match records.next(&mut row).map_err(ImportError::Records)? {
                Step::End => break,
                Step::Rejected(_) => {}
                Step::Row => rows += 1,
            }
            if rows % LOOK_UP_EVERY == 0 && follow(rows).is_break() {
                return Err(ImportError::Cancelled);
            }
        }
        records.finish().map_err(ImportError::Records)
    });
    let read = reading.await.map(drop);
    read.map_err(|error| import_error(path, error.into()))
}
