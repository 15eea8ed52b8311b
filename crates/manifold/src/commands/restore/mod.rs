//! `manifold restore`

mod chosen;
mod difference;
mod store;

use std::path::Path;

use clap::Args;
use manifold_jobs::jobs::{ComparedTable, RestoreProject, RestoreTarget, Restored};
use manifold_store::{ProjectId, Projects, StoreError};
use serde_json::json;

use self::chosen::Chosen;
use self::difference::compare;
use super::backup::FoundBackup;
use crate::command_error::CommandError;
use crate::encryption_flags::UnlockFlags;
use crate::moment::Moment;
use crate::session::Session;
use crate::shapes::backup::BackupShape;
use crate::shapes::job::JobShape;
use crate::shapes::project::ProjectShape;
use crate::table::printable;
use crate::units::{count, size, time};

/// Which backup, and what becomes of it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold restore 0199 --as aviation-again
  manifold restore 0199 --in-place --dry-run
  manifold restore 0199 --in-place --diff
  manifold restore /mnt/usb/aviation-sqlite-20261101T120000Z-0199
  manifold restore s3://bucket/backups/20261101T120000Z-0199 --identity-file me.key
  manifold restore --project aviation --at 2026-11-01T12:00:00+01:00 --in-place
  manifold restore 0201 --dry-run
  manifold restore 0201 --project aviation --as aviation-again

With --project and --at, the newest backup of the project that was made at or before that time is taken, be it a part of one of \
the whole store. \
All of the backup is read back and compared with what was saved before anything changes. Without --as and --in-place \
the project is made anew under the name it had.

A backup of the whole store brings back every project with its id, and the settings, schedules, histories and lists of the hub; what is \
here stays as it is. Projects that are here and are not as they were saved are replaced with --in-place; without it nothing is \
changed then. What was interrupted goes on when it is done again. Jobs that ran or waited are not brought back.")]
pub(crate) struct RestoreArgs {
    /// The backup: its id, the beginning of its id, its folder, or its address
    #[arg(value_name = "BACKUP|PATH", required_unless_present = "project")]
    backup: Option<String>,
    #[command(flatten)]
    unlock: UnlockFlags,
    /// Of a backup of the whole store only this project; with --at, a backup of this project, which may be gone: its id, its
    /// name, or the beginning of its id
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// The newest one of this time: in RFC 3339, or a date, which is its beginning by the clock of this machine
    #[arg(
        long,
        value_name = "TIME",
        requires = "project",
        conflicts_with = "backup"
    )]
    at: Option<Moment>,
    /// Make a project of its own with this name
    #[arg(long = "as", value_name = "NEW_NAME", conflicts_with = "in_place")]
    new_name: Option<String>,
    /// Replace what the saved project holds now; what was there is kept in a safety copy
    #[arg(long)]
    in_place: bool,
    /// Read the backup back and compare it, but change nothing
    #[arg(long)]
    dry_run: bool,
    /// First show, row by row, what would change in the project
    #[arg(long, requires = "in_place", conflicts_with = "detach")]
    diff: bool,
    /// With --diff, at most so many rows of each source; all are counted
    #[arg(long, value_name = "N", requires = "diff", default_value_t = difference::LISTED)]
    limit: u64,
    /// Only write the job down, for a worker to do
    #[arg(long)]
    detach: bool,
}

/// Restores a project from a backup.
pub(crate) async fn run(arguments: RestoreArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let projects = Projects::new(&store);
    let at_time = arguments.project.as_deref().zip(arguments.at);
    let unlock = arguments.unlock.unlock();
    let mut chosen = Chosen::find(session, arguments.backup.as_deref(), at_time, unlock).await?;
    if at_time.is_none()
        && let Some(project) = &arguments.project
    {
        chosen.backup = store::part(session, &chosen.backup, project).await?;
    }
    if chosen.backup.shape.is_of_store() {
        return store::run(&arguments, chosen.backup, session).await;
    }
    let output = session.output();
    if let Some(note) = chosen.note() {
        output.note(&note);
    }
    let document_of_choice = chosen.document();
    let FoundBackup { place, shape } = chosen.backup;
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
    let mut diff = None;
    if arguments.diff {
        let title = format!("comparison with {}", shape.project());
        let compared = compare(&store, &place, arguments.limit, title, session).await?;
        let text = difference::text(&compared)?;
        let shown = difference::document(&compared)?;
        if arguments.dry_run {
            let tables: Vec<_> = compared.tables.iter().map(ComparedTable::from).collect();
            let document = json!({
                "job": null,
                "project": replaced,
                "compared": { "tables": tables },
                "dry_run": true,
                "chosen": document_of_choice,
                "diff": shown,
            });
            output.show(&document, || text)?;
            output.note("Nothing was changed.");
            return Ok(());
        }
        output.confirm_lines(|| text)?;
        diff = Some(shown);
    }
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
        let document = |job: &JobShape| json!({ "job": job, "project": null, "compared": null, "chosen": document_of_choice });
        return session.detach(&job, id, document).await;
    }
    let title = format!("restore of {}", shape.project());
    let ran = session.foreground(title, job, id).await?;
    let restored = match ran.outcome {
        Ok(restored) => restored,
        Err(error) => {
            output.document(&json!({
                "job": ran.job, "project": null, "compared": null, "chosen": document_of_choice,
            }))?;
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
        "safety_copy_bytes": restored.safety_copy_bytes,
        "needed_bytes": restored.needed_bytes,
        "free_bytes": restored.free_bytes,
        "dry_run": restored.dry_run,
        "chosen": document_of_choice,
        "diff": diff,
    });
    output.confirm(&document, || text(&restored, &shape))?;
    if restored.dry_run {
        output.note(&room(&restored));
        output.note("Nothing was changed.");
    }
    Ok(())
}

/// The project that would be replaced.
async fn replaced(projects: &Projects, backup: &BackupShape) -> anyhow::Result<ProjectShape> {
    let id = backup.project_id.clone().unwrap_or_default();
    match projects.find(&id).await {
        Ok(row) => Ok(ProjectShape::new(row, projects)),
        Err(StoreError::NotFound { .. }) => {
            let name = backup.project().to_owned();
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

/// The room that it takes.
fn room(restored: &Restored) -> String {
    let free = restored.free_bytes.map_or_else(String::new, |free| {
        format!(", of {} that are free", size(free))
    });
    let copy = restored.safety_copy_bytes.map_or_else(String::new, |bytes| {
        format!(
            "A safety copy of what is there now would be made, of {}; the last three are kept. ",
            size(bytes)
        )
    });
    format!(
        "{copy}It needs at least {} on the disk for a time{free}.",
        size(restored.needed_bytes)
    )
}
