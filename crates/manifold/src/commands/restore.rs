//! `manifold restore`

use std::path::Path;

use clap::Args;
use manifold_jobs::jobs::{RestoreProject, RestoreTarget, Restored};
use manifold_store::{ProjectId, Projects, StoreError};
use serde_json::json;

use super::backup::FoundBackup;
use crate::command_error::CommandError;
use crate::session::Session;
use crate::shapes::backup::BackupShape;
use crate::shapes::job::JobShape;
use crate::shapes::project::ProjectShape;
use crate::table::printable;
use crate::units::{count, time};

/// Which backup, and what becomes of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold restore 0199 --as aviation-again
  manifold restore 0199 --in-place --dry-run
  manifold restore /mnt/usb/aviation-sqlite-20261101T120000Z-0199

All of the backup is read back and compared with what was saved before anything changes. Without --as and --in-place \
the project is made anew under the name it had.")]
pub(crate) struct RestoreArgs {
    /// The backup: its id, the beginning of its id, or its folder
    #[arg(value_name = "BACKUP|PATH")]
    backup: String,
    /// Make a project of its own with this name
    #[arg(long = "as", value_name = "NEW_NAME", conflicts_with = "in_place")]
    new_name: Option<String>,
    /// Replace what the saved project holds now; what was there is kept in a safety copy
    #[arg(long)]
    in_place: bool,
    /// Read the backup back and compare it, but change nothing
    #[arg(long)]
    dry_run: bool,
    /// Only write the job down, for a worker to do
    #[arg(long)]
    detach: bool,
}

/// Restores a project from a backup.
pub(crate) async fn run(arguments: RestoreArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let projects = Projects::new(&store);
    let FoundBackup { place, shape } = FoundBackup::find(&store, &arguments.backup).await?;
    let target = if arguments.in_place {
        RestoreTarget::InPlace
    } else {
        RestoreTarget::AsNew {
            name: arguments.new_name,
        }
    };
    let replaced = match target {
        RestoreTarget::InPlace => Some(replaced(&projects, &shape).await?),
        RestoreTarget::AsNew { .. } => None,
    };
    if let Some(project) = replaced.as_ref().filter(|_| !arguments.dry_run) {
        session.confirm(question(project, &shape)).await?;
    }
    let job = RestoreProject {
        backup: place,
        target,
        dry_run: arguments.dry_run,
    };
    let id: Option<ProjectId> = replaced.and_then(|project| project.id.parse().ok());
    if arguments.detach {
        let document = |job: &JobShape| json!({ "job": job, "project": null, "compared": null });
        return session.detach(&job, id, document).await;
    }
    let title = format!("restore of {}", shape.project());
    let ran = session.foreground(title, job, id).await?;
    let output = session.output();
    let restored = match ran.outcome {
        Ok(restored) => restored,
        Err(error) => {
            output.document(&json!({ "job": ran.job, "project": null, "compared": null }))?;
            return Err(error);
        }
    };
    let project = match &restored.project_id {
        Some(id) => Some(ProjectShape::new(projects.find(id).await?, &projects)),
        None => None,
    };
    let document = json!({
        "job": ran.job,
        "project": project,
        "compared": { "tables": restored.tables },
        "safety_copy": restored.safety_copy,
        "dry_run": restored.dry_run,
    });
    output.confirm(&document, || text(&restored, &shape))?;
    if restored.dry_run {
        output.note("Nothing was changed.");
    }
    Ok(())
}

/// The project that would be replaced.
async fn replaced(projects: &Projects, backup: &BackupShape) -> anyhow::Result<ProjectShape> {
    match projects.find(&backup.project_id).await {
        Ok(row) => Ok(ProjectShape::new(row, projects)),
        Err(StoreError::NotFound { .. }) => {
            let (id, name) = (backup.project_id.clone(), backup.project().to_owned());
            Err(CommandError::NothingToReplace { id, name }.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn question(project: &ProjectShape, backup: &BackupShape) -> String {
    format!(
        "Replace what {} holds now ({}) with its state of {} ({}); a copy of what is there now is kept",
        printable(&project.name),
        project.contents(),
        time(backup.created_at),
        backup.summary(),
    )
}

fn text(restored: &Restored, backup: &BackupShape) -> String {
    let rows: i64 = restored
        .tables
        .iter()
        .map(|table| table.rows_restored)
        .sum();
    let equal = format!(
        "{} with {} came back as they were saved",
        count(
            i64::try_from(restored.tables.len()).unwrap_or(i64::MAX),
            "table"
        ),
        count(rows, "row")
    );
    let name = printable(&restored.project_name);
    let when = time(backup.created_at);
    let done = match (
        restored.dry_run,
        &restored.safety_copy,
        &restored.project_id,
    ) {
        (true, _, Some(_)) => format!("Would replace what {name} holds with its state of {when}"),
        (true, _, None) => format!("Would make the project {name} with its state of {when}"),
        (false, Some(_), _) => format!("Restored {name} to its state of {when}"),
        (false, None, _) => format!("Restored the project {name} with its state of {when}"),
    };
    let copy = restored.safety_copy.as_deref().map(Path::display);
    let copy = copy.map_or_else(String::new, |path| {
        format!("\nWhat was there before is kept in {path}.")
    });
    format!("{done}: {equal}.{copy}")
}
