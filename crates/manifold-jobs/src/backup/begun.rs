//! A backup to be sent elsewhere that was made here before.

use std::sync::Arc;

use entity_core::backups;
use entity_core::enums::{BackupState, BackupType};
use manifold_store::{
    BackupId, Backups, Contents, DatabaseId, DatabaseManager as _, Frozen, SqliteManager,
    StoreError,
};

use super::create::BackupRequest;
use super::describe::count;
use super::elsewhere::{Made, discard, tidy};
use super::folder::Seal;
use super::incremental::{self, Reliance};
use super::saved_source::named_sources;
use super::spool::Spool;
use super::{BackupError, BackupSource, Location, Manifest, Places, Watch, blocking};

/// A backup that was made here and not sent, or not all of it.
pub(super) struct Begun {
    pub(super) id: BackupId,
    pub(super) location: Location,
    pub(super) name: String,
    pub(super) made: Made,
}

/// What an earlier attempt made, or an earlier backup of the same kind whose job has ended, if the project is as it was
/// then. Those of which nothing can become are removed.
pub(super) async fn begun(
    manager: &Arc<SqliteManager>,
    places: &Places,
    request: &BackupRequest,
    place: &Location,
    seal: Option<&Seal>,
    mut watch: Watch,
) -> Result<(Option<Begun>, Watch), BackupError> {
    let layout = manager.layout().clone();
    let backups = Backups::new(manager);
    let mut found = None;
    for id in blocking(move || Spool::all(&layout)).await? {
        let row = match backups.find(&id).await {
            Ok(row)
                if row.id == id
                    && row.project_id.as_deref() == Some(request.project_id.as_str()) =>
            {
                row
            }
            Ok(_) | Err(StoreError::NotFound { .. } | StoreError::Ambiguous { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let ours = row.id == request.id.as_str();
        if row.state == BackupState::Completed {
            tidy(places, &row).await;
            continue;
        }
        if !ours && !backups.is_given_up(&row).await? {
            continue;
        }
        let made = match found {
            None => made(places, request, place, seal, &row).await?,
            Some(_) => None,
        };
        let of_now = match &made {
            Some(_) if ours => true,
            Some(made) => {
                let frozen = manager
                    .freeze(DatabaseId::Project(request.project_id.clone()))
                    .await?;
                let (manifest, request) = (made.made.manifest.clone(), request.clone());
                let (equal, back) = blocking(move || {
                    let equal = is_state_of(&frozen, &manifest, &request, &mut watch)?;
                    Ok((equal, watch))
                })
                .await?;
                watch = back;
                equal
            }
            None => false,
        };
        let made = match made {
            Some(made) if of_now => resume(places, request, place, made, ours).await?,
            _ => None,
        };
        if made.is_some() {
            found = made;
        } else if let Err(error) = discard(places, &row).await {
            tracing::warn!(backup.id = %row.id, %error, "what was sent of a backup that was given up stays there");
        }
    }
    Ok((found, watch))
}

/// Goes on with what was made, if all that it needs at the place can be had.
async fn resume(
    places: &Places,
    request: &BackupRequest,
    place: &Location,
    mut begun: Begun,
    is_ours: bool,
) -> Result<Option<Begun>, BackupError> {
    if request.backup_type != BackupType::Incremental {
        return Ok(Some(begun));
    }
    let (places, place) = (places.clone(), place.clone());
    let (claim, stem) = (request.claim.clone(), request.project_id.namespace());
    // Nobody makes a backup any more that was given up.
    let others = match is_ours {
        true => claim.lease_token - 1,
        false => i64::MAX,
    };
    blocking(move || {
        let spool = Spool::of(places.layout(), begun.id.as_str(), &begun.name);
        let (place, manifest) = (places.repository(&place)?, &begun.made.manifest);
        let reliance = Reliance::resume(&place, &stem, manifest, &spool, &claim, others)?;
        begun.made.reliance = reliance;
        Ok(begun.made.reliance.is_some().then_some(begun))
    })
    .await
}

/// The backup as it lies here, if it is complete and is what is asked for.
async fn made(
    places: &Places,
    request: &BackupRequest,
    place: &Location,
    seal: Option<&Seal>,
    row: &backups::Model,
) -> Result<Option<Begun>, BackupError> {
    let location = Location::from(row.location.as_str());
    let asked = row.r#type == request.backup_type
        && row.compressed == request.options.compress
        && row.with_data == (request.contents() == Contents::WithData)
        && row.description == request.description;
    let (name, id) = match (location.split(), row.id.parse()) {
        (Some((parent, name)), Ok(id)) if asked && parent == *place => (name, id),
        _ => return Ok(None),
    };
    let spool = Spool::of(places.layout(), &row.id, &name);
    let key = seal.map(|seal| seal.key.id().to_owned());
    let (places, folder) = (places.clone(), Location::from(spool.target()));
    blocking(move || {
        if !spool.is_complete() {
            return Ok(None);
        }
        match BackupSource::open_in(&places, &folder) {
            Ok(source) if source.key_id() == key.as_deref() => Ok(Some(Begun {
                id,
                location,
                name,
                made: Made {
                    manifest: source.manifest().clone(),
                    reliance: None,
                },
            })),
            _ => Ok(None),
        }
    })
    .await
}

fn is_state_of(
    frozen: &Frozen,
    manifest: &Manifest,
    request: &BackupRequest,
    watch: &mut Watch,
) -> Result<bool, BackupError> {
    let name = frozen.project().map(|project| project.name.as_str());
    let may_be = frozen.schema_version() == manifest.schema_version
        && frozen.sequences()? == manifest.sequences
        && name == Some(manifest.project.name.as_str())
        && named_sources(frozen, request)? == manifest.sources;
    if !may_be {
        return Ok(false);
    }
    if manifest.backup_type == BackupType::Incremental {
        return incremental::is_state_of(frozen, manifest, request.contents(), watch);
    }
    watch.step("counting")?;
    let counts = count(frozen, request.contents(), None, |rows| watch.rows(rows))?;
    Ok(counts.tables == manifest.tables)
}
