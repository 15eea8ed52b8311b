//! Importing the tables of an input, each into a source of its own.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use entity_project::enums::Cardinality;
use manifold_format::{Decision, Reader, Table};
use manifold_store::{
    DataSources, ImportSource, RelationshipDefinition, RelationshipEnd, Relationships, SourceId,
    StoreError, name,
};
use serde::{Deserialize, Serialize};

use super::table_import::{TableImport, TableInput};
use super::typing_check::{check_renames, check_typing, renames_for, typing_for};
use super::{ImportFileError, ImportTarget, Imported, blocking};
use crate::{JobContext, JobError};

/// The step of the table that is called like its input.
pub(crate) const STEP: &str = "import";

/// Where the tables of an input go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablesTarget {
    /// Where the table goes that is called like the input. Key columns are those of the tables that have them all.
    #[serde(flatten)]
    pub target: ImportTarget,
    /// How the sources of the other tables are called.
    #[serde(default)]
    pub naming: TableNaming,
    /// The tables that are wanted; none: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// The input, as errors name it.
    pub path: PathBuf,
    /// The input, as the import history names it.
    pub file_name: String,
}

/// How sources are called that tables of one input go into.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableNaming {
    /// Like the source that was named, a point, and the table; like the source itself if there is one table only.
    #[default]
    UnderSource,
    /// Like the table. A table within the one that is called like the input: as under a source.
    LikeTable,
}

/// Imports the tables of an input, one after the other, each as the next snapshot of a source, which is made if need be;
/// then it stores how they refer to each other.
///
/// Each table is published by itself, as a step of the job: what was published stays when a later one fails, and another
/// attempt at the job goes on with the tables that are missing. The first table's import carries the others.
///
/// This is how a job imports a format that it knows itself:
/// it implements [`Reader`] and calls this in [`Job::run`](crate::Job::run).
///
/// # Errors
/// [`JobError::Failed`] with the code of an [`ImportFileError`], or as imports into a source fail; [`JobError::Cancelled`].
pub async fn import_tables(
    context: &JobContext,
    reader: Box<dyn Reader>,
    into: &TablesTarget,
) -> Result<Imported, JobError> {
    let (format, tables) = (reader.format(), reader.tables().to_vec());
    let wanted = wanted_tables(&tables, &into.tables, &into.path)?;
    let target = &into.target;
    let prefix = match &target.source {
        ImportSource::Named(name) => name.clone(),
        ImportSource::Id(id) => {
            let sources = DataSources::new(context.manager().clone());
            sources.find(&target.project_id, id.as_str()).await?.name
        }
    };
    let sources = table_sources(&tables, &wanted, &target.source, &prefix, into.naming)?;
    let keys = table_keys(&tables, &wanted, &target.key_columns, &into.path)?;
    let named = wanted.iter().map(|index| &tables[*index]);
    check_typing(&target.typing, &named, &into.path)?;
    check_renames(&target.renames, &named, &into.path)?;
    let (decisions, progress) = (reader.decisions().to_vec(), reader.progress());
    let mut imported: Vec<Imported> = Vec::with_capacity(wanted.len());
    let mut reader = Some(reader);
    for ((&index, source), key_columns) in wanted.iter().zip(sources).zip(keys) {
        let table = &tables[index];
        let target = ImportTarget {
            source,
            key_columns,
            typing: typing_for(&target.typing, table),
            renames: renames_for(&target.renames, table),
            ..into.target.clone()
        };
        let step = match &table.name {
            None => STEP.to_owned(),
            Some(name) => format!("{STEP}:{name}"),
        };
        let import = TableImport {
            context,
            target: &target,
            step: &step,
            path: &into.path,
            file_name: &into.file_name,
            format,
        };
        let work = async {
            let Some(mut owned) = reader.take() else {
                return Err(JobError::failed(
                    "defect",
                    &"a reader was lost; report this",
                ));
            };
            let path = into.path.clone();
            let (back, rows) = blocking(move || {
                let rows = owned.rows(index);
                Ok((
                    owned,
                    rows.map_err(|error| ImportFileError::read(&path, error)),
                ))
            })
            .await?;
            reader = Some(back);
            let input = TableInput {
                table: table.clone(),
                rows: rows?,
                decisions: decisions_for(&decisions, imported.is_empty()),
                progress: progress.clone(),
                kept: None,
            };
            one(&import, input).await
        };
        let mut done = if wanted.len() == 1 {
            work.await?
        } else {
            context.step(&step, work).await?
        };
        done.table.clone_from(&table.name);
        imported.push(done);
    }
    relate(context, &tables, &wanted, &imported, into).await?;
    let mut imported = imported.into_iter();
    let nothing = || JobError::failed("defect", &"an input has no table; report this");
    let first = imported.next().ok_or_else(nothing)?;
    Ok(Imported {
        further: imported.collect(),
        ..first
    })
}

/// What is said once about an input is said with its first table.
fn decisions_for(decisions: &[Decision], is_first: bool) -> Vec<Decision> {
    if is_first {
        decisions.to_vec()
    } else {
        Vec::new()
    }
}

async fn one(import: &TableImport<'_>, input: TableInput) -> Result<Imported, JobError> {
    if let Some(published) = import.published().await? {
        return Ok(published);
    }
    let record = import.begin().await?;
    let imported = async {
        let (manager, reading) = (import.context.manager(), input.table.reading.clone());
        let format = import.format;
        let found = import
            .target
            .find(manager, record.source_id(), |dialect| {
                dialect["format"] == format && dialect["reading"] == reading
            })
            .await?;
        import.context.check_cancelled()?;
        import.load(&record, input, found).await
    };
    let mut imported = imported.await;
    if let Ok(done) = &mut imported {
        done.source_id = Some(record.source_id().to_string());
    }
    import.end(&record, &imported).await;
    imported
}

