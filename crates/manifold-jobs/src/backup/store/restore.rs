//! Brings back what a backup of a whole store holds.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use entity_core::enums::ProjectState;
use entity_core::projects;
use manifold_store::{
    Claim, DatabaseId, DatabaseManager as _, IdError, Jobs, ProjectId, Projects, Restores,
    SqliteManager, Staged, StoreError, fail_point, name,
};
use sea_orm::EntityTrait as _;
use serde::{Deserialize, Serialize};

use super::making::is_of_project;
use super::{MissingProject, PartFate, RestoredPart, StorePart, StoreSource, StoreWatch};
use crate::backup::verify::says_nothing;
use crate::backup::{BackupError, Opened, Places, Room, blocking, list_found, stage};

/// A restore of a whole store that is to be done.
#[derive(Debug)]
pub struct StoreRestore {
    source: Arc<StoreSource>,
    /// Whether projects that are here and are not as they were saved are replaced.
    in_place: bool,
}

/// What a restore of a whole store did, or would do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreRestored {
    /// The backup.
    pub backup_id: String,
    /// What became of each project.
    pub projects: Vec<RestoredPart>,
    /// Projects that the backup should hold and does not.
    pub missing: Vec<MissingProject>,
    /// How many rows the hub has now that it did not have, by table.
    pub carried_over: BTreeMap<String, u64>,
    /// Why nothing of the saved hub was taken over.
    pub hub_error: Option<String>,
    /// Nothing was changed.
    pub dry_run: bool,
}

impl StoreRestore {
    /// Of everything that this backup holds.
    #[must_use]
    pub fn new(source: StoreSource, in_place: bool) -> Self {
        Self {
            source: Arc::new(source),
            in_place,
        }
    }

    /// Restores each project, then takes over from the saved hub what the live one does not have. All of a project is read
    /// back and compared before anything of it changes. One that is here as it was saved is left alone, so that the same
    /// again goes on where it was interrupted. Nothing is changed without an `attempt` of a job.
    ///
    /// A project whose backup is damaged, or that cannot be replaced, stays as it is and does not keep the others from being
    /// restored. Projects of this store that are not in the backup stay as they are.
    ///
    /// # Errors
    /// Before anything is changed: [`BackupError::InTrash`]; [`StoreError::NameTaken`] when another project has a name that
    /// is needed; [`BackupError::ProjectDiffers`] when a project is not as it was saved and may not be replaced.
    /// [`BackupError::Cancelled`]; others by meaning, for what keeps all projects from being restored.
    pub async fn run(
        &self,
        manager: &Arc<SqliteManager>,
        places: &Places,
        attempt: Option<&Claim>,
        mut watch: StoreWatch,
    ) -> Result<StoreRestored, BackupError> {
        let manifest = self.source.manifest();
        let here = self.look(manager).await?;
        let mut parts: Vec<&StorePart> = manifest.parts().collect();
        // Those that may be refused come first: then nothing is changed yet.
        parts.sort_by_key(|part| !here.contains_key(part.id.as_str()));
        let bytes = parts.iter().map(|part| part.size_bytes).sum();
        watch.expect(parts.len(), bytes);
        let mut restored = Vec::with_capacity(parts.len());
        for part in parts {
            let here = here.get(part.id.as_str());
            let done = self.part(manager, part, here, attempt, &mut watch).await;
            restored.push(match done {
                Ok(done) => done,
                Err(error @ BackupError::ProjectDiffers { .. }) => return Err(error),
                Err(error) if leaves_others(&error) => RestoredPart::failed(part, &error),
                Err(error) => return Err(error),
            });
            fail_point!("store-restore-part-done");
        }
        let (carried_over, hub_error) = self.hub(manager, attempt, &watch).await?;
        if attempt.is_some() {
            self.settle(manager, places, &restored).await?;
        }
        Ok(StoreRestored {
            backup_id: manifest.id.clone(),
            projects: restored,
            missing: manifest.missing.clone(),
            carried_over,
            hub_error,
            dry_run: attempt.is_none(),
        })
    }

    /// The projects of the backup that are here. Refuses what cannot work.
    async fn look(
        &self,
        manager: &SqliteManager,
    ) -> Result<HashMap<String, projects::Model>, BackupError> {
        let rows = manager.core().all(projects::Entity::find()).await?;
        let named = |row: &projects::Model| row.state != ProjectState::Trashed;
        let names: HashMap<&str, &str> = rows
            .iter()
            .filter(|row| named(row))
            .map(|row| (row.name_fold.as_str(), row.id.as_str()))
            .collect();
        let by_id: HashMap<&str, &projects::Model> =
            rows.iter().map(|row| (row.id.as_str(), row)).collect();
        let mut here = HashMap::new();
        for part in self.source.manifest().parts() {
            match by_id.get(part.id.as_str()) {
                Some(row) if row.state == ProjectState::Active => {
                    here.insert(part.id.clone(), (*row).clone());
                }
                Some(row) if row.state == ProjectState::Creating => {
                    return Err(BackupError::Store(StoreError::Busy {
                        what: format!("project `{}`", row.name),
                        holder: None,
                    }));
                }
                Some(row) => {
                    return Err(BackupError::InTrash {
                        id: row.id.clone(),
                        name: row.name.clone(),
                    });
                }
                None => {
                    let fold = name::fold(&part.name);
                    if let Some(taken) = names.get(fold.as_str()) {
                        return Err(BackupError::Store(StoreError::NameTaken {
                            what: "project",
                            name: part.name.clone(),
                            id: (*taken).to_owned(),
                        }));
                    }
                }
            }
        }
        Ok(here)
    }

