//! One consistent state of a database, for backup and export.

mod cells;
mod copy;
mod copy_project;
mod copy_watch;
mod digest;
mod file_digest;
mod frozen;
mod of_sources;
mod part;
mod published;
mod row_source;
mod segment;
mod streamed_file;
mod table;
mod tile;
mod together;
mod twin;
mod written_back;

pub use copy_watch::{CopyProgress, CopyWatch};
pub use digest::TableDigest;
pub use file_digest::{FileDigest, Hashed};
pub use frozen::{Frozen, FrozenProject};
pub use part::Part;
pub use row_source::{RowEpoch, RowSource, SnapshotMark};
pub use segment::Segment;
pub use streamed_file::StreamedFile;
pub use table::{Contents, Table, TableKind};
pub use tile::TileCount;
pub use together::{FrozenAlone, FrozenTogether};
pub use twin::Twin;

pub(crate) use cells::{hash_rows, read_rows};
pub(crate) use copy::{copy_whole, settle_file};
pub(crate) use copy_project::copy_project;
pub(crate) use part::{digest_part, hash_parted, is_parted};
pub(crate) use table::{list, quoted, row_table_number, tables};
pub(crate) use tile::{CLOSE_COLUMNS, close_digest, row_digest};

use written_back::WrittenBack;

use crate::{DatabaseManager as _, ProjectId, SqliteManager, StoreError, provision};

/// One of the databases of a store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DatabaseId {
    /// The hub.
    Core,
    /// The spoke of a project.
    Project(ProjectId),
}

impl DatabaseId {
    /// The project, when it is a spoke.
    #[must_use]
    pub fn project(&self) -> Option<&ProjectId> {
        match self {
            Self::Core => None,
            Self::Project(id) => Some(id),
        }
    }
}

/// Opens a connection of its own and holds its state. A spoke stays leased for as long.
pub(crate) async fn freeze(
    manager: &SqliteManager,
    which: DatabaseId,
) -> Result<Frozen, StoreError> {
    let spoke = match &which {
        DatabaseId::Core => None,
        DatabaseId::Project(id) => Some(manager.project(id).await?),
    };
    let file = match &spoke {
        None => manager.core().connection().file(),
        Some(spoke) => spoke.connection().file(),
    };
    let (path, writes) = (file.path().to_owned(), file.access().writes());
    let hold = manager.meter().hold(&which, "a backup, clone or export");
    provision::blocking(move || {
        let written_back = writes.then(|| WrittenBack::of(&path)).flatten();
        let frozen = Frozen::open(path, spoke, hold);
        drop(written_back); // whoever waits to commit need not wait for what is read of the state
        frozen
    })
    .await
}
