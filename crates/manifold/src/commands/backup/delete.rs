//! `manifold backup delete`

use clap::Args;
use entity_core::enums::BackupState;
use manifold_jobs::backup;
use manifold_store::Backups;
use serde_json::json;

use super::reference;
use crate::session::Session;
use crate::table::printable;
use crate::units;

/// Which backup.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold backup delete 0199 --dry-run
  manifold backup delete 0199 --yes")]
pub(crate) struct DeleteArgs {
    /// The backup: its id, or the beginning of its id
    backup: String,
    /// Say what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
}

/// Deletes a backup: its folder, then its line in the hub.
pub(super) async fn run(arguments: DeleteArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let backups = Backups::new(&store);
    let row = backups.find(&arguments.backup).await?;
    let mut others = backups.list(None).await?;
    others.retain(|other| other.project_id == row.project_id);
    let is_last = row.state == BackupState::Completed
        && !others
            .iter()
            .any(|other| other.id != row.id && other.state == BackupState::Completed);
    let shape = reference::listed(&store, row.clone()).await?;
    let last = if is_last {
        format!("; it is the only backup of {}", printable(shape.project()))
    } else {
        String::new()
    };
    let what = format!(
        "backup {} of {}, {}{last}",
        shape.id,
        units::time(shape.created_at),
        printable(&shape.location)
    );
    let output = session.output();
    if arguments.dry_run {
        output.show(
            &json!({ "plan": { "backup": shape, "is_last": is_last } }),
            || format!("Would delete {what}."),
        )?;
        output.note("Nothing was changed.");
        return Ok(());
    }
    session.confirm(format!("Delete {what}")).await?;
    let mut bytes_freed = backup::delete(&store, &session.places()?, &row).await?;
    match backup::collect_after(&[row]).await {
        Ok(collected) => bytes_freed += collected.bytes,
        Err(error) if error.is_of_another() => output.note(&format!(
            "Segments that it alone needed stay for now: {error}"
        )),
        Err(error) => return Err(error.into()),
    }
    output.confirm(
        &json!({ "deleted": shape, "bytes_freed": bytes_freed }),
        || format!("Deleted backup {}.", shape.id),
    )?;
    Ok(())
}
