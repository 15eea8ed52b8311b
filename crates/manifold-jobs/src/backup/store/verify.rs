//! Is a backup of a whole store still what was saved?

use std::sync::Arc;

use manifold_store::SqliteManager;

use super::{StoreManifest, StorePart, StoreSource, StoreWatch};
use crate::backup::verify::Findings;
use crate::backup::{
    BackupError, Depth, Part, Places, Verification, blocking, drill, verify, verify_part,
};

/// Checks the hub and the backup of every project in it, as [`verify`], [`verify_part`] and
/// [`drill`] check one; the names of the checks begin with that of the project. A project that is missing is
/// a finding: then the backup is not all of the store. Nothing is changed.
///
/// # Errors
/// As [`verify`].
pub async fn verify_store(
    manager: &Arc<SqliteManager>,
    places: &Places,
    source: StoreSource,
    depth: Depth,
    mut watch: StoreWatch,
) -> Result<Verification, BackupError> {
    let source = Arc::new(source);
    let manifest = source.manifest().clone();
    let parts: Vec<StorePart> = manifest.parts().cloned().collect();
    let bytes = parts.iter().map(|part| part.size_bytes).sum();
    watch.expect(parts.len(), bytes);
    let mut found = Findings::default();
    found.add("manifest", Ok(summary(&manifest)))?;
    let looking = source.clone();
    let nothing_else = blocking(move || Ok(looking.check_nothing_else())).await?;
    found.add(
        "folder",
        nothing_else.map(|()| "nothing else is there".to_owned()),
    )?;
    for missing in &manifest.missing {
        let reason = format!("it was not saved: {}", missing.reason);
        let path = source.folder().join(&missing.name);
        found.add(&missing.name, Err(BackupError::damaged(&path, reason)))?;
    }
    watch.step("checking the hub")?;
    check_hub(manager, &source, depth, &mut found).await?;
    for (place, part) in parts.into_iter().enumerate() {
        let watch = watch.next("checking", &part.name, part.size_bytes);
        let (whole, looked) = (source.clone(), part.clone());
        let opened = match blocking(move || Ok(whole.open_part(&looked))).await? {
            Ok(opened) => opened,
            Err(error) => {
                found.add(&format!("{}: manifest", part.name), Err(error))?;
                continue;
            }
        };
        let (location, expected) = (source.location_of(&part), Some(part.backup_id.as_str()));
        let of_part = match depth {
            // The hub is the first of what is divided, then come the projects.
            Depth::Part(of) if of.has(place + 1) => {
                let whole = Part { number: 1, of: 1 };
                verify_part(places, &location, expected, whole, watch).await?
            }
            Depth::Part(_) => {
                blocking(move || {
                    let mut of_part = Findings::default();
                    for file in &opened.manifest().files {
                        let there = opened.check_size(file);
                        of_part.add(
                            &file.name,
                            there.map(|()| format!("{} bytes, not read", file.size)),
                        )?;
                    }
                    Ok(of_part.done())
                })
                .await?
            }
            Depth::All => verify(manager, places, &location, expected, watch).await?,
            Depth::Drill => drill(manager, places, &location, expected, watch).await?,
        };
        found.take_in(&part.name, of_part);
    }
    Ok(found.done())
}

async fn check_hub(
    manager: &Arc<SqliteManager>,
    source: &Arc<StoreSource>,
    depth: Depth,
    found: &mut Findings,
) -> Result<(), BackupError> {
    let content = match depth {
        Depth::Part(part) => part.has(0),
        Depth::All | Depth::Drill => true,
    };
    let mut is_sound = true;
    for file in source.manifest().files.clone() {
        let (looking, name, size) = (source.clone(), file.name.clone(), file.size);
        let checked = blocking(move || Ok(looking.check_file(&file, content))).await?;
        is_sound &= checked.is_ok();
        let how = if content {
            "as they were written"
        } else {
            "not read"
        };
        found.add(&name, checked.map(|()| format!("{size} bytes, {how}")))?;
    }
    if is_sound && !matches!(depth, Depth::Part(_)) {
        let staged = source.stage_hub(manager).await;
        let staged = staged.map(|hub| {
            let rows: i64 = hub.compared().iter().map(|table| table.rows_restored).sum();
            let tables = hub.compared().len();
            format!("{tables} tables with {rows} rows came back as they were saved")
        });
        found.add("hub", staged)?;
    }
    Ok(())
}

fn summary(manifest: &StoreManifest) -> String {
    let (projects, groups) = (manifest.parts().count(), manifest.groups.len());
    let in_groups = match groups {
        1 => "taken at one moment".to_owned(),
        groups => format!("taken at {groups} moments"),
    };
    format!("format version 0, {projects} projects {in_groups}")
}
