//! What the manifest of a backup will say.

use chrono::{DateTime, Utc};
use entity_core::TableCount;
use manifold_store::{Contents, Frozen, StoreError, TableKind};

use super::{BackupError, BackupFolder, BackupRequest, Increment, Manifest, SavedProject, Watch};

pub(super) fn describe(
    frozen: &Frozen,
    request: &BackupRequest,
    folder: &BackupFolder,
    increment: Option<&Increment>,
    at: DateTime<Utc>,
    watch: &mut Watch,
) -> Result<Manifest, BackupError> {
    let project = frozen.project().ok_or_else(|| {
        BackupError::from(StoreError::Decode(format!(
            "project {} names itself nowhere",
            request.project_id
        )))
    })?;
    let (tables, total_records) = count(frozen, request.contents(), increment, watch)?;
    let rows_of = |name: &str| {
        tables
            .iter()
            .find(|table| table.name == name)
            .map_or(0, |table| table.rows)
    };
    Ok(Manifest {
        id: request.id.to_string(),
        project: SavedProject {
            id: project.id.clone(),
            name: project.name.clone(),
        },
        backup_type: request.backup_type,
        schema_version: frozen.schema_version(),
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        sqlite_version: frozen.sqlite_version().to_owned(),
        created_at: at,
        with_data: request.contents() == Contents::WithData,
        sources: None,
        compressed: request.options.compress,
        description: request.description.clone(),
        data_source_count: rows_of("data_sources"),
        snapshot_count: rows_of("snapshots"),
        total_records,
        files: folder.files().to_vec(),
        names: folder.names().clone(),
        sequences: frozen.sequences()?,
        tables,
        project_epoch: increment.map(|increment| increment.project_epoch),
        rows: increment.map_or_else(Vec::new, |increment| increment.rows.clone()),
        parts: increment.map_or_else(Vec::new, |increment| increment.parts.clone()),
        new_bytes: increment.map(|increment| folder.size() + increment.new_bytes),
    })
}

/// Each table that is saved with its rows and their logical hash, and how many stored row versions there are.
pub(super) fn count(
    frozen: &Frozen,
    contents: Contents<'_>,
    increment: Option<&Increment>,
    watch: &mut Watch,
) -> Result<(Vec<TableCount>, i64), BackupError> {
    let mut tables = Vec::new();
    let mut total_records = 0;
    for table in frozen.tables(contents)? {
        watch.step("counting")?;
        let count = match increment {
            Some(increment) => match increment.count(frozen, &table)? {
                Some(count) => count,
                None => continue,
            },
            None => {
                let count = frozen.hash(&table)?;
                watch.rows(u64::try_from(count.rows).unwrap_or_default())?;
                count
            }
        };
        if table.kind == TableKind::Rows {
            total_records += count.rows;
        }
        tables.push(count);
    }
    Ok((tables, total_records))
}
