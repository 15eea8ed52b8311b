//! `manifold snapshot delete`

use clap::Args;
use manifold_store::rows::{Deleted, Effect};
use manifold_store::{DataSources, Projects, RowLog, Snapshots};
use serde_json::json;

use crate::session::Session;
use crate::shapes::snapshot::SnapshotShape;
use crate::table::printable;
use crate::units::{self, count};

/// Which snapshot.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold snapshot delete aviation planes@latest --dry-run
  manifold snapshot delete aviation planes@2

The other snapshots keep every row. Deleting the latest one undoes its import: the source is what it was before. A number is not \
given again. What becomes free is used by later imports; the file stays as large as it is.")]
pub(crate) struct DeleteArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The snapshot: SOURCE@latest, SOURCE@N, its id, or the beginning of its id
    snapshot: String,
    /// Say what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
}

/// Deletes a snapshot of a source; if it was the latest, the one before it is the latest then.
pub(super) async fn run(arguments: DeleteArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let snapshots = Snapshots::new(store.clone());
    let wanted = SnapshotShape::from(snapshots.find(&project, &arguments.snapshot).await?);
    let source = DataSources::new(store.clone())
        .find(&project, &wanted.source_id)
        .await?;
    let listed = snapshots.list(&project, Some(&source)).await?;
    let latest = listed
        .into_iter()
        .map(SnapshotShape::from)
        .find(|snapshot| snapshot.id != wanted.id);
    let shown = printable(&wanted.reference());
    let after = |when| match &latest {
        Some(latest) => format!("the latest is {} {when}", printable(&latest.reference())),
        None => format!("{} is empty {when}", printable(&wanted.source_name)),
    };
    let output = session.output();
    if !arguments.dry_run {
        let rows = count(wanted.row_count, "row");
        let question = format!("Delete {shown} ({rows}) for good; {}", after("then"));
        session.confirm(question).await?;
    }
    let effect = if arguments.dry_run {
        Effect::Measured
    } else {
        Effect::Lasting
    };
    let waiting = |holder: Option<&str>| {
        output.note(&format!(
            "waiting for {}",
            holder.unwrap_or("another process")
        ));
    };
    let ids = [wanted.id.parse()?];
    let deleted = RowLog::new(&store)
        .delete(&project, &source.id.parse()?, &ids, effect, waiting)
        .await?;
    let Deleted {
        rows_deleted,
        rows_reopened,
        bytes_freed,
        ..
    } = deleted;
    if arguments.dry_run {
        let document = json!({ "plan": {
            "snapshot": wanted,
            "latest": latest,
            "rows_deleted": rows_deleted,
            "rows_reopened": rows_reopened,
            "bytes_freed": bytes_freed,
        } });
        output.show(&document, || {
            format!(
                "{shown} would be deleted: {}; {}.",
                freed(&deleted),
                after("then")
            )
        })?;
        output.note("Nothing was changed.");
        return Ok(());
    }
    let document = json!({
        "deleted": wanted,
        "latest": latest,
        "rows_deleted": rows_deleted,
        "rows_reopened": rows_reopened,
        "bytes_freed": bytes_freed,
    });
    output.confirm(&document, || {
        format!("Deleted {shown}: {}; {}.", freed(&deleted), after("now"))
    })?;
    output.note(FOR_GOOD);
    Ok(())
}

/// What those should know who look for a way back.
pub(super) const FOR_GOOD: &str = "`manifold undo` does not bring it back: it would undo what was done before. A backup has what was in the project when it was made.";

/// What deleting comes to.
pub(super) fn freed(deleted: &Deleted) -> String {
    format!(
        "{} that no other snapshot shows, {} for later imports",
        count(deleted.rows_deleted, "row"),
        units::size(deleted.bytes_freed.unsigned_abs())
    )
}
