//! How a held state becomes files, and files become tables.

use entity_core::enums::BackupType;
use manifold_store::{Contents, Frozen, StagedBuilder};

use super::csv::Csv;
use super::describe::Counts;
use super::full::Full;
use super::incremental::{Increment, Incremental};
use super::sqlite::Sqlite;
use super::{BackupError, BackupFolder, BackupRequest, BackupSource, Watch};

/// What a strategy knows of the state that it has written.
#[derive(Debug, Default)]
pub struct Saved {
    /// What it keeps elsewhere at the place of the folder.
    pub(super) increment: Option<Increment>,
    /// What is in the tables, if it has counted that.
    pub(super) counts: Option<Counts>,
}

/// One type of backup. It sees a held state and a folder, never a database. Its methods block.
pub trait BackupStrategy: Send + Sync {
    /// The type that is written into the manifest.
    fn name(&self) -> BackupType;

    /// Writes the state into files of `folder`.
    ///
    /// # Errors
    /// [`BackupError`]; the folder is then thrown away.
    fn write(
        &self,
        frozen: &Frozen,
        folder: &mut BackupFolder,
        request: &BackupRequest,
        watch: &mut Watch,
    ) -> Result<Saved, BackupError>;

    /// Puts what the files of `source` hold into `staged`, as it was. What comes back is compared with the
    /// manifest by the caller.
    ///
    /// # Errors
    /// [`BackupError`], naming the file that cannot be read.
    fn restore(
        &self,
        source: &BackupSource,
        staged: &mut StagedBuilder,
        watch: &mut Watch,
    ) -> Result<(), BackupError>;
}

/// The strategy of a type.
#[must_use]
pub fn strategy(backup_type: BackupType) -> &'static dyn BackupStrategy {
    match backup_type {
        BackupType::Csv => &Csv,
        BackupType::Sqlite => &Sqlite,
        BackupType::Full => &Full,
        BackupType::Incremental => &Incremental,
    }
}

/// How many rows of the state are saved.
pub(super) fn rows_in(frozen: &Frozen, contents: Contents<'_>) -> Result<u64, BackupError> {
    let mut rows = 0;
    for table in frozen.tables(contents)? {
        rows += frozen.count(&table)?;
    }
    Ok(rows)
}
