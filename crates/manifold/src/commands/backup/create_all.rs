//! `manifold backup create --all`

use entity_core::enums::BackupState;
use manifold_jobs::backup::{BackupOptions, refuse_store};
use manifold_jobs::jobs::BackupStore;
use manifold_store::{BackupId, Backups, StoreError};
use serde_json::json;

use super::create::{CreateArgs, place};
use super::reference;
use crate::session::Session;
use crate::shapes::backup::BackupShape;
use crate::shapes::job::JobShape;
use crate::table::printable;

/// Makes a backup of the whole store.
pub(super) async fn run(arguments: CreateArgs, session: &Session) -> anyhow::Result<()> {
    let id = BackupId::new();
    let job = BackupStore {
        backup_id: Some(id.clone()),
        to: arguments.to.as_deref().map(place).transpose()?,
        encryption: arguments.encryption.encryption()?,
        options: BackupOptions {
            without_data: arguments.without_data,
            compress: arguments.compress,
        },
        description: arguments.description.filter(|text| !text.is_empty()),
        ..BackupStore::each_time(arguments.r#type.into())
    };
    refuse_store(job.backup_type)?;
    if arguments.detach {
        let document = |job: &JobShape| json!({ "job": job, "backup": null });
        return session.detach(&job, None, document).await;
    }
    let title = "backup of the whole store".to_owned();
    let ran = session.foreground(title, job, None).await?;
    // It is there also when projects are missing in it, which is an error.
    let made = made(session, id.as_str()).await?;
    let output = session.output();
    let document = json!({ "job": ran.job, "backup": made });
    let Some(made) = made else {
        output.document(&document)?;
        return ran.outcome.map(drop);
    };
    output.confirm(&document, || {
        format!(
            "Made {}.\n  id      {}\n  folder  {}",
            made.summary(),
            made.id,
            printable(&made.location)
        )
    })?;
    output.note(&format!("Check it: manifold backup verify {}", made.id));
    ran.outcome.map(drop)
}

/// The backup, if it was completed.
async fn made(session: &Session, id: &str) -> anyhow::Result<Option<BackupShape>> {
    let store = session.store().await?;
    let row = match Backups::new(&store).find(id).await {
        Ok(row) if row.id == id && row.state == BackupState::Completed => row,
        Ok(_) | Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let shape = reference::listed(&store, row).await?;
    Ok(Some(shape.measured(session.places()?).await))
}
