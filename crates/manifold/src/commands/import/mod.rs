//! `manifold import`

mod arguments;
mod detached;
mod evidence;
mod files;
mod input;
mod plan;
mod readmit;
mod summary;
mod target;
mod typing;

use std::sync::Arc;

use manifold_jobs::JobError;
use manifold_jobs::import::ImportTarget;
use manifold_jobs::jobs::{ImportFile, Imported};
use manifold_store::{DatabaseManager as _, ImportSource, Settings, Snapshots, SqliteManager};
use serde_json::json;

pub(crate) use self::arguments::ImportArgs;
use self::input::Input;
use self::target::{Opened, Project, Target};
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::shapes::snapshot::SnapshotShape;
use crate::table::printable;

/// What one file has become.
struct Done {
    job: JobShape,
    tables: Vec<DoneTable>,
}

/// What one table of a file has become.
struct DoneTable {
    imported: Imported,
    snapshot: SnapshotShape,
    view_name: String,
}

/// An import that failed, with its job if it had begun.
struct Failed {
    job: Option<JobShape>,
    error: anyhow::Error,
}

/// Imports the files, one after the other, each as the next snapshot of its source. What can be seen to be
/// wrong with any of them at its beginning is said before anything is made.
pub(crate) async fn run(arguments: ImportArgs, session: &Session) -> anyhow::Result<()> {
    if let Some(list) = &arguments.readmit {
        return readmit::run(list, &arguments, session).await;
    }
    let inputs = Input::all(&arguments)?;
    let store = session.store().await?;
    let max_cell = Settings::new(store.core()).import_max_cell().await?;
    let target = Target::find(&store, &arguments).await?;
    for input in &inputs {
        if arguments.detach {
            input.must_be_a_file()?;
        }
        input
            .file
            .refuse_of_store(store.layout())
            .map_err(JobError::from)?;
        // To look at a file takes nearly as long as to hash it; the import does both only when it must.
        if !target.may_have(input, &arguments, &store).await {
            input
                .check(&arguments.key, &arguments.typing.typing(), max_cell)
                .await?;
        }
    }
    if arguments.dry_run {
        return plan::run(&inputs, &target, &arguments, &store, session).await;
    }
    if arguments.detach {
        let opened = target.open(&store).await?;
        return detached::run(&inputs, opened, &arguments, session).await;
    }
    let mut opened = target.open(&store).await?;
    let imported = import_all(&inputs, &mut opened, &arguments, &store, session).await;
    if let Some(draft) = opened.draft
        && let Err(error) = draft.settle().await
    {
        tracing::info!(%error, "whether the new project stays is decided later");
    }
    imported
}

/// Imports the files; with the first one a project that was made for them stays.
async fn import_all(
    inputs: &[Input],
    opened: &mut Opened,
    arguments: &ImportArgs,
    store: &Arc<SqliteManager>,
    session: &Session,
) -> anyhow::Result<()> {
    let mut done = Vec::new();
    for input in inputs {
        let project = &opened.project;
        match import(input, project, arguments, store, session).await {
            Ok(import) => {
                if let Some(draft) = opened.draft.take() {
                    draft.keep().await?;
                    session.output().confirm_lines(|| {
                        format!("Made the project {}.", printable(&project.name))
                    })?;
                }
                for table in &import.tables {
                    session
                        .output()
                        .confirm_lines(|| summary::text(table, input, &project.name))?;
                }
                done.push(import);
            }
            Err(Failed { job, error }) => {
                // What was imported before stays; a script sees it beside the error.
                if session.output().json
                    && let Some(job) = job
                {
                    document(session, done, Some(job))?;
                }
                return Err(error);
            }
        }
    }
    let mut tables = done.iter().flat_map(|import| &import.tables).rev();
    if let Some(last) = tables.find(|table| !table.imported.unchanged) {
        session
            .output()
            .note(&summary::next_step(last, &opened.project.name));
    }
    if session.output().json {
        document(session, done, None)
    } else {
        Ok(())
    }
}

async fn import(
    input: &Input,
    project: &Project,
    arguments: &ImportArgs,
    store: &Arc<SqliteManager>,
    session: &Session,
) -> Result<Done, Failed> {
    let job = job(input, project, arguments);
    let title = input.file_name.clone();
    let ran = session
        .foreground(title, job, Some(project.id.clone()))
        .await?;
    let job = ran.job;
    let tables = match ran.outcome {
        Ok(imported) => tables(imported, project, store).await,
        Err(error) => Err(error),
    };
    match tables {
        Ok(tables) => Ok(Done { job, tables }),
        Err(error) => Err(Failed {
            job: Some(job),
            error,
        }),
    }
}

/// The import of one file.
fn job(input: &Input, project: &Project, arguments: &ImportArgs) -> ImportFile {
    ImportFile {
        target: ImportTarget {
            project_id: project.id.clone(),
            source: ImportSource::Named(input.source.clone()),
            key_columns: arguments.key.clone(),
            always: arguments.always,
            typing: arguments.typing.typing(),
            renames: arguments.renames.clone(),
        },
        file: input.file.clone(),
        file_name: input.file_name.clone(),
        naming: input.naming,
    }
}

/// What the tables of a file have become.
async fn tables(
    mut imported: Imported,
    project: &Project,
    store: &Arc<SqliteManager>,
) -> anyhow::Result<Vec<DoneTable>> {
    let further = std::mem::take(&mut imported.further);
    let snapshots = Snapshots::new(store.clone());
    let mut tables = Vec::with_capacity(1 + further.len());
    for imported in std::iter::once(imported).chain(further) {
        let details = snapshots.find(&project.id, &imported.snapshot_id).await?;
        tables.push(DoneTable {
            imported,
            view_name: details.source.view_name.clone(),
            snapshot: details.into(),
        });
    }
    Ok(tables)
}

fn document(session: &Session, done: Vec<Done>, failed: Option<JobShape>) -> anyhow::Result<()> {
    let mut tables = done.iter().flat_map(|import| &import.tables);
    let unchanged = failed.is_none() && tables.all(|table| table.imported.unchanged);
    let (mut jobs, mut snapshots) = (Vec::new(), Vec::new());
    for import in done {
        jobs.push(import.job);
        snapshots.extend(import.tables.into_iter().map(|table| table.snapshot));
    }
    jobs.extend(failed);
    let document =
        json!({ "job": jobs.last(), "jobs": jobs, "snapshots": snapshots, "unchanged": unchanged });
    Ok(session.output().document(&document)?)
}

impl<E: Into<anyhow::Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self {
            job: None,
            error: error.into(),
        }
    }
}
