//! `manifold job list`

use std::collections::HashMap;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use entity_core::enums::JobState;
use manifold_store::{JobFilter, Jobs, Projects};
use serde_json::json;

use crate::session::Session;
use crate::shapes::job::JobShape;

/// Jobs shown if nobody says how many.
const LINES: u64 = 100;

/// Which jobs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold job list
  manifold job list --state failed --limit 5
  manifold job list --kind import_file --project aviation")]
pub(crate) struct ListArgs {
    /// Only jobs in this state
    #[arg(long, value_parser = PossibleValuesParser::new(JobState::VALUES).try_map(|state| state.parse::<JobState>()))]
    state: Option<JobState>,
    /// Only jobs of this kind, such as import_file or backup_project
    #[arg(long)]
    kind: Option<String>,
    /// Only jobs of this project: its id, its name, or the beginning of its id
    #[arg(long)]
    project: Option<String>,
    /// At most so many, the newest
    #[arg(long, value_name = "N", default_value_t = LINES)]
    limit: u64,
}

/// Lists jobs, newest first.
pub(super) async fn run(arguments: ListArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let projects = Projects::new(&store);
    let project = match &arguments.project {
        Some(project) => Some(Projects::id(&projects.find(project).await?)?),
        None => None,
    };
    let is_filtered = arguments.state.is_some() || arguments.kind.is_some() || project.is_some();
    let filter = JobFilter {
        state: arguments.state,
        kind: arguments.kind,
        project,
        limit: Some(arguments.limit),
    };
    let found = Jobs::new(&store).list(&filter).await?;
    let found: Vec<_> = found.into_iter().map(JobShape::from).collect();
    let names: HashMap<_, _> = projects
        .list()
        .await?
        .into_iter()
        .map(|project| (project.id, project.name))
        .collect();
    let output = session.output();
    output.show(&json!({ "jobs": found }), || {
        JobShape::table(&found, |job| match &job.project_id {
            Some(id) => names.get(id).unwrap_or(id).clone(),
            None => "-".to_owned(),
        })
    })?;
    if found.is_empty() {
        output.note(if is_filtered {
            "No job is like that; `manifold job list` shows all."
        } else {
            "There is no job yet; importing a file is one."
        });
    }
    Ok(())
}
