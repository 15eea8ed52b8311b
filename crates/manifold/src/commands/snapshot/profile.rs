//! `manifold snapshot profile`

use clap::Args;
use manifold_jobs::SnapshotProfile;
use serde_json::json;

use crate::command_error::CommandError;
use crate::session::Session;
use crate::shapes::column_profile::ColumnProfileShape;

/// Whose columns.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold snapshot profile aviation flights@latest
  manifold snapshot profile aviation flights@1 --column carrier

≈ is an estimate: different values are counted exactly up to 512, and beyond that with a standard error of 1.6 %. Numbers stand in \
the order of numbers, dates and times in that of time, text in that of its bytes.")]
pub(crate) struct ProfileArgs {
    /// The project: its id, its name, or the beginning of its id
    project: String,
    /// The snapshot: SOURCE@latest, SOURCE@N, its id, or the beginning of its id
    snapshot: String,
    /// Only this column, with all that is known of it
    #[arg(long, value_name = "C")]
    column: Option<String>,
}

/// Shows what the columns of a snapshot hold.
pub(super) async fn run(arguments: ProfileArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let (project, found) = super::find(&store, &arguments.project, &arguments.snapshot).await?;
    let profile = SnapshotProfile::of(&store, &project, &found.id).await?;
    let mut columns = ColumnProfileShape::all(&profile).map_err(CommandError::NewerRows)?;
    if let Some(wanted) = &arguments.column {
        columns = one(columns, wanted).ok_or_else(|| CommandError::NoSuchColumn {
            column: wanted.clone(),
            columns: found
                .columns
                .iter()
                .map(|column| column.name.clone())
                .collect(),
        })?;
    }
    let document = json!({ "snapshot": found.id, "number": found.number, "columns": columns });
    session.output().show(&document, || match &columns[..] {
        [column] if arguments.column.is_some() => column.fields(),
        columns => ColumnProfileShape::table(columns),
    })?;
    Ok(())
}

/// The column with this name; without regard to case if none has it exactly.
fn one(columns: Vec<ColumnProfileShape>, name: &str) -> Option<Vec<ColumnProfileShape>> {
    let folded = name.to_lowercase();
    let exact = columns.iter().position(|column| column.name == name);
    let at = exact.or_else(|| columns.iter().position(|c| c.name.to_lowercase() == folded))?;
    columns.into_iter().nth(at).map(|column| vec![column])
}