    async fn part(
        &self,
        manager: &Arc<SqliteManager>,
        part: &StorePart,
        here: Option<&projects::Model>,
        attempt: Option<&Claim>,
        watch: &mut StoreWatch,
    ) -> Result<RestoredPart, BackupError> {
        let follow = watch.next("restoring", &part.name, part.size_bytes);
        let (source, looked) = (self.source.clone(), part.clone());
        let source = blocking(move || source.open_part(&looked)).await?;
        let replaced = here.map(|row| Projects::new(manager).file(row).size_bytes);
        Room::of(source.manifest(), manager.layout(), replaced).check()?;
        let (staged, follow) = stage(manager, source, follow).await?;
        follow.look()?;
        let rows = staged
            .compared()
            .iter()
            .map(|table| table.rows_restored)
            .sum();
        let done = |fate| RestoredPart::new(part, fate, rows);
        let Some(row) = here else {
            if let Some(attempt) = attempt {
                fail_point!("store-restore-part-staged");
                Restores::new(manager).as_it_was(staged, attempt).await?;
            }
            return Ok(done(PartFate::Made));
        };
        let id: ProjectId = row
            .id
            .parse()
            .map_err(|error: IdError| StoreError::Decode(error.to_string()))?;
        let (staged, is_same) = is_as_saved(manager, &id, staged).await?;
        let named = RestoredPart {
            name: row.name.clone(),
            ..done(PartFate::Unchanged)
        };
        if is_same {
            return Ok(named);
        }
        if !self.in_place {
            return Err(BackupError::ProjectDiffers {
                id: row.id.clone(),
                name: row.name.clone(),
            });
        }
        let mut safety_copy = None;
        if let Some(attempt) = attempt {
            let restores = Restores::new(manager);
            let told = watch.clone();
            let alone = restores.alone(&id, |holder| told.waiting(holder));
            let alone = watch.or_cancelled(alone).await?;
            fail_point!("store-restore-part-staged");
            // No other attempt can have the project alone as well, and nobody can change it.
            Jobs::new(manager).hold(attempt).await?;
            safety_copy = restores.in_place(alone, staged).await?.safety_copy;
        }
        Ok(RestoredPart {
            fate: PartFate::Replaced,
            safety_copy,
            ..named
        })
    }

    /// Takes over what the live hub does not have. A saved hub that is damaged is told; the projects need nothing of it.
    async fn hub(
        &self,
        manager: &Arc<SqliteManager>,
        attempt: Option<&Claim>,
        watch: &StoreWatch,
    ) -> Result<(BTreeMap<String, u64>, Option<String>), BackupError> {
        watch.step("reading the saved hub")?;
        let staged = match self.source.stage_hub(manager).await {
            Ok(staged) => staged,
            Err(error) if says_nothing(&error) => return Err(error),
            Err(error) => return Ok((BTreeMap::new(), Some(error.to_string()))),
        };
        let Some(attempt) = attempt else {
            return Ok((BTreeMap::new(), None));
        };
        Jobs::new(manager).hold(attempt).await?;
        let carried_over = staged.carry_over(manager).await?;
        fail_point!("store-restore-hub-carried-over");
        Ok((carried_over, None))
    }

    /// Lists the backup itself, and makes the hub show what the projects' files say.
    async fn settle(
        &self,
        manager: &Arc<SqliteManager>,
        places: &Places,
        restored: &[RestoredPart],
    ) -> Result<(), BackupError> {
        let (places, location) = (places.clone(), self.source.location().clone());
        let opened = blocking(move || Opened::open_in(&places, &location)).await?;
        list_found(manager, &opened).await?;
        let projects = Projects::new(manager);
        for part in restored.iter().filter(|part| part.fate != PartFate::Failed) {
            let Ok(id) = part.project_id.parse::<ProjectId>() else {
                continue;
            };
            if let Err(error) = projects.bring_in_step(&id).await {
                tracing::warn!(project.id = %id, %error, "the hub shows project {id} as it was before");
            }
        }
        Ok(())
    }
}

/// Whether the error is one of the project, or of its backup, and others can still be restored.
fn leaves_others(error: &BackupError) -> bool {
    let in_the_way = matches!(
        error,
        BackupError::Store(StoreError::InvalidValue { .. } | StoreError::NameTaken { .. })
    );
    in_the_way || is_of_project(error) || !says_nothing(error)
}

/// Whether the live project is as it was saved. One that cannot be read is not.
async fn is_as_saved(
    manager: &Arc<SqliteManager>,
    id: &ProjectId,
    staged: Staged,
) -> Result<(Staged, bool), BackupError> {
    let live = match manager.freeze(DatabaseId::Project(id.clone())).await {
        Ok(live) => live,
        Err(error) => {
            let error = BackupError::from(error);
            return match is_of_project(&error) {
                true => Ok((staged, false)),
                false => Err(error),
            };
        }
    };
    blocking(move || match staged.is_content_of(&live) {
        Ok(is_same) => Ok((staged, is_same)),
        Err(StoreError::Corrupt { .. }) => Ok((staged, false)),
        Err(error) => Err(error.into()),
    })
    .await
}
