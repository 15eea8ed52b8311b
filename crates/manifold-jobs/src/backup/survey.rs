//! What a policy makes of the backups of a store.

use std::collections::BTreeMap;
use std::sync::Arc;

use entity_core::backups;
use entity_core::enums::BackupState;
use manifold_store::{Backups, ProjectId, SqliteManager, StoreError};

use super::keeping::{Candidate, Fate, Standing, decide};
use super::{BackupError, Extent, Location, Manifest, Places};
use crate::Retention;

/// Whose backups are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupsOf<'a> {
    /// Those of each project, also of such that are gone, and those of the whole store.
    All,
    /// Those of a project.
    Project(&'a ProjectId),
    /// Those of the whole store.
    Store,
}

impl<'a> BackupsOf<'a> {
    /// The project, where one is meant.
    pub(crate) fn project(self) -> Option<&'a ProjectId> {
        match self {
            Self::Project(project) => Some(project),
            Self::All | Self::Store => None,
        }
    }

    /// They, newest first.
    pub(crate) async fn list(
        self,
        manager: &Arc<SqliteManager>,
    ) -> Result<Vec<backups::Model>, StoreError> {
        let mut listed = Backups::new(manager).list(self.project()).await?;
        if self == Self::Store {
            listed.retain(|backup| backup.project_id.is_none());
        }
        Ok(listed)
    }
}

/// A backup, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighed {
    /// The backup as the hub lists it.
    pub backup: backups::Model,
    /// What becomes of it.
    pub fate: Fate,
}

/// These backups, newest first, with what the policy makes of them; one list a project, and one of the
/// backups of the whole store. `Err` holds the backup that has failed last, on whose account none of its list is deleted. Reads
/// only.
///
/// # Errors
/// [`BackupError::Store`] by meaning; [`BackupError::Unreachable`] with the place of a backup: whether that is there decides
/// over others.
pub async fn survey(
    manager: &Arc<SqliteManager>,
    places: &Places,
    of: BackupsOf<'_>,
    policy: &Retention,
) -> Result<Vec<Result<Vec<Weighed>, Box<backups::Model>>>, BackupError> {
    let listed = of.list(manager).await?;
    let (policy, places) = (*policy, places.clone());
    super::blocking(move || {
        let mut projects: BTreeMap<Option<String>, Vec<backups::Model>> = BTreeMap::new();
        for backup in listed {
            let of_project = projects.entry(backup.project_id.clone()).or_default();
            of_project.push(backup);
        }
        projects
            .into_values()
            .map(|backups| weigh(&policy, &places, backups))
            .collect()
    })
    .await
}

fn weigh(
    policy: &Retention,
    places: &Places,
    newest_first: Vec<backups::Model>,
) -> Result<Result<Vec<Weighed>, Box<backups::Model>>, BackupError> {
    let candidates = newest_first
        .iter()
        .map(|backup| Candidate::of(backup, places));
    let candidates = candidates.collect::<Result<Vec<_>, _>>()?;
    Ok(match decide(policy, &candidates) {
        Some(fates) => {
            let both = newest_first.into_iter().zip(fates);
            Ok(both
                .map(|(backup, fate)| Weighed { backup, fate })
                .collect())
        }
        None => {
            let mut ended = newest_first.into_iter().zip(candidates);
            match ended.find(|(_, candidate)| candidate.standing != Standing::Running) {
                Some((failed, _)) => Err(Box::new(failed)),
                None => Ok(Vec::new()),
            }
        }
    })
}

impl Candidate {
    /// What the hub and the folder say of a backup. Blocks.
    fn of(backup: &backups::Model, places: &Places) -> Result<Self, BackupError> {
        let is_there = match Location::from(backup.location.as_str()) {
            _ if backup.state != BackupState::Completed => false,
            Location::Folder(folder) => folder.join(Manifest::NAME).is_file(),
            elsewhere => {
                let (place, name) = places.around(&elsewhere)?;
                place.size(&format!("{name}/{}", Manifest::NAME))?.is_some()
            }
        };
        let standing = match backup.state {
            BackupState::Running => Standing::Running,
            BackupState::Failed => Standing::Failed,
            BackupState::Deleting => Standing::Missing,
            BackupState::Completed if !is_there => Standing::Missing,
            BackupState::Completed if backup.verified_at.is_some() => Standing::Verified,
            BackupState::Completed => Standing::Unverified,
        };
        Ok(Self {
            made_at: backup.created_at,
            standing,
            extent: Extent::of(backup),
        })
    }
}
