//! `manifold project list`

use clap::Args;
use manifold_store::{ProjectPlace, Projects};
use serde_json::json;

use crate::session::Session;
use crate::shapes::project::ProjectShape;
use crate::table::printable;
use crate::units;

/// Projects in a table if nobody says how many.
const LINES: u64 = 100;

/// Which projects.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold project list
  manifold project list --json --limit 500
  manifold project list --json --limit 500 --after CURSOR

A table shows 100 projects unless --limit says otherwise; --json has all of them. What comes behind a limit is read with \
--after and the `next_after` of the page before.")]
pub(crate) struct ListArgs {
    /// At most so many
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Go on behind this place, which an earlier page ended with
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    after: Option<ProjectPlace>,
}

/// Lists projects, by name.
pub(super) async fn run(
    arguments: ListArgs,
    projects: &Projects,
    session: &Session,
) -> anyhow::Result<()> {
    let output = session.output();
    let limit = arguments.limit.or((!output.json).then_some(LINES));
    let page = projects.page(arguments.after.as_ref(), limit).await?;
    let next = page.next.as_ref().map(ToString::to_string);
    let found: Vec<_> = page
        .projects
        .into_iter()
        .map(|row| ProjectShape::new(row, projects))
        .collect();
    output.show(&json!({ "projects": found, "next_after": next }), || {
        ProjectShape::table(&found)
    })?;
    if output.json {
        return Ok(());
    }
    for aside in found.iter().filter(|project| project.is_quarantined()) {
        output.note(&format!(
            "{} is in quarantine: its file is damaged; `manifold doctor` says what can be done.",
            printable(&aside.name)
        ));
    }
    if let Some(next) = page.next {
        let more = projects.count(Some(&next)).await?;
        output.note(&format!(
            "There are {} more; --after {next} shows what comes next, --limit N more at a time.",
            units::number(i64::try_from(more).unwrap_or(i64::MAX))
        ));
    }
    if found.is_empty() {
        output.note(if arguments.after.is_some() {
            "No project comes behind that place."
        } else {
            "There is no project yet; `manifold project create NAME` makes one."
        });
    }
    Ok(())
}
