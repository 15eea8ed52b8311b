//! Reads a backup back into a spoke that is not yet a project.

use std::sync::Arc;

use manifold_store::{SqliteManager, Staged, StagedBuilder, StoreError, fail_point};

use super::{BackupError, BackupSource, Location, Places, Watch, strategy};

/// Checks every file of the backup, reads them all back, and compares what came back with what was saved,
/// table by table. Nothing visible is changed; dropping the result leaves nothing.
///
/// Returns `watch` too, for what follows.
///
/// # Errors
/// [`BackupError`], naming the first file or table that is wrong.
pub async fn stage(
    manager: &Arc<SqliteManager>,
    source: BackupSource,
    watch: Watch,
) -> Result<(Staged, Watch), BackupError> {
    let (source, watch) = super::blocking(move || {
        check_files(&source, &watch)?;
        Ok((source, watch))
    })
    .await?;
    fail_point!("restore-files-checked");
    read_back(manager, source, watch).await
}

/// As [`stage`], for files that were checked.
pub(super) async fn read_back(
    manager: &Arc<SqliteManager>,
    source: BackupSource,
    watch: Watch,
) -> Result<(Staged, Watch), BackupError> {
    let manifest = source.manifest();
    let expected = manifest.expected();
    let strategy = strategy(manifest.backup_type);
    let builder = StagedBuilder::new(manager, manifest.schema_version)
        .await
        .map_err(|error| {
            // The file that is newer is the backup's, not one of ours.
            match error {
                manifold_store::StagedError::Store(StoreError::NewerSchema {
                    found,
                    known,
                    ..
                }) => {
                    let path = source.folder().join(super::Manifest::NAME);
                    BackupError::from(StoreError::NewerSchema { path, found, known })
                }
                other => other.into(),
            }
        })?;
    let (builder, watch) = super::blocking(move || {
        let (mut builder, mut watch) = (builder, watch);
        strategy.restore(&source, &mut builder, &mut watch)?;
        watch.step("comparing")?;
        Ok((builder, watch))
    })
    .await?;
    fail_point!("restore-read-back");
    let staged = builder.finish(expected).await?;
    watch.look()?;
    Ok((staged, watch))
}

/// Every file is what was written, and nothing else is there.
fn check_files(source: &BackupSource, watch: &Watch) -> Result<(), BackupError> {
    source.check_nothing_else()?;
    for file in &source.manifest().files {
        watch.look()?;
        source.check_file(file)?;
    }
    Ok(())
}

/// The backup in a folder, here or elsewhere, which must be the one with the id `expected` when one is given.
pub(crate) async fn open(
    places: &Places,
    folder: &Location,
    expected: Option<&str>,
) -> Result<BackupSource, BackupError> {
    let (places, location) = (places.clone(), folder.clone());
    let source = super::blocking(move || BackupSource::open_in(&places, &location)).await?;
    match expected.filter(|expected| *expected != source.manifest().id) {
        None => Ok(source),
        Some(expected) => Err(BackupError::OtherBackup {
            path: folder.to_path(),
            expected: expected.to_owned(),
            found: source.manifest().id.clone(),
        }),
    }
}
