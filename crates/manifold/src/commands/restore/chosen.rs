//! The backup that is to be restored: one that is named, or the newest at a time.

use chrono::{DateTime, Utc};
use entity_core::backups;
use entity_core::enums::BackupState;
use manifold_jobs::backup::{Location, Opened, Unlock};
use manifold_store::{Backups, Projects, StoreError};
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
    /// The backup that is named, or the newest complete one of a project that was made at or before a time.
    ///
    /// # Errors
    /// As [`FoundBackup::find`]; [`CommandError::NoBackupAt`] with the times that there are.
    pub(super) async fn find(
        session: &Session,
        named: Option<&str>,
        project: Option<(&str, Moment)>,
        unlock: Option<Unlock>,
    ) -> anyhow::Result<Self> {
        let (reference, at) = match (named, project) {
            (_, Some((project, Moment(at)))) => (newest_at(session, project, at).await?, Some(at)),
            (Some(named), None) => (named.to_owned(), None),
            (None, None) => {
                let message = "name a backup, or a time with --at".to_owned();
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

/// The id of a backup of the project, or the folder of its part in one of the whole store.
async fn newest_at(session: &Session, project: &str, at: DateTime<Utc>) -> anyhow::Result<String> {
    let store = &session.store().await?;
    let (newest_first, unknown) = match of_project(store, project).await {
        Ok(found) => (found, None),
        // It may be in one of the whole store.
        Err(error @ StoreError::NotFound { .. }) => (Vec::new(), Some(error)),
        Err(error) => return Err(error.into()),
    };
    let complete = |backup: &&backups::Model| backup.state == BackupState::Completed;
    let complete: Vec<_> = newest_first.iter().filter(complete).collect();
    let own = complete.iter().find(|backup| backup.created_at <= at);
    let since = own.map(|backup| backup.created_at);
    if let Some(part) = newest_part(session, project, since, at).await? {
        return Ok(part);
    }
    if let Some(own) = own {
        return Ok(own.id.clone());
    }
    if let Some(unknown) = unknown {
        return Err(unknown.into());
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

/// The folder of the project's part in the newest backup of the whole store in which it was taken after `since`, and not after
/// `until`. Backups that cannot be read are passed over.
async fn newest_part(
    session: &Session,
    project: &str,
    since: Option<DateTime<Utc>>,
    until: DateTime<Utc>,
) -> anyhow::Result<Option<String>> {
    let store = session.store().await?;
    let id = match Projects::new(&store).find(project).await {
        Ok(row) => row.id,
        Err(StoreError::NotFound { .. }) => project.to_owned(),
        Err(error) => return Err(error.into()),
    };
    let listed = Backups::new(&store).list(None).await?;
    let whole = listed.into_iter().filter(|backup| {
        backup.project_id.is_none()
            && backup.state == BackupState::Completed
            && backup.created_at <= until
            && backup.completed_at.max(Some(backup.created_at)) > since
    });
    let (locations, places): (Vec<_>, _) = (
        whole
            .map(|backup| Location::from(backup.location.as_str()))
            .collect(),
        session.places()?,
    );
    let found = manifold_store::blocking(move || {
        locations.iter().find_map(|location| {
            let Ok(Opened::Store(source)) = Opened::open_in(&places, location) else {
                return None;
            };
            let part = source.find(&id).ok()?;
            let groups = &source.manifest().groups;
            let group = groups.iter().find(|group| group.projects.contains(part))?;
            let is_between = Some(group.at) > since && group.at <= until;
            is_between.then(|| source.location_of(part).to_string())
        })
    });
    Ok(found.await)
}
