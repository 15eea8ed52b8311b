//! `manifold source delete`

use clap::Args;
use manifold_store::{
    DataSources, DatabaseManager as _, Projects, Relationships, Settings, Snapshots, SourceTrash,
};
use serde_json::json;

use super::{shape, undelete};
use crate::session::Session;
use crate::shapes::trashed_source::{TrashedSourceShape, contents};
use crate::table::{printable, word};
use crate::units::count;

/// Which source.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold source delete aviation planes --dry-run
  manifold source delete aviation planes
  manifold source undelete aviation planes

A deleted source lies in the trash of its project with all of its snapshots, rows and relationships. Its name and the \
name of its view are free at once; an import under that name makes a new source. After the days that the setting \
trash.keep_days says, the next import into the project removes it for good. Backups, clones and exported files hold no \
deleted sources. Models that name it fail until it is back.")]
pub(crate) struct DeleteArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The source: its id, its name, or the beginning of its id
    source: String,
    /// Say what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
}

/// Moves a source into the trash.
pub(super) async fn run(arguments: DeleteArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::new(&store).find(&arguments.project).await?;
    let id = Projects::id(&project)?;
    let found = match DataSources::new(store.clone())
        .find(&id, &arguments.source)
        .await
    {
        Ok(found) => found,
        Err(error) => {
            return Err(undelete::explain(error.into(), &id, &project.name, session).await);
        }
    };
    let snapshots = Snapshots::new(store.clone())
        .list(&id, Some(&found))
        .await?;
    let relationships = Relationships::new(store.clone())
        .list(&id, Some(&found.id.parse()?))
        .await?;
    let rows = snapshots
        .first()
        .map_or(0, |latest| latest.snapshot.row_count);
    let mut holds = contents(i64::try_from(snapshots.len()).unwrap_or(i64::MAX), rows);
    if !relationships.is_empty() {
        let number = i64::try_from(relationships.len()).unwrap_or(i64::MAX);
        holds = format!("{holds}, {}", count(number, "relationship"));
    }
    let name = printable(&found.name);
    let output = session.output();
    if arguments.dry_run {
        let plan = json!({
            "source": shape(found, &id, &store).await?,
            "snapshot_count": snapshots.len(),
            "row_count": rows,
            "relationship_count": relationships.len(),
        });
        output.show(&json!({ "plan": plan }), || {
            format!("The source {name} would be moved into the trash: {holds}.")
        })?;
        output.note("Nothing was changed.");
        return Ok(());
    }
    session
        .confirm(format!(
            "Delete the source {name}: {holds} (it can be brought back)"
        ))
        .await?;
    let waiting = |holder: Option<&str>| {
        output.note(&format!(
            "waiting for {}",
            holder.unwrap_or("another process")
        ));
    };
    let deleted = SourceTrash::new(&store)
        .delete(&id, &found.id.parse()?, waiting)
        .await?;
    let days = Settings::new(store.core()).trash_keep_days().await?;
    let deleted = TrashedSourceShape::new(deleted, id.as_str());
    output.confirm(&json!({ "source": deleted }), || {
        format!("Deleted the source {name}: {holds}.")
    })?;
    output.note(&format!(
        "It lies in the trash; `manifold source undelete {} {}` brings it back. After {} an import removes it for good.",
        word(&project.name),
        word(&found.name),
        count(days.into(), "day")
    ));
    Ok(())
}
