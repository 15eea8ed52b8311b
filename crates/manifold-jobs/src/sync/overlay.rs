//! Rows that came, laid over those of the latest snapshot.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use manifold_format::TypedCell;
use manifold_store::KeyIndex;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::ancestor::Ancestor;
use super::columns::{Columns, DELETED_AT};
use super::conflicts::{Conflicts, Decision, Hash, Open, Winner, decide, shown};
use super::incoming::Incoming;
use super::newest::Newest;
use super::{Deletes, MaxDeletes, OnConflict, SyncError};
use crate::origin::Reach;
use crate::spool::{PackedCells, RowSpool, SpoolScan, Spooled, SpooledTable, identity};

/// After how many rows it is looked whether to stop.
const LOOK_UP_EVERY: u64 = 4_096;

/// How rows that came are laid over those of the latest snapshot.
pub(super) struct Laying {
    /// The source, as errors name it.
    pub(super) source: String,
    /// Whether rows that came replace others; else they are only added.
    pub(super) replaces: bool,
    pub(super) reach: Reach,
    pub(super) deletes: Deletes,
    /// `None`: as many as there are.
    pub(super) max_deletes: Option<MaxDeletes>,
    pub(super) on_conflict: OnConflict,
    /// When rows are deleted.
    pub(super) now: DateTime<Utc>,
    pub(super) folder: PathBuf,
    pub(super) null_tokens: Arc<[String]>,
    pub(super) cancel: CancellationToken,
}

/// Rows that came, laid over others.
pub(super) struct Overlay {
    laying: Laying,
    incoming: Incoming,
    columns: Columns,
    conflicts: Conflicts,
    ancestor: Ancestor,
    newest: Option<Newest>,
    spool: RowSpool,
    stored: u64,
    deleted: u64,
    marked: u64,
    /// Whether a row has a time at which it was deleted.
    has_marks: bool,
    failed: Option<SyncError>,
}

/// What came of it.
pub(super) struct Overlaid {
    pub(super) table: SpooledTable,
    /// Rows that are marked as deleted now.
    pub(super) marked: u64,
    /// Those of them that will be counted as changed: none, if the column of the mark is new.
    pub(super) marked_changed: u64,
    pub(super) conflicts: Conflicts,
    /// Whether every row was looked at, also those that did not come.
    pub(super) all_seen: bool,
    /// Rows whose key a later row has that came.
    pub(super) repeated: u64,
}

impl Overlay {
    /// Nothing yet, over rows with these columns.
    pub(super) fn new(
        mut laying: Laying,
        incoming: Incoming,
        stored: &[String],
        conflicts: Conflicts,
        ancestor: Ancestor,
    ) -> Result<Self, SyncError> {
        if !laying.replaces || laying.reach == Reach::Since {
            laying.deletes = Deletes::None;
        }
        // A row that comes again is not deleted any more, whatever becomes of others.
        let had_marks = laying.replaces && has_marks(stored) && !has_marks(&incoming.columns);
        let marks = laying.deletes == Deletes::Soft || had_marks;
        let columns = Columns::new(stored, &incoming.columns, &incoming.identity, marks)?;
        let newest = match &laying.on_conflict {
            OnConflict::Newest { column } => {
                Some(Newest::new(column, &incoming.columns, &columns)?)
            }
            _ => None,
        };
        let tokens = laying.null_tokens.clone();
        let spool = RowSpool::create(&laying.folder, columns.names.len(), tokens)?;
        Ok(Self {
            laying,
            incoming,
            columns,
            conflicts,
            ancestor,
            newest,
            spool,
            stored: 0,
            deleted: 0,
            marked: 0,
            has_marks: false,
            failed: None,
        })
    }

