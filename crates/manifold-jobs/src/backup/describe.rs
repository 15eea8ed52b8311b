//! What the manifest of a backup will say.

use chrono::{DateTime, Utc};
use entity_core::TableCount;
use manifold_store::{Contents, Frozen, StoreError, TableKind};

use super::{
    BackupError, BackupFolder, BackupRequest, Increment, Manifest, Saved, SavedProject, Watch,
};

/// After so many rows it is told how many were counted.
const ROWS_AT_ONCE: u64 = 1_024;

pub(super) fn describe(
    frozen: &Frozen,
    request: &BackupRequest,
    folder: &BackupFolder,
    saved: &Saved,
    at: DateTime<Utc>,
    watch: &mut Watch,
) -> Result<Manifest, BackupError> {
    let project = frozen.project().ok_or_else(|| {
        BackupError::from(StoreError::Decode(format!(
            "project {} names itself nowhere",
            request.project_id
        )))
    })?;
    let increment = saved.increment.as_ref();
    let Counts {
        tables,
        total_records,
    } = match &saved.counts {
        Some(counts) => counts.clone(),
        None => {
            watch.step("counting")?;
            let counted = |rows| watch.rows(rows);
            count(frozen, request.contents(), increment, counted)?
        }
    };
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

/// What is in the tables of a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Counts {
    /// Each table that is saved with its rows and their logical hash.
    pub(super) tables: Vec<TableCount>,
    /// How many stored row versions there are.
    pub(super) total_records: i64,
}

impl Counts {
    /// The rows of all tables.
    pub(super) fn rows(&self) -> u64 {
        let tables = self.tables.iter();
        tables.map(|table| table.rows.unsigned_abs()).sum()
    }
}

/// Counts what is saved. `counted` is told now and then of how many rows more were counted.
pub(super) fn count(
    frozen: &Frozen,
    contents: Contents<'_>,
    increment: Option<&Increment>,
    mut counted: impl FnMut(u64) -> Result<(), BackupError>,
) -> Result<Counts, BackupError> {
    let mut counts = Counts {
        tables: Vec::new(),
        total_records: 0,
    };
    for table in frozen.tables(contents)? {
        counted(0)?;
        let count = match increment {
            Some(increment) => match increment.count(frozen, &table)? {
                Some(count) => count,
                None => continue,
            },
            None => {
                let mut rows = 0;
                let count = frozen.hash_watched(&table, || {
                    rows += 1;
                    match rows % ROWS_AT_ONCE {
                        0 => counted(ROWS_AT_ONCE),
                        _ => Ok(()),
                    }
                })?;
                counted(rows % ROWS_AT_ONCE)?;
                count
            }
        };
        if table.kind == TableKind::Rows {
            counts.total_records += count.rows;
        }
        counts.tables.push(count);
    }
    Ok(counts)
}
