//! `manifold backup verify`

use clap::Args;
use manifold_jobs::backup::{BackupPlace, Check, Part};
use manifold_jobs::jobs::{Depth, VerifyBackup};
use manifold_store::{Backups, Projects, StoreError};
use serde_json::json;

use super::{FoundBackup, reference};
use crate::command_error::CommandError;
use crate::encryption_flags::UnlockFlags;
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::table::printable;

/// Which backup, and how thoroughly.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  manifold backup verify 0199
  manifold backup verify 0199 --drill
  manifold backup verify 0199 --subset 2/7
  manifold backup verify /mnt/usb/aviation-sqlite-20261101T120000Z-0199

Every file is compared with the manifest, then all rows are read back and compared, table by table. With --drill the \
backup is then really restored, to a place where nobody sees it: the store opens it as a project, every view is read, the \
rows of every snapshot are counted, and all is compared, also with the project itself where that has not changed since; \
then it is removed. With --subset only a part of the files is read, so that several runs share the work; the backup does \
not count as verified then. Nothing is changed but the time of the check. Exit code 1 when the backup is damaged.")]
pub(crate) struct VerifyArgs {
    /// The backup: its id, the beginning of its id, its folder, or its address
    backup: String,
    #[command(flatten)]
    unlock: UnlockFlags,
    /// Really restore it, where nobody sees it, and compare what came of it
    #[arg(long)]
    drill: bool,
    /// Read only part N of T of the files; of the others, that they are there
    #[arg(long, value_name = "N/T", conflicts_with = "drill")]
    subset: Option<Part>,
    /// Only write the job down, for a worker to do
    #[arg(long)]
    detach: bool,
}

impl VerifyArgs {
    fn depth(&self) -> Depth {
        match self.subset {
            Some(part) => Depth::Part(part),
            None if self.drill => Depth::Drill,
            None => Depth::All,
        }
    }
}

/// Checks a backup by reading it back.
pub(super) async fn run(arguments: VerifyArgs, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let depth = arguments.depth();
    let unlock = arguments.unlock.unlock();
    let found = FoundBackup::find(session, &arguments.backup, unlock).await?;
    let FoundBackup { place, mut shape } = found;
    let job = VerifyBackup {
        backup: place.clone(),
        depth,
    };
    let subset = arguments.subset.map(|part| part.to_string());
    // The project may be one of another data folder.
    let project = match &shape.project_id {
        None => None,
        Some(id) => match Projects::new(&store).find(id).await {
            Ok(row) if row.id == *id => Some(Projects::id(&row)?),
            Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Ambiguous { .. }) => None,
            Err(error) => return Err(error.into()),
        },
    };
    if arguments.detach {
        let document = |job: &JobShape| {
            json!({
                "job": job, "backup": shape, "ok": null, "checks": [],
                "drill": arguments.drill, "subset": subset,
            })
        };
        return session.detach(&job, project, document).await;
    }
    let title = format!("check of backup {}", shape.id);
    let ran = session.foreground(title, job, project).await?;
    let output = session.output();
    let verified = match ran.outcome {
        Ok(verified) => verified,
        Err(error) => {
            output.document(&json!({
                "job": ran.job, "backup": shape, "ok": null, "checks": [],
                "drill": arguments.drill, "subset": subset,
            }))?;
            return Err(error);
        }
    };
    if let BackupPlace::Id(id) = place {
        // The time of the check is new.
        shape = reference::listed(&store, Backups::new(&store).find(&id).await?).await?;
    }
    let document = json!({
        "job": ran.job, "backup": shape, "ok": verified.ok, "checks": verified.checks,
        "drill": arguments.drill, "subset": subset,
    });
    output.confirm(&document, || lines(&verified.checks))?;
    if verified.ok {
        output.note(&match depth {
            Depth::Part(part) => format!(
                "Part {part} of the files of backup {} is as it was written; the others are there.",
                shape.id
            ),
            Depth::All => format!("Backup {} can be restored.", shape.id),
            Depth::Drill => format!("Backup {} was restored, and removed again.", shape.id),
        });
        Ok(())
    } else {
        let failed = verified.checks.iter().filter(|check| !check.ok);
        let what = failed.map(|check| check.detail.clone()).collect();
        Err(CommandError::BackupUnusable { id: shape.id, what }.into())
    }
}

fn lines(checks: &[Check]) -> String {
    let lines = checks.iter().map(|check| {
        let mark = if check.ok { "ok     " } else { "DAMAGED" };
        format!(
            "{mark}  {}: {}",
            printable(&check.name),
            printable(&check.detail)
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}
