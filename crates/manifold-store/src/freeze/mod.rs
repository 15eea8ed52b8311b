//! One consistent state of a database, for backup and export.

mod cells;
mod copy;
mod copy_watch;
mod digest;
mod frozen;
mod part;
mod published;
mod row_source;
mod segment;
mod table;
mod tile;
mod together;

pub use copy_watch::{CopyProgress, CopyWatch};
pub use digest::TableDigest;
pub use frozen::{Frozen, FrozenProject};
pub use part::Part;
pub use row_source::{RowEpoch, RowSource, SnapshotMark};
pub use segment::Segment;
pub use table::{Contents, Table, TableKind};
pub use tile::TileCount;
pub use together::{FrozenAlone, FrozenTogether};

pub(crate) use cells::read_rows;
pub(crate) use copy::{copy_project, copy_whole, settle_file};
pub(crate) use part::{digest_part, hash_parted, is_parted};
pub(crate) use table::{list, quoted, row_table_number, tables};
pub(crate) use tile::{CLOSE_COLUMNS, close_digest, row_digest};

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
    let path = match &spoke {
        None => manager.layout().core(),
        Some(spoke) => spoke.connection().file().path().to_owned(),
    };
    let hold = manager.meter().hold(&which, "a backup, clone or export");
    provision::blocking(move || Frozen::open(path, spoke, hold)).await
}
