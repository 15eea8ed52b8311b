//! `manifold undo`

use clap::Args;
use manifold_jobs::jobs::UndoProject;
use manifold_store::{Projects, RestorePoint, RestorePoints};
use serde_json::json;

use crate::command_error::CommandError;
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::shapes::project::ProjectShape;
use crate::shapes::restore_point::RestorePointShape;
use crate::table::printable;
use crate::units::count;

/// What to undo.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold undo aviation --list
  manifold undo aviation --dry-run
  manifold undo aviation
  manifold undo aviation --to 20261101T120000

What can be undone: an import (its snapshots are deleted), the deletion of a source (it comes out of the trash), a restore \
in place (what the project held before comes back; its last three safety copies are kept). With --to, everything newer is \
undone too. An undone restore can be done again: it is in the list as an undo. Snapshots that were deleted or pruned do not \
come back, and sources keep their names, configs and keys.")]
pub(crate) struct UndoArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// Go back to this restore point: its id, or the beginning of its id [default: the newest]
    #[arg(long, value_name = "RESTORE_POINT")]
    to: Option<String>,
    /// List what can be undone, newest first
    #[arg(long, conflicts_with_all = ["to", "dry_run", "detach"])]
    list: bool,
    /// Say what would be undone, without doing it
    #[arg(long)]
    dry_run: bool,
    /// Only write the job down, for a worker to do
    #[arg(long, conflicts_with = "dry_run")]
    detach: bool,
}

impl UndoArgs {
    /// Whether it changes nothing in the data folder.
    pub(crate) fn only_reads(&self) -> bool {
        self.list || self.dry_run
    }
}

/// Undoes what was done to a project last, or lists what can be undone.
pub(crate) async fn run(arguments: UndoArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let projects = Projects::new(&store);
    let row = projects.find(&arguments.project).await?;
    let (id, name) = (Projects::id(&row)?, printable(&row.name));
    let points = RestorePoints::new(&store);
    let output = session.output();
    if arguments.list {
        let listed = shapes(&points.list(&id).await?);
        output.show(&json!({ "restore_points": listed }), || {
            RestorePointShape::table(&listed)
        })?;
        if listed.is_empty() {
            output.note(&format!("There is nothing to undo in {name}."));
        }
        return Ok(());
    }
    let newest = points.list(&id).await?.into_iter().next();
    let way = points.way_to(&id, arguments.to.as_deref()).await?;
    let Some(newest) = newest.filter(|_| !way.is_empty()) else {
        return Err(CommandError::NothingToUndo { project: name }.into());
    };
    let steps = shapes(&way);
    let words = |steps: &[RestorePointShape]| {
        let words: Vec<_> = steps.iter().map(RestorePointShape::sentence).collect();
        words.join("\n  ")
    };
    if arguments.dry_run {
        output.show(&json!({ "plan": { "steps": steps } }), || {
            format!("Would undo, in {name}:\n  {}", words(&steps))
        })?;
        output.note("Nothing was changed.");
        return Ok(());
    }
    let question = match steps.as_slice() {
        [one] => format!("Undo in {name}: {}", one.sentence()),
        several => format!("Undo in {name}:\n  {}\n", words(several)),
    };
    session.confirm(question).await?;
    let job = UndoProject {
        project_id: id.clone(),
        points: way.iter().map(|point| point.id.clone()).collect(),
        newest: newest.id,
    };
    if arguments.detach {
        let document =
            |job: &JobShape| json!({ "job": job, "project": null, "undone": [], "steps": steps });
        return session.detach(&job, Some(id), document).await;
    }
    let title = format!("undo in {name}");
    let ran = session.foreground(title, job, Some(id.clone())).await?;
    let undone = match ran.outcome {
        Ok(undone) => undone,
        Err(error) => {
            output.document(
                &json!({ "job": ran.job, "project": null, "undone": [], "steps": steps }),
            )?;
            return Err(error);
        }
    };
    let project = ProjectShape::new(projects.find(id.as_str()).await?, &projects);
    let document = json!({
        "job": ran.job,
        "project": project,
        "undone": steps,
        "safety_copy": undone.safety_copy,
    });
    output.confirm(&document, || {
        format!(
            "Undone in {name}:\n  {}\nIt has {} now.",
            words(&steps),
            project.contents()
        )
    })?;
    let more = undone.points.len().saturating_sub(steps.len());
    if more > 0 {
        let more = i64::try_from(more).unwrap_or(i64::MAX);
        output.note(&format!(
            "{} into sources that came out of the trash, and newer too, was undone with it.",
            count(more, "import")
        ));
    }
    if let Some(copy) = &undone.safety_copy {
        output.note(&format!(
            "What it held until now is kept in {}; `manifold undo {} --list` lists it.",
            copy.display(),
            crate::table::word(&row.name)
        ));
    }
    Ok(())
}

fn shapes(points: &[RestorePoint]) -> Vec<RestorePointShape> {
    points.iter().map(RestorePointShape::new).collect()
}
