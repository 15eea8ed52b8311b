//! `manifold sync run PROJECT SOURCE --to URL --table T`

use clap::Args;
use manifold_jobs::jobs::SyncTarget;
use manifold_jobs::sync::{Deletes, MaxDeletes, OnConflict, SyncMode};
use manifold_jobs::target::SyncedTarget;
use manifold_jobs::{JobError, Observer, Plan};
use manifold_store::{ProjectId, SourceId};
use serde::Deserialize as _;
use serde_json::json;

use super::how::How;
use crate::command_error::CommandError;
use crate::commands::export::destination::Destination;
use crate::env_vars;
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::table::printable;
use crate::units::count;

/// Where to. How is said by flags that other syncs have too.
#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// Write into this database (postgres://, mysql:// or sqlite:/path, with --table), file or object (s3://, gs://, az://); secrets as ${secret:NAME} or ${env:NAME}
    #[arg(long, value_name = "URL|FILE")]
    pub(super) to: Option<String>,
    /// The table to write: schema.table or table
    #[arg(long, requires = "to")]
    pub(super) table: Option<String>,
}

/// How a table is made equal.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    pub(super) mode: SyncMode,
    pub(super) deletes: Deletes,
    pub(super) max_deletes: MaxDeletes,
    pub(super) on_conflict: OnConflict,
}

/// What is written elsewhere.
#[derive(Debug)]
pub(super) enum Target {
    /// A table of a database.
    Table(SyncTarget),
    /// A file, or an object of an object store.
    File(Destination),
}

impl TargetArgs {
    /// What is to be written elsewhere, if anything is.
    ///
    /// # Errors
    /// [`CommandError::Usage`] for a database without a table and for flags that are for tables alone; a
    /// [`TargetError`](manifold_jobs::target::TargetError) for an address or a name that is none.
    pub(super) fn target(
        &self,
        project: &ProjectId,
        source: SourceId,
        how: &How,
    ) -> anyhow::Result<Option<Target>> {
        let Some(to) = &self.to else {
            return Ok(None);
        };
        if let Some(job) = self.job(project, source, how)? {
            return Ok(Some(Target::Table(job)));
        }
        let is_database = ["postgres:", "postgresql:", "mysql:", "mariadb:", "sqlite:"]
            .iter()
            .any(|scheme| to.starts_with(scheme));
        if is_database {
            let message = "say which table to write: --table TABLE".to_owned();
            return Err(CommandError::Usage { message }.into());
        }
        if how.is_given() {
            let message = "a file is made anew each time: --mode, --deletes, --max-deletes, --on-conflict and --newest \
                           are for tables"
                .to_owned();
            return Err(CommandError::Usage { message }.into());
        }
        match Destination::of(to)? {
            Destination::Stdout | Destination::Stream(_) => {
                let message =
                    "a sync writes a file; `manifold export` writes to stdout and pipes".to_owned();
                Err(CommandError::Usage { message }.into())
            }
            file => Ok(Some(Target::File(file))),
        }
    }

    /// The job, if a table is to be written.
    fn job(
        &self,
        project: &ProjectId,
        source: SourceId,
        how: &How,
    ) -> anyhow::Result<Option<SyncTarget>> {
        let (Some(to), Some(table)) = (&self.to, &self.table) else {
            return Ok(None);
        };
        let manner = how.manner()?;
        let job = SyncTarget {
            mode: manner.mode,
            deletes: manner.deletes,
            max_deletes: manner.max_deletes,
            on_conflict: manner.on_conflict,
            ..SyncTarget::new(project.clone(), source, &absolute(to)?, table)
        };
        job.check().map_err(JobError::from)?;
        Ok(Some(job))
    }
}

/// The path of an SQLite file as every process understands it.
fn absolute(to: &str) -> anyhow::Result<String> {
    let Some(path) = to.strip_prefix("sqlite:") else {
        return Ok(to.to_owned());
    };
    let path = path.strip_prefix("//").unwrap_or(path);
    Ok(format!("sqlite:{}", std::path::absolute(path)?.display()))
}

/// Makes the table equal to the source, and says what was done.
pub(super) async fn run_target(
    job: SyncTarget,
    source: &str,
    dry_run: bool,
    detach: bool,
    session: &Session,
) -> anyhow::Result<()> {
    let project = job.project_id.clone();
    if detach {
        let document = |job: &JobShape| json!({ "sync": null, "job": job });
        return session.detach(&job, Some(project), document).await;
    }
    let output = session.output();
    if dry_run {
        let work = session.stoppable();
        let (observer, _) = Observer::new(work.token());
        let observer = observer.with_environment(env_vars::for_jobs());
        let store = session.store().await?;
        let planned = Plan::of(&store, &job, Some(project.clone()), observer).await;
        let changes = planned.map_err(|error| session.stopped_or(error))?.changes;
        let planned = SyncedTarget::deserialize(&changes).unwrap_or_default();
        output.show(&json!({ "plan": changes }), || text(&planned, true))?;
        return Ok(());
    }
    let title = format!("sync of {}", printable(source));
    let ran = session
        .foreground(title, job, Some(project.clone()))
        .await?;
    match ran.outcome {
        Ok(synced) => {
            let document = json!({ "sync": synced, "job": ran.job });
            output.confirm(&document, || text(&synced, false))?;
            Ok(())
        }
        Err(error) => {
            output.document(&json!({ "sync": null, "job": ran.job }))?;
            Err(error)
        }
    }
}

/// What was done, or would be, for people.
fn text(synced: &SyncedTarget, planned: bool) -> String {
    let rows = |count_of: u64| count(i64::try_from(count_of).unwrap_or(i64::MAX), "row");
    let (table, to) = (printable(&synced.table), printable(&synced.to));
    let number = synced.snapshot_number;
    let mut text = match planned {
        true => format!("Would make {table} of {to} snapshot {number}: "),
        false => format!("{table} of {to} is snapshot {number}: "),
    };
    text += &format!(
        "{} inserted, {} updated, {} deleted.",
        rows(synced.inserted),
        rows(synced.updated),
        rows(synced.deleted)
    );
    if synced.created_table {
        text += match planned {
            true => "\nThe table would be made.",
            false => "\nThe table was made.",
        };
    }
    if !synced.added_columns.is_empty() {
        let columns = synced.added_columns.iter().map(|name| printable(name));
        let columns = columns.collect::<Vec<_>>().join(", ");
        text += &match planned {
            true => format!("\nIt would get columns: {columns}."),
            false => format!("\nIt got columns: {columns}."),
        };
    }
    if synced.conflicts > 0 {
        let keys = synced.conflict_keys.iter().map(|key| {
            let parts = key
                .iter()
                .map(|part| printable(part.as_deref().unwrap_or("NULL")));
            parts.collect::<Vec<_>>().join(", ")
        });
        let keys: Vec<_> = keys.collect();
        text += &format!(
            "\n{} changed on both sides ({}): {}",
            rows(synced.conflicts),
            synced.key.join(", "),
            keys.join("; ")
        );
    }
    text
}
