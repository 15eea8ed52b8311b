//! `manifold backup verify`

use manifold_jobs::backup::{BackupPlace, Check};
use manifold_jobs::jobs::VerifyBackup;
use manifold_store::Backups;
use serde_json::json;

use super::{FoundBackup, reference};
use crate::command_error::CommandError;
use crate::session::Session;
use crate::shapes::job::JobShape;
use crate::table::printable;

/// Checks a backup by reading it back.
pub(super) async fn run(reference: &str, detach: bool, session: &Session) -> anyhow::Result<()> {
    let store = session.store().await?;
    let FoundBackup { place, mut shape } = FoundBackup::find(&store, reference).await?;
    let job = VerifyBackup {
        backup: place.clone(),
    };
    let project = shape.project_id.parse().ok();
    if detach {
        let document =
            |job: &JobShape| json!({ "job": job, "backup": shape, "ok": null, "checks": [] });
        return session.detach(&job, project, document).await;
    }
    let title = format!("check of backup {}", shape.id);
    let ran = session.foreground(title, job, project).await?;
    let output = session.output();
    let verified = match ran.outcome {
        Ok(verified) => verified,
        Err(error) => {
            output
                .document(&json!({ "job": ran.job, "backup": shape, "ok": null, "checks": [] }))?;
            return Err(error);
        }
    };
    if let BackupPlace::Id(id) = place {
        // The time of the check is new.
        shape = reference::listed(&store, Backups::new(&store).find(&id).await?).await?;
    }
    let document = json!({
        "job": ran.job, "backup": shape, "ok": verified.ok, "checks": verified.checks,
    });
    output.confirm(&document, || lines(&verified.checks))?;
    if verified.ok {
        output.note(&format!("Backup {} can be restored.", shape.id));
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
