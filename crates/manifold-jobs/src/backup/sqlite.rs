//! The project as one database file.

use entity_core::enums::BackupType;
use manifold_store::{Frozen, StagedBuilder};

use super::incremental::Increment;
use super::strategy::rows_in;
use super::{BackupError, BackupFolder, BackupRequest, BackupSource, BackupStrategy, Watch};

const FILE: &str = "project.db";

/// `sqlite`: a copy of the project's file, page by page. The quickest to make and to restore.
pub(super) struct Sqlite;

impl BackupStrategy for Sqlite {
    fn name(&self) -> BackupType {
        BackupType::Sqlite
    }

    fn write(
        &self,
        frozen: &Frozen,
        folder: &mut BackupFolder,
        request: &BackupRequest,
        watch: &mut Watch,
    ) -> Result<Option<Increment>, BackupError> {
        let contents = request.contents();
        watch.expect(rows_in(frozen, contents)?);
        watch.step("copying")?;
        folder.take_file(FILE, |path| Ok(frozen.copy_to(path, contents)?))?;
        Ok(None)
    }

    fn restore(
        &self,
        source: &BackupSource,
        staged: &mut StagedBuilder,
        watch: &mut Watch,
    ) -> Result<(), BackupError> {
        watch.step("copying")?;
        let mut file = source.read_file(FILE)?;
        let mut copy = staged.whole_file()?;
        std::io::copy(&mut file.content, &mut copy).map_err(BackupError::io("copy", &file.path))?;
        Ok(())
    }
}
