//! The hub shows what a project's file says.

use std::path::Path;
use std::time::Duration;

use entity_core::{data_sources, projects};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use super::spoke_file::{self, Shown, SpokeFile};
use crate::{DatabaseManager as _, SqliteManager, StoreError, provision};

/// A process that has just changed the project brings the hub in step a moment later.
const LOOKS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// What the hub shows differently than the file says, in words: the explanation and the repair.
pub(super) async fn examine(
    manager: &SqliteManager,
    row: &projects::Model,
    path: &Path,
    mut spoke: SpokeFile,
) -> Result<Option<(String, String)>, StoreError> {
    for look in 1.. {
        let (Some(inside), Some(shown)) = (&spoke.shown, shown(manager, &row.id).await?) else {
            break;
        };
        let differences = differences(&shown, inside);
        if differences.is_empty() {
            break;
        }
        if look == LOOKS {
            let explanation = format!(
                "the hub shows another {} of project `{}` than its file says",
                differences.join(", "),
                row.name
            );
            let repair = "the hub is made to show what the file says".to_owned();
            return Ok(Some((explanation, repair)));
        }
        tokio::time::sleep(PAUSE).await;
        let (file, access) = (path.to_owned(), manager.access());
        match provision::blocking(move || Ok(spoke_file::read(&file, access))).await? {
            Ok(again) => spoke = again,
            Err(_) => break, // deleted or replaced meanwhile: it was sound a moment ago
        }
    }
    Ok(None)
}

/// What the hub shows of the project now; `None` when it is no longer there.
async fn shown(manager: &SqliteManager, id: &str) -> Result<Option<Shown>, StoreError> {
    manager
        .core()
        .read(async |hub| {
            let Some(row) = hub.one(projects::Entity::find_by_id(id)).await? else {
                return Ok(None);
            };
            let sources = data_sources::Entity::find()
                .filter(data_sources::Column::ProjectId.eq(id))
                .order_by_asc(data_sources::Column::Id);
            let sources = hub.all(sources).await?;
            Ok(Some(Shown {
                version: (row.epoch, row.revision),
                name: row.name,
                description: row.description,
                source_count: row.source_count,
                snapshot_count: row.snapshot_count,
                row_count: row.row_count,
                sources: sources
                    .into_iter()
                    .map(|source| {
                        (
                            source.id,
                            source.name,
                            source.view_name,
                            source.latest_snapshot_id,
                        )
                    })
                    .collect(),
            }))
        })
        .await
}

fn differences(hub: &Shown, file: &Shown) -> Vec<&'static str> {
    let compared = [
        ("revision", hub.version == file.version),
        ("name", hub.name == file.name),
        ("description", hub.description == file.description),
        ("number of sources", hub.source_count == file.source_count),
        (
            "number of snapshots",
            hub.snapshot_count == file.snapshot_count,
        ),
        ("number of rows", hub.row_count == file.row_count),
        ("list of sources", hub.sources == file.sources),
    ];
    compared
        .into_iter()
        .filter(|(_, equal)| !equal)
        .map(|(what, _)| what)
        .collect()
}
