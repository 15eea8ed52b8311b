//! The backup that is to be restored: one that is named, or the newest at a time.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity_core::backups;
use entity_core::enums::BackupState;
use manifold_jobs::backup::Unlock;
use manifold_store::{Projects, SqliteManager, StoreError};
use serde_json::{Value as Json, json};

use crate::command_error::CommandError;
use crate::commands::backup::{FoundBackup, of_project};
use crate::moment::Moment;
use crate::session::Session;
use crate::table::printable;
use crate::units::{duration, time};

/// Times that are named where there is no backup at the one that was asked for.
const MOST_NAMED: usize = 5;

/// The backup that was chosen.
pub(super) struct Chosen {
    pub(super) backup: FoundBackup,
    /// The time that was asked for.
    at: Option<DateTime<Utc>>,
}

impl Chosen {
    /// The backup that is named, or the newest complete one of all of a project that was made at or before a time.
    ///
    /// # Errors
    /// As [`FoundBackup::find`]; [`CommandError::NoBackupAt`] with the times that there are.
    pub(super) async fn find(
        session: &Session,
        named: Option<&str>,
        project: Option<(&str, Moment)>,
        unlock: Option<Unlock>,
    ) -> anyhow::Result<Self> {
        let store = session.store().await?;
        let (reference, at) = match (named, project) {
            (_, Some((project, Moment(at)))) => (newest_at(&store, project, at).await?, Some(at)),
            (Some(named), None) => (named.to_owned(), None),
            (None, None) => {
                let message = "name a backup, or --project and --at".to_owned();
                return Err(CommandError::Usage { message }.into());
            }
        };
        let backup = FoundBackup::find(session, &reference, unlock).await?;
        Ok(Self { backup, at })
    }

    /// How much older than the time that was asked for it is.
    fn older(&self) -> Option<chrono::TimeDelta> {
        self.at.map(|at| at - self.backup.shape.created_at)
    }

    /// What was chosen, for people; nothing for a backup that they named.
    pub(super) fn note(&self) -> Option<String> {
        self.older().map(|older| {
            format!(
                "Taking backup {} of {}, {} before that time.",
                self.backup.shape.id,
                time(self.backup.shape.created_at),
                duration(older)
            )
        })
    }

    /// What was chosen, for scripts: null for a backup that they named.
    pub(super) fn document(&self) -> Json {
        match (self.at, self.older()) {
            (Some(at), Some(older)) => json!({
                "at": at,
                "backup_id": self.backup.shape.id,
                "created_at": self.backup.shape.created_at,
                "older_by_ms": older.num_milliseconds(),
            }),
            _ => Json::Null,
        }
    }
}

async fn newest_at(
    store: &Arc<SqliteManager>,
    project: &str,
    at: DateTime<Utc>,
) -> anyhow::Result<String> {
    let newest_first = of_project(store, project).await?;
    let complete =
        |backup: &&backups::Model| backup.state == BackupState::Completed && backup.with_data;
    let complete: Vec<_> = newest_first.iter().filter(complete).collect();
    if let Some(found) = complete.iter().find(|backup| backup.created_at <= at) {
        return Ok(found.id.clone());
    }
    let oldest_first = complete.iter().rev();
    let times: Vec<_> = oldest_first
        .take(MOST_NAMED)
        .map(|backup| time(backup.created_at))
        .collect();
    let name = match Projects::new(store).find(project).await {
        Ok(row) => row.name,
        Err(StoreError::NotFound { .. }) => project.to_owned(),
        Err(error) => return Err(error.into()),
    };
    Err(CommandError::NoBackupAt {
        project: printable(&name),
        at: time(at),
        more: complete.len().saturating_sub(times.len()),
        times,
    }
    .into())
}
