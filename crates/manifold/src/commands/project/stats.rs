//! `manifold project stats`

use clap::Args;
use manifold_store::Projects;
use serde_json::json;

use crate::session::Session;
use crate::shapes::project_stats::ProjectStatsShape;

/// Which project.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold project stats aviation
  manifold project stats aviation --read-through

Stored rows are versions of rows: one that several snapshots show is stored once. The room that each source takes is \
measured by reading the file, which a project above 256 MB needs --read-through for. Free pages are used by later imports; \
the log is written back into the file now and then.")]
pub(crate) struct StatsArgs {
    /// Its id, its name, or the beginning of its id
    project: String,
    /// Measure each source by reading the file, however large it is
    #[arg(long)]
    read_through: bool,
}

/// Shows what a project holds and what room it takes.
pub(super) async fn run(
    arguments: StatsArgs,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let row = projects.find(&arguments.project).await?;
    let id = Projects::id(&row)?;
    let stats = projects.stats(&id, arguments.read_through).await?;
    let is_measured = stats.sources.iter().all(|source| source.stored.is_some());
    let shape = ProjectStatsShape::new(row, stats);
    let output = session.output();
    output.show(&json!({ "stats": shape }), || shape.text())?;
    if !is_measured {
        output.note("The sources were not measured: --read-through reads the file for that.");
    }
    Ok(())
}
