//! `manifold import --detach`

use serde_json::json;

use super::ImportArgs;
use super::input::Input;
use super::target::Opened;
use crate::detach::written_down;
use crate::session::Session;

/// Writes a job down for each file.
pub(super) async fn run(
    inputs: &[Input],
    opened: Opened,
    arguments: &ImportArgs,
    session: &Session,
) -> anyhow::Result<()> {
    if let Some(draft) = opened.draft {
        draft.keep().await?; // the jobs need it when this process is gone
    }
    let mut jobs = Vec::new();
    for input in inputs {
        let job = super::job(input, &opened.project, arguments);
        let id = opened.project.id.clone();
        jobs.push(session.submit(&job, Some(id)).await?);
    }
    let document = json!({ "job": jobs.last(), "jobs": jobs, "snapshots": [], "unchanged": false });
    session.output().confirm(&document, || {
        let lines: Vec<_> = jobs.iter().map(written_down).collect();
        lines.join("\n")
    })?;
    match jobs.last() {
        Some(last) => session.note_who_does(last).await,
        None => Ok(()),
    }
}