/// The indexes of the tables that are wanted.
pub(super) fn wanted_tables(
    tables: &[Table],
    asked: &[String],
    path: &Path,
) -> Result<Vec<usize>, ImportFileError> {
    if asked.is_empty() {
        return Ok((0..tables.len()).collect());
    }
    let mut wanted = Vec::new();
    for name in asked {
        let is_named = |table: &&Table| {
            let shown = table.name.as_deref().unwrap_or_default();
            name::fold(shown) == name::fold(name)
        };
        let found = tables.iter().position(|table| is_named(&table));
        let found = found.ok_or_else(|| ImportFileError::NoTable {
            path: path.to_owned(),
            table: name.clone(),
            tables: tables.iter().filter_map(|t| t.name.clone()).collect(),
        })?;
        if !wanted.contains(&found) {
            wanted.push(found);
        }
    }
    wanted.sort_unstable();
    Ok(wanted)
}

/// The sources that the tables go into; `main`, which is called `prefix`, is that of the table without a name.
pub(super) fn table_sources(
    tables: &[Table],
    wanted: &[usize],
    main: &ImportSource,
    prefix: &str,
    naming: TableNaming,
) -> Result<Vec<ImportSource>, StoreError> {
    let has_main = tables.iter().any(|table| table.name.is_none());
    let under = naming == TableNaming::UnderSource || has_main;
    let only = wanted.len() == 1 && naming == TableNaming::UnderSource;
    let named = wanted.iter().map(|index| match &tables[*index].name {
        _ if only => Ok(main.clone()),
        None => Ok(main.clone()),
        Some(table) if under => {
            name::check("source", &format!("{prefix}.{table}")).map(ImportSource::Named)
        }
        Some(table) => name::check("source", table).map(ImportSource::Named),
    });
    named.collect()
}

/// The key columns of each table: those that were asked for, where it has them all.
pub(super) fn table_keys(
    tables: &[Table],
    wanted: &[usize],
    asked: &[String],
    path: &Path,
) -> Result<Vec<Vec<String>>, ImportFileError> {
    let has = |table: &Table, key: &String| {
        let mut columns = table.columns.iter();
        columns.any(|column| name::fold(&column.name) == name::fold(key))
    };
    let fits = |index: &usize| asked.iter().all(|key| has(&tables[*index], key));
    if !asked.is_empty() && !wanted.iter().any(fits) {
        let first = &tables[wanted[0]];
        let missing = asked.iter().find(|key| !has(first, key));
        return Err(ImportFileError::MissingKeyColumn {
            path: path.to_owned(),
            key: missing.unwrap_or(&asked[0]).clone(),
            columns: first
                .columns
                .iter()
                .map(|column| column.name.clone())
                .collect(),
        });
    }
    let keys = wanted.iter().map(|index| {
        if fits(index) {
            asked.to_owned()
        } else {
            Vec::new()
        }
    });
    Ok(keys.collect())
}

/// Stores how the tables refer to each other, where that is not stored already.
async fn relate(
    context: &JobContext,
    tables: &[Table],
    wanted: &[usize],
    imported: &[Imported],
    into: &TablesTarget,
) -> Result<(), JobError> {
    let ids: HashMap<usize, SourceId> = wanted
        .iter()
        .zip(imported)
        .filter_map(|(index, done)| Some((*index, done.source_id.as_ref()?.parse().ok()?)))
        .collect();
    let project = &into.target.project_id;
    let relationships = Relationships::new(context.manager().clone());
    let sources = DataSources::new(context.manager().clone());
    let mut stored: Option<Vec<_>> = None;
    for index in wanted {
        for reference in &tables[*index].references {
            let (Some(from), Some(to)) = (ids.get(index), ids.get(&reference.table)) else {
                continue;
            };
            if stored.is_none() {
                stored = Some(relationships.list(project, None).await?);
            }
            let known = stored.iter().flatten().any(|known| {
                known.from_source_id == from.as_str()
                    && known.to_source_id == to.as_str()
                    && known.from_columns.0 == reference.columns
                    && known.to_columns.0 == reference.to_columns
            });
            if known {
                continue;
            }
            let from_name = sources.find(project, from.as_str()).await?.name;
            let to_name = sources.find(project, to.as_str()).await?.name;
            let columns = reference.columns.join(", ");
            let end = |source: &SourceId, columns: &[String]| RelationshipEnd {
                source: source.clone(),
                columns: columns.to_vec(),
            };
            let definition = RelationshipDefinition {
                name: format!("{from_name} ({columns}) to {to_name}"),
                from: end(from, &reference.columns),
                to: end(to, &reference.to_columns),
                cardinality: Some(Cardinality::ManyToOne),
            };
            match relationships.create(project, definition).await {
                Ok(_) => {}
                // What somebody made by this name, or cannot be told by a name, is no reason to fail.
                Err(
                    error @ (StoreError::NameTaken { .. }
                    | StoreError::InvalidName { .. }
                    | StoreError::InvalidValue { .. }),
                ) => {
                    let words = format!(
                        "how {from_name} refers to {to_name} is not stored as a relationship: {error}"
                    );
                    context.log(entity_core::enums::LogLevel::Warn, words);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
