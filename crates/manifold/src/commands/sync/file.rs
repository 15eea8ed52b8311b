//! `manifold sync run PROJECT SOURCE --to FILE`

use std::sync::Arc;

use entity_project::data_sources;
use manifold_jobs::export::{DATAPACKAGE, Exported};
use manifold_jobs::jobs::ExportData;
use manifold_jobs::{Observer, Plan};
use manifold_store::{ProjectId, SnapshotDetails, Snapshots, SqliteManager, StoreError};
use serde_json::json;

use crate::commands::export::destination::Destination;
use crate::env_vars;
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::table::printable;
use crate::units::{count, size};

/// The job that makes the file, or the object of an object store, what the latest snapshot of a source is.
///
/// # Errors
/// [`CommandError::Usage`](crate::command_error::CommandError::Usage) for a name that tells no format, and for stdout;
/// [`StoreError`] when the source is empty.
pub(super) async fn job(
    to: &Destination,
    store: &Arc<SqliteManager>,
    project: &ProjectId,
    source: &data_sources::Model,
) -> anyhow::Result<ExportData> {
    let format = to.format()?;
    let found = latest(store, project, &source.id).await?;
    let (source, snapshot) = (source.id.parse()?, found.snapshot.id.parse()?);
    let to = to.location()?;
    Ok(ExportData::following(
        project.clone(),
        source,
        snapshot,
        format,
        to,
    ))
}

async fn latest(
    store: &Arc<SqliteManager>,
    project: &ProjectId,
    source: &str,
) -> Result<SnapshotDetails, StoreError> {
    let snapshots = Snapshots::new(store.clone());
    snapshots.find(project, &format!("{source}@latest")).await
}

/// Makes the file what the source is, and says so. A file that no export has written is not replaced without asking.
pub(super) async fn run(
    job: ExportData,
    to: &Destination,
    source: &str,
    dry_run: bool,
    detach: bool,
    session: &Session,
) -> anyhow::Result<()> {
    let project = job.request.project_id.clone();
    let output = session.output();
    if dry_run {
        let work = session.stoppable();
        let (observer, _) = Observer::new(work.token());
        let observer = observer.with_environment(env_vars::for_jobs());
        let store = session.store().await?;
        let planned = Plan::of(&store, &job, Some(project), observer).await;
        let changes = planned.map_err(|error| session.stopped_or(error))?.changes;
        output.show(&json!({ "plan": changes }), || {
            let rows = count(changes["rows"].as_i64().unwrap_or(i64::MAX), "row");
            format!("Would write {rows} to {}.", printable(&to.shown()))
        })?;
        return Ok(());
    }
    if !is_ours(to) {
        to.confirm_replacing(session).await?;
    }
    if detach {
        let document = |job: &JobShape| json!({ "export": null, "job": job });
        return session.detach(&job, Some(project), document).await;
    }
    let title = format!("sync of {}", printable(source));
    let ran = session.foreground(title, job, Some(project)).await?;
    match ran.outcome {
        Ok(exported) => {
            let document = json!({ "export": exported, "job": ran.job });
            output.confirm(&document, || text(&exported, to, source))?;
            for warning in &exported.warnings {
                output.note(&format!("warning: {}", printable(warning)));
            }
            Ok(())
        }
        Err(error) => {
            output.document(&json!({ "export": null, "job": ran.job }))?;
            Err(error)
        }
    }
}

/// Whether an earlier export has described the file, so that it is one that may be made anew.
fn is_ours(to: &Destination) -> bool {
    match to {
        Destination::File(path) => {
            let mut beside = path.clone().into_os_string();
            beside.push(format!(".{DATAPACKAGE}"));
            std::path::Path::new(&beside).exists()
        }
        _ => false,
    }
}

fn text(exported: &Exported, to: &Destination, source: &str) -> String {
    let rows = count(i64::try_from(exported.rows).unwrap_or(i64::MAX), "row");
    let snapshot = exported
        .snapshot_number
        .map_or_else(String::new, |number| format!("@{number}"));
    format!(
        "{} is {}{snapshot}: {rows} ({}).",
        printable(&to.shown()),
        printable(source),
        size(exported.size_bytes)
    )
}
