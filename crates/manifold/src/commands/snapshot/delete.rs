//! `manifold snapshot delete`

use clap::Args;
use manifold_store::{DataSources, Projects, RowLog, Snapshots};
use serde_json::json;

use crate::command_error::CommandError;
use crate::session::Session;
use crate::shapes::snapshot::SnapshotShape;
use crate::table::printable;
use crate::units::count;

/// Which snapshot.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold snapshot delete aviation planes@latest --dry-run
  manifold snapshot delete aviation planes@2

Only the latest snapshot of a source can be deleted: this undoes its import. Its number is not given again.")]
pub(crate) struct DeleteArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The snapshot: SOURCE@latest, SOURCE@N, its id, or the beginning of its id
    snapshot: String,
    /// Say what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
}

/// Deletes the latest snapshot of a source; the one before it is the latest then.
pub(super) async fn run(arguments: DeleteArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let snapshots = Snapshots::new(store.clone());
    let wanted = SnapshotShape::from(snapshots.find(&project, &arguments.snapshot).await?);
    let source = DataSources::new(store.clone())
        .find(&project, &wanted.source_id)
        .await?;
    let mut newest = snapshots
        .list(&project, Some(&source))
        .await?
        .into_iter()
        .map(SnapshotShape::from);
    let latest = newest.next().filter(|latest| latest.id != wanted.id);
    if let Some(latest) = latest {
        let (snapshot, latest) = (wanted.reference(), latest.reference());
        return Err(CommandError::NotLatest { snapshot, latest }.into());
    }
    let previous = newest.next();
    let shown = printable(&wanted.reference());
    let after = |when| after(previous.as_ref(), &wanted.source_name, when);
    let output = session.output();
    if arguments.dry_run {
        let document = json!({ "plan": { "snapshot": wanted, "latest": previous } });
        output.show(&document, || {
            format!(
                "{shown} would be deleted ({}); {}.",
                rows(&wanted),
                after("then")
            )
        })?;
        output.note("Nothing was changed.");
        return Ok(());
    }
    session
        .confirm(format!(
            "Delete {shown} ({}); {}",
            rows(&wanted),
            after("then")
        ))
        .await?;
    let waiting = |holder: Option<&str>| {
        output.note(&format!(
            "waiting for {}",
            holder.unwrap_or("another process")
        ));
    };
    let deleted = RowLog::new(&store)
        .delete_latest(&project, &source.id.parse()?, &wanted.id.parse()?, waiting)
        .await?;
    let document = json!({
        "deleted": wanted,
        "latest": previous,
        "rows_deleted": deleted.rows_deleted,
        "rows_reopened": deleted.rows_reopened,
    });
    output.confirm(&document, || format!("Deleted {shown}; {}.", after("now")))?;
    Ok(())
}

/// What is the latest snapshot afterwards.
fn after(previous: Option<&SnapshotShape>, source: &str, when: &str) -> String {
    match previous {
        Some(previous) => format!("the latest is {} {when}", printable(&previous.reference())),
        None => format!("{} is empty {when}", printable(source)),
    }
}

fn rows(snapshot: &SnapshotShape) -> String {
    count(snapshot.row_count, "row")
}
