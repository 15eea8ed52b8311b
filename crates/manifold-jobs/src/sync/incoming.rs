//! The rows that came, set aside and found by what identifies them.

use std::path::Path;
use std::sync::Arc;

use manifold_format::{Item, Record, Rows, TypedCell};
use manifold_store::{KeyIndex, Scratch};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::SyncError;
use crate::import::ImportFileError;
use crate::spool::{PackedCells, RowSpool, SpooledRows, SpooledTable, identity, row_at};

/// After how many rows it is looked whether to stop.
const LOOK_UP_EVERY: u64 = 4_096;

/// What tells a row that came from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Identity {
    /// Its cells in these columns. Of rows with the same key the last one holds.
    Key(Vec<usize>),
    /// All of its cells. Rows with the same content are as many as came.
    Content,
}

/// What is to become of a row that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// How many of the rows with its content, or whether the row with its key, were found among those of the latest snapshot.
    Found(u32),
    /// A later row has the same key.
    Replaced,
}

/// The rows that came. Of each, 8 bytes stay in memory, and of up to a million its key.
pub(super) struct Incoming {
    pub(super) columns: Vec<String>,
    pub(super) identity: Identity,
    pub(super) spooled: SpooledTable,
    index: KeyIndex,
    states: Vec<State>,
    /// Rows whose key a later row has.
    pub(super) repeated: u64,
    pub(super) rejected: u64,
}

/// A row that came, found by its identity.
pub(super) struct FoundRow {
    pub(super) number: u64,
    pub(super) place: u64,
}

/// Where rows that come are set aside, and who stops that.
pub(super) struct SettingAside<'a> {
    pub(super) scratch: &'a Scratch,
    /// What errors call the input.
    pub(super) name: &'a Path,
    pub(super) null_tokens: Arc<[String]>,
    pub(super) cancel: &'a CancellationToken,
}

impl Incoming {
    /// Reads all rows. Blocks.
    pub(super) fn read(
        mut rows: Box<dyn Rows>,
        columns: Vec<String>,
        identity: Identity,
        aside: &SettingAside<'_>,
    ) -> Result<Self, SyncError> {
        let unreadable = |error| {
            if aside.cancel.is_cancelled() {
                return SyncError::Stopped;
            }
            SyncError::Input(ImportFileError::read(aside.name, error))
        };
        let is_typed = rows.is_typed();
        let mut spool = RowSpool::create(
            aside.scratch.folder(),
            columns.len(),
            aside.null_tokens.clone(),
        )?;
        let mut index = KeyIndex::new(aside.scratch);
        let (mut states, mut key) = (Vec::new(), Vec::new());
        let (mut repeated, mut rejected) = (0, 0);
        let mut record = Record::new();
        loop {
            match rows.next(&mut record).map_err(unreadable)? {
                Item::End => break,
                Item::Rejected => {
                    rejected += 1;
                    let reason = record.reason();
                    let reason = reason.unwrap_or(manifold_format::RejectReason::Other("no row"));
                    spool.reject(record.line(), reason, record.raw())?;
                    continue;
                }
                Item::Row => {}
            }
            let number = states.len() as u64;
            if number.is_multiple_of(LOOK_UP_EVERY) && aside.cancel.is_cancelled() {
                return Err(SyncError::Stopped);
            }
            let cell = |index| record.typed_cell(index, is_typed);
            match &identity {
                Identity::Content => self::identity((0..columns.len()).map(cell), &mut key),
                Identity::Key(of) => {
                    self::identity(of.iter().map(|index| cell(*index)), &mut key);
                    let empty = of.iter().find(|index| cell(**index) == TypedCell::Null);
                    if let Some(&column) = empty {
                        return Err(SyncError::NullKey {
                            row: number + 1,
                            column: columns[column].clone(),
                        });
                    }
                }
            }
            let place = spool.push((0..columns.len()).map(cell))?;
            let hash = KeyIndex::hash(&key);
            states.push(State::Found(0));
            match &identity {
                Identity::Content => {
                    // The first of them stands for all.
                    if index.find(hash)?.is_none() {
                        index.put(hash, (number, place))?;
                    }
                }
                Identity::Key(_) => {
                    if let Some((before, _)) = index.put(hash, (number, place))? {
                        states[before as usize] = State::Replaced;
                        repeated += 1;
                    }
                }
            }
        }
        rows.finish().map_err(unreadable)?;
        Ok(Self {
            spooled: spool.finish("sync", columns.clone(), json!({}), json!({}))?,
            columns,
            identity,
            index,
            states,
            repeated,
            rejected,
        })
    }

    /// The row that came with this identity.
    pub(super) fn find(&self, hash: [u8; 16]) -> Result<Option<FoundRow>, SyncError> {
        let found = self.index.find(hash)?;
        Ok(found.map(|(number, place)| FoundRow { number, place }))
    }

    /// Notes that a row of the latest snapshot is a row that came; `false` if one was before.
    pub(super) fn note_found(&mut self, row: &FoundRow) -> bool {
        match &mut self.states[row.number as usize] {
            State::Found(times) => {
                *times = times.saturating_add(1);
                *times == 1
            }
            State::Replaced => true,
        }
    }

    /// Whether a row, of which `packed` are the cells, is a new one. To be asked once about each row, in order.
    pub(super) fn is_new(&mut self, number: u64, packed: &[u8]) -> Result<bool, SyncError> {
        if self.identity != Identity::Content {
            return Ok(self.states[number as usize] == State::Found(0));
        }
        let mut key = Vec::new();
        identity(PackedCells(packed), &mut key);
        let first = self.index.find(KeyIndex::hash(&key))?;
        let first = first.map_or(number, |(first, _)| first);
        Ok(match &mut self.states[first as usize] {
            State::Found(0) | State::Replaced => true,
            State::Found(times) => {
                *times -= 1;
                false
            }
        })
    }

    /// Of the cells of a row that came those that identify it.
    pub(super) fn identity_of<'c>(&self, cells: &[TypedCell<'c>]) -> Vec<TypedCell<'c>> {
        match &self.identity {
            Identity::Content => cells.to_vec(),
            Identity::Key(of) => of.iter().map(|index| cells[*index]).collect(),
        }
    }

    /// The packed cells of a row.
    pub(super) fn cells_of(&self, row: &FoundRow, buffer: &mut Vec<u8>) -> Result<(), SyncError> {
        Ok(row_at(&self.rows().file, row.place, buffer)?)
    }

    pub(super) fn rows(&self) -> &SpooledRows {
        self.spooled.rows_aside()
    }
}
