//! `manifold import --readmit`

use std::path::Path;
use std::sync::Arc;

use manifold_jobs::jobs::ReadmitRejects;
use manifold_jobs::readmit::{Readmission, Readmitted};
use manifold_jobs::{Observer, Plan};
use manifold_store::{DataSources, IdError, Projects, Snapshots, SqliteManager, StoreError};
use serde_json::json;

use super::ImportArgs;
use crate::progress;
use crate::session::Session;
use crate::shapes::snapshot::SnapshotShape;
use crate::table::{printable, word};
use crate::units::{count, number};

/// Records that are named; the others are counted.
const MOST_RECORDS: usize = 10;

/// Takes mended records of a list back into their source.
pub(super) async fn run(
    list: &Path,
    arguments: &ImportArgs,
    session: &Session,
) -> anyhow::Result<()> {
    let store = session.store().await?;
    let job = job(list, arguments, &store).await?;
    let project = job.project_id.clone();
    if arguments.dry_run {
        return plan(&job, &store, session).await;
    }
    if arguments.detach {
        let document = |job: &_| json!({ "job": job, "jobs": [job], "snapshots": [], "unchanged": false, "readmission": null });
        return session.detach(&job, Some(project), document).await;
    }
    let title = job.file_name.clone();
    let ran = session
        .foreground(title, job, Some(project.clone()))
        .await?;
    let done = match ran.outcome {
        Ok(done) => done,
        Err(error) => {
            let failed = json!({ "job": ran.job, "jobs": [ran.job], "snapshots": [], "unchanged": false, "readmission": null });
            session.output().document(&failed)?;
            return Err(error);
        }
    };
    let snapshots = Snapshots::new(store);
    let id = &done.imported.snapshot_id;
    let snapshot: SnapshotShape = snapshots.find(&project, id).await?.into();
    let document = json!({
        "job": ran.job,
        "jobs": [ran.job],
        "snapshots": [snapshot],
        "unchanged": done.imported.unchanged,
        "readmission": done.readmission,
    });
    session.output().confirm(&document, || {
        text(&done, &snapshot, &arguments.project).join("\n")
    })?;
    Ok(())
}

async fn job(
    list: &Path,
    arguments: &ImportArgs,
    store: &Arc<SqliteManager>,
) -> anyhow::Result<ReadmitRejects> {
    let project = Projects::new(store).find(&arguments.project).await?;
    let project_id = Projects::id(&project)?;
    let source_id = match &arguments.source {
        None => None,
        Some(source) => {
            let sources = DataSources::new(store.clone());
            let id = sources.find(&project_id, source).await?.id.parse();
            Some(id.map_err(|error: IdError| StoreError::Decode(error.to_string()))?)
        }
    };
    let name = list.file_name().unwrap_or(list.as_os_str());
    Ok(ReadmitRejects {
        project_id,
        source_id,
        path: std::path::absolute(list).unwrap_or_else(|_| list.to_owned()),
        file_name: name.to_string_lossy().into_owned(),
    })
}

async fn plan(
    job: &ReadmitRejects,
    store: &Arc<SqliteManager>,
    session: &Session,
) -> anyhow::Result<()> {
    let work = session.stoppable();
    let (observer, latest) = Observer::new(work.token());
    let title = job.file_name.clone();
    let shown = tokio::spawn(progress::show(title, latest, session.progress()));
    let planned = Plan::of(store, job, Some(job.project_id.clone()), observer).await;
    drop(shown.await); // it ends with the plan; that it could not be shown is no failure
    let plan = planned.map_err(|error| session.stopped_or(error))?.changes;
    session.output().show(&json!({ "plan": plan }), || {
        let source = printable(plan["source_name"].as_str().unwrap_or_default());
        let counted = |name: &str| plan[name].as_i64().unwrap_or_default();
        let mut lines = vec![format!(
            "{source} would have {}, {} of them added; {} would stay rejected.",
            count(counted("rows"), "row"),
            number(counted("added")),
            count(counted("rejected"), "record"),
        )];
        lines.extend(repeated(plan["duplicate_keys"].as_u64()));
        let readmission = serde_json::from_value(plan["readmission"].clone());
        lines.extend(others(&readmission.unwrap_or_default()));
        lines.join("\n")
    })?;
    session.output().note("Nothing was changed.");
    Ok(())
}

/// What was done, in a few lines for people.
fn text(done: &Readmitted, snapshot: &SnapshotShape, project: &str) -> Vec<String> {
    let (imported, readmission) = (&done.imported, &done.readmission);
    let reference = printable(&snapshot.reference());
    let mut lines = vec![if imported.unchanged {
        format!("No record could be taken back: {reference} stays the latest.")
    } else {
        format!(
            "Took {} back into {reference}: {}, {} added.",
            count(signed(readmission.taken), "record"),
            count(imported.row_count, "row"),
            number(imported.added),
        )
    }];
    lines.extend(repeated(imported.duplicate_keys));
    lines.extend(others(readmission));
    if imported.rejected > 0 {
        lines.push(format!(
            "  rejected: {}; see `manifold snapshot rejects {} {}`",
            count(imported.rejected, "record"),
            word(project),
            word(&snapshot.reference()),
        ));
    }
    lines
}

fn repeated(keys: Option<u64>) -> Option<String> {
    let repeated = keys.filter(|repeated| *repeated > 0)?;
    Some(format!(
        "  repeated keys: {} have the key of an earlier row",
        count(signed(repeated), "row")
    ))
}

/// The records that are not taken back.
fn others(readmission: &Readmission) -> Vec<String> {
    let mut lines = Vec::new();
    let still = &readmission.still_rejected;
    if !still.is_empty() {
        let records = count(signed(still.len() as u64), "record");
        lines.push(format!("  no rows yet: {records}, which stay as they were"));
        lines.extend(still.iter().take(MOST_RECORDS).map(|record| {
            let (line, reason) = (number(record.line), printable(&record.reason));
            format!("    line {line}: {reason}")
        }));
    }
    if readmission.unedited > 0 {
        let records = count(signed(readmission.unedited), "record");
        lines.push(format!("  not edited: {records}"));
    }
    if readmission.gone > 0 {
        let records = count(signed(readmission.gone), "record");
        lines.push(format!(
            "  taken back before, or not in the latest file any more: {records}"
        ));
    }
    lines
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
