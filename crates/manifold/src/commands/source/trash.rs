//! `manifold source trash`

use clap::{Args, Subcommand};
use manifold_store::{Projects, SourceTrash, Timestamp};
use serde_json::json;

use crate::session::Session;
use crate::shapes::trashed_source::TrashedSourceShape;
use crate::table::printable;
use crate::units::count;

/// What to do with the trash of a project.
#[derive(Debug, Subcommand)]
pub(crate) enum TrashCommand {
    /// List the sources in the trash of a project, last deleted first
    List {
        /// The project: its id, its name, or the beginning of its id
        project: String,
    },
    /// Remove sources for good
    Empty(EmptyArgs),
}

/// Which sources.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold source trash empty aviation --expired --dry-run
  manifold source trash empty aviation planes

What is removed here is gone: only a backup from before it was deleted brings it back. The file of the project does not \
become smaller; what is imported next uses the space.")]
pub(crate) struct EmptyArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// One deleted source: its id, its name, or the beginning of its id [default: all]
    source: Option<String>,
    /// Only what was kept for as long as the setting trash.keep_days says, 30 days by default
    #[arg(long)]
    expired: bool,
    /// Say what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
}

/// Runs a verb.
pub(super) async fn run(command: TrashCommand, session: &Session) -> anyhow::Result<()> {
    match command {
        TrashCommand::List { project } => list(&project, session).await,
        TrashCommand::Empty(arguments) => empty(arguments, session).await,
    }
}

async fn list(project: &str, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(project).await?)?;
    let found = SourceTrash::new(&store).list(&project).await?.into_iter();
    let found: Vec<_> = found
        .map(|trashed| TrashedSourceShape::new(trashed, project.as_str()))
        .collect();
    let output = session.output();
    output.show(&json!({ "trash": found }), || {
        TrashedSourceShape::table(&found)
    })?;
    if found.is_empty() {
        output.note("The trash of the project is empty.");
    }
    Ok(())
}

/// Removes sources for good, one after the other.
async fn empty(arguments: EmptyArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let project = Projects::id(&Projects::new(&store).find(&arguments.project).await?)?;
    let trash = SourceTrash::new(&store);
    let mut found = match &arguments.source {
        Some(reference) => vec![trash.find(&project, reference).await?],
        None => trash.list(&project).await?,
    };
    if arguments.expired {
        let now = Timestamp::now();
        found.retain(|trashed| trashed.is_expired(now));
    }
    let meant: Vec<_> = found
        .into_iter()
        .map(|trashed| TrashedSourceShape::new(trashed, project.as_str()))
        .collect();
    let output = session.output();
    if arguments.dry_run {
        output.show(&json!({ "plan": { "trash": meant } }), || {
            format!("Would remove {}.", for_good(&meant))
        })?;
        output.note("Nothing was changed.");
        return Ok(());
    }
    if !meant.is_empty() {
        session
            .confirm(format!("Remove {}", for_good(&meant)))
            .await?;
    }
    for trashed in &meant {
        trash.purge(&project, &trashed.id).await?;
    }
    output.confirm(&json!({ "purged": meant }), || {
        format!("Removed {}.", for_good(&meant))
    })?;
    Ok(())
}

/// What goes: `2 sources for good: planes (3 snapshots, 1,200 rows), weather (1 snapshot, 12 rows)`.
fn for_good(sources: &[TrashedSourceShape]) -> String {
    if sources.is_empty() {
        return "nothing".to_owned();
    }
    let number = count(i64::try_from(sources.len()).unwrap_or(i64::MAX), "source");
    let named: Vec<_> = sources
        .iter()
        .map(|source| format!("{} ({})", printable(&source.name), source.contents()))
        .collect();
    format!("{number} for good: {}", named.join(", "))
}