    /// A row of the latest snapshot, as its packed cells. Ends reading when something is wrong, which [`Self::finish`] says.
    pub(super) fn stored(&mut self, packed: &[u8]) -> ControlFlow<()> {
        if self.failed.is_some() {
            return ControlFlow::Break(());
        }
        match self.lay(packed) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn lay(&mut self, packed: &[u8]) -> Result<(), SyncError> {
        if self.stored.is_multiple_of(LOOK_UP_EVERY) && self.laying.cancel.is_cancelled() {
            return Err(SyncError::Stopped);
        }
        self.stored += 1;
        let cells: Vec<TypedCell<'_>> = PackedCells(packed).collect();
        let mut bytes = Vec::new();
        identity(pick(&cells, &self.columns.identity), &mut bytes);
        let key = KeyIndex::hash(&bytes);
        let found = self.incoming.find(key)?;
        if !self.laying.replaces {
            if let Some(found) = &found {
                self.incoming.note_found(found);
            }
            return self.keep(&cells);
        }
        let mut came = Vec::new();
        if let Some(found) = &found {
            if !self.incoming.note_found(found) {
                let key = pick(&cells, &self.columns.identity).map(shown);
                return Err(SyncError::RepeatedKey {
                    name: self.laying.source.clone(),
                    key: key.collect::<Vec<_>>().join(", "),
                });
            }
            self.incoming.cells_of(found, &mut came)?;
        }
        let came: Option<Vec<_>> = found.map(|_| PackedCells(&came).collect());
        match self.decide(key, Some(&cells), came.as_deref())? {
            Decision::Take => match came {
                Some(came) => self.replace(&cells, &came),
                None => self.delete(&cells),
            },
            Decision::Keep | Decision::Conflict => self.keep(&cells),
        }
    }

    /// What becomes of a row with this key.
    fn decide(
        &mut self,
        key: Hash,
        here: Option<&[TypedCell<'_>]>,
        there: Option<&[TypedCell<'_>]>,
    ) -> Result<Decision, SyncError> {
        // It is not deleted, wherever it may be gone.
        let stays = there.is_none() && self.laying.deletes == Deletes::None;
        if self.laying.on_conflict == OnConflict::Source {
            return Ok(match stays {
                true => Decision::Keep,
                false => Decision::Take,
            });
        }
        if stays && self.laying.reach == Reach::Since {
            return Ok(Decision::Keep); // nobody knows whether it is gone
        }
        let mut bytes = Vec::new();
        let here_now = here.map(|cells| {
            identity(pick(cells, &self.columns.of_incoming), &mut bytes);
            KeyIndex::hash(&bytes)
        });
        let there_now = there.map(|cells| {
            identity(cells.iter().copied(), &mut bytes);
            KeyIndex::hash(&bytes)
        });
        let open = self.conflicts.take(key);
        let before = match open {
            Some(Open::Kept(there)) => there,
            _ => self.ancestor.of(key, here_now)?,
        };
        match decide(here_now, before, there_now, open == Some(Open::Conflict)) {
            decision if stays => {
                // Where deletes count the next time, this is another row than both sides agreed on still.
                match (open, decision) {
                    (_, Decision::Take) => {}
                    (Some(Open::Conflict), _) => self.conflicts.leave(key)?,
                    _ => self.conflicts.keep(key, before)?,
                }
                return Ok(Decision::Keep);
            }
            Decision::Conflict => {}
            Decision::Keep => {
                self.conflicts.keep(key, there_now)?;
                return Ok(Decision::Keep);
            }
            Decision::Take => return Ok(Decision::Take),
        }
        let cells: Vec<_> = match (here, there) {
            (Some(cells), _) => pick(cells, &self.columns.identity).collect(),
            (None, Some(cells)) => self.incoming.identity_of(cells),
            (None, None) => Vec::new(),
        };
        let winner = match &self.newest {
            Some(newest) => newest.winner(here, there, &cells)?,
            None => Winner::Target,
        };
        self.conflicts.add(key, cells.into_iter(), winner)?;
        Ok(match winner {
            Winner::Source => Decision::Take,
            Winner::Target => Decision::Conflict,
        })
    }

    /// A row stays.
    fn keep(&mut self, cells: &[TypedCell<'_>]) -> Result<(), SyncError> {
        let is_marked = pick(cells, &self.columns.stored)
            .nth(self.columns.deleted_at.unwrap_or(usize::MAX))
            .is_some_and(|mark| mark != TypedCell::Null);
        self.has_marks |= is_marked;
        self.spool.push(pick(cells, &self.columns.stored))?;
        Ok(())
    }

    /// A row becomes another one; what does not come at all stays, and it is not deleted any more.
    fn replace(
        &mut self,
        cells: &[TypedCell<'_>],
        came: &[TypedCell<'_>],
    ) -> Result<(), SyncError> {
        let columns = &self.columns;
        let places = columns.stored.iter().zip(&columns.incoming).enumerate();
        let merged = places.map(|(column, (stored, incoming))| {
            if columns.deleted_at == Some(column) {
                return TypedCell::Null;
            }
            match incoming {
                Some(index) => cell(came, Some(*index)),
                None => cell(cells, *stored),
            }
        });
        self.spool.push(merged)?;
        Ok(())
    }

    /// A row is not there any more where it came from.
    fn delete(&mut self, cells: &[TypedCell<'_>]) -> Result<(), SyncError> {
        let Some(mark) = self
            .columns
            .deleted_at
            .filter(|_| self.laying.deletes == Deletes::Soft)
        else {
            self.deleted += 1;
            return Ok(());
        };
        self.has_marks = true;
        if cell(cells, self.columns.stored[mark]) != TypedCell::Null {
            return self.keep(cells);
        }
        self.marked += 1;
        let now = self.laying.now.to_rfc3339_opts(SecondsFormat::Micros, true);
        let marked = pick(cells, &self.columns.stored).enumerate();
        let marked = marked.map(|(column, cell)| match column == mark {
            true => TypedCell::Text(now.as_bytes()),
            false => cell,
        });
        self.spool.push(marked)?;
        Ok(())
    }

    /// There are no more rows in the latest snapshot. Blocks.
    pub(super) fn finish(mut self) -> Result<Overlaid, SyncError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let gone = self.deleted + self.marked;
        if let Some(most) = self.laying.max_deletes
            && gone > most.of(self.stored)
        {
            return Err(SyncError::TooManyDeletions {
                name: self.laying.source,
                deleted: gone,
                rows: self.stored,
                most,
                enough: MaxDeletes::enough(gone, self.stored),
            });
        }
        self.add_new_rows()?;
        let all_seen = self.laying.reach == Reach::Whole
            && (self.laying.deletes != Deletes::None
                || self.laying.on_conflict != OnConflict::Source);
        let mark = self.columns.deleted_at;
        let was_there = mark.is_some_and(|mark| self.columns.stored[mark].is_some());
        let mut names = self.columns.names;
        if self.columns.deleted_at == Some(names.len() - 1)
            && self.columns.stored.last() == Some(&None)
            && !self.has_marks
        {
            names.pop();
        }
        Ok(Overlaid {
            table: self.spool.finish("sync", names, json!({}), json!({}))?,
            marked: self.marked,
            marked_changed: if was_there { self.marked } else { 0 },
            conflicts: self.conflicts,
            all_seen,
            repeated: self.incoming.repeated,
        })
    }

    fn add_new_rows(&mut self) -> Result<(), SyncError> {
        let mut scan = SpoolScan::new(self.incoming.rows())?;
        let (mut number, mut rejected, mut packed) = (0, 0, Vec::new());
        loop {
            match scan.next(&mut packed)? {
                Spooled::End => return Ok(()),
                Spooled::Reject(line) => {
                    let reason = self.incoming.rows().reasons[rejected];
                    rejected += 1;
                    self.spool.reject(line, reason, &packed[8..])?;
                }
                Spooled::Row => {
                    if number % LOOK_UP_EVERY == 0 && self.laying.cancel.is_cancelled() {
                        return Err(SyncError::Stopped);
                    }
                    if self.incoming.is_new(number, &packed)? {
                        self.add(&packed)?;
                    }
                    number += 1;
                }
            }
        }
    }

    fn add(&mut self, packed: &[u8]) -> Result<(), SyncError> {
        let came: Vec<TypedCell<'_>> = PackedCells(packed).collect();
        if self.laying.replaces {
            let mut bytes = Vec::new();
            identity(self.incoming.identity_of(&came).into_iter(), &mut bytes);
            let key = KeyIndex::hash(&bytes);
            if self.decide(key, None, Some(&came))? != Decision::Take {
                return Ok(());
            }
        }
        self.spool.push(pick(&came, &self.columns.incoming))?;
        Ok(())
    }
}

/// The cells in these places; those of no place are NULL.
pub(super) fn pick<'c>(
    cells: &'c [TypedCell<'c>],
    places: &'c [Option<usize>],
) -> impl Iterator<Item = TypedCell<'c>> {
    places.iter().map(|place| cell(cells, *place))
}

pub(super) fn cell<'c>(cells: &[TypedCell<'c>], place: Option<usize>) -> TypedCell<'c> {
    let found = place.and_then(|place| cells.get(place));
    found.copied().unwrap_or(TypedCell::Null)
}

fn has_marks(columns: &[String]) -> bool {
    let mut columns = columns.iter();
    columns.any(|name| manifold_store::name::fold(name) == DELETED_AT)
}
