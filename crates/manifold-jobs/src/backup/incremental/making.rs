//! Makes an incremental backup.

use std::ops::RangeInclusive;
use std::sync::Arc;

use manifold_store::{Contents, FileDigest, Frozen, Part, RowSource, Segment, StoreError};
use tempfile::TempDir;

use super::CATALOGUE;
use super::cover::{Cover, KnownTile, Trust, gaps};
use super::ground::Ground;
use super::increment::Increment;
use super::reliance::Reliance;
use super::saved_part::SavedPart;
use super::saved_rows::{SavedRows, SavedTile};
use super::segments::{SegmentKind, Segments};
use crate::backup::repository::Repository;
use crate::backup::{BackupError, BackupFolder, BackupRequest, Manifest, Watch, room};

/// Writes what is new, and lists what is not.
pub(super) fn make(
    frozen: &Frozen,
    folder: &mut BackupFolder,
    request: &BackupRequest,
    watch: &mut Watch,
) -> Result<Increment, BackupError> {
    let project = frozen.project().cloned().ok_or_else(|| {
        StoreError::Decode(format!(
            "project {} names itself nowhere",
            request.project_id
        ))
    })?;
    let to = folder.repository();
    let ground = match folder.take_ground() {
        Some(ground) => ground,
        None => Ground::look(&to, request, &project.name, folder.key())?,
    };
    let Ground {
        reliance,
        segments,
        earlier,
        project_bytes,
    } = ground;
    let contents = request.options.contents();
    let (mut sources, mut large) = (Vec::new(), Vec::new());
    if !request.options.without_data {
        sources = frozen.row_sources()?;
        large = frozen.large_parts()?;
    }
    watch.step("copying the catalogue")?;
    folder.take_file(CATALOGUE, |path| {
        frozen.copy_catalogue(path, contents, &large)?;
        Ok(FileDigest::of(path)?)
    })?;
    let same_epoch = |manifest: &Manifest| manifest.project_epoch == Some(project.epoch);
    let is_same = earlier.as_ref().is_some_and(same_epoch);
    let mut making = Making {
        frozen,
        scratch: folder.scratch()?,
        to,
        segments,
        reliance,
        watch,
    };
    let saved = earlier.iter().filter(|manifest| same_epoch(manifest));
    let saved: Vec<&SavedPart> = saved.flat_map(|manifest| &manifest.parts).collect();
    let parts = making.parts(large, &saved)?;
    let mut rows = Vec::new();
    let mut covered = Vec::new();
    for source in &sources {
        let mut saved = earlier.iter().flat_map(|manifest| &manifest.rows);
        let saved = saved
            .find(|saved| saved.source_id == source.source_id && saved.table == source.table.name);
        covered.push(making.begin(source, saved, is_same)?);
    }
    let new = covered.iter().map(Begun::new_rows).sum();
    if earlier.is_some() {
        let held = covered.iter().map(Begun::held_rows).sum();
        room::check_bytes(room_for(project_bytes, held, new), folder.hidden())?;
    }
    making.watch.expect(new);
    for (source, begun) in sources.iter().zip(covered) {
        rows.push(making.complete(source, begun)?);
    }
    Ok(Increment {
        project_epoch: project.epoch,
        rows,
        parts,
        new_bytes: making.segments.new_bytes,
        reliance: making.reliance,
    })
}

/// The room that new rows may take, in bytes, where others are held already: twice that of as many rows of the project's file, as a
/// segment lies there packed and not packed for a moment, and some rows are larger than others. Never more than the file.
fn room_for(project_bytes: u64, held: u64, new: u64) -> u64 {
    let rows = u128::from(held) + u128::from(new);
    let share = u128::from(project_bytes) * u128::from(new) / rows.max(1);
    u64::try_from(2 * share).map_or(project_bytes, |bytes| bytes.min(project_bytes))
}

/// A source of which it is known what has to be read.
struct Begun {
    rows: SavedRows,
    gaps: Vec<RangeInclusive<i64>>,
    close_gaps: Vec<RangeInclusive<i64>>,
}

impl Begun {
    /// How many rows are in segments that still serve.
    fn held_rows(&self) -> u64 {
        let tiles = self.rows.tiles.iter();
        tiles.map(|tile| tile.rows.unsigned_abs()).sum()
    }

    /// About how many rows have to be read.
    fn new_rows(&self) -> u64 {
        let width = |gap: &RangeInclusive<i64>| (gap.end() - gap.start() + 1).unsigned_abs();
        self.gaps.iter().map(width).sum()
    }
}

struct Making<'a> {
    frozen: &'a Frozen,
    scratch: TempDir,
    /// Where new segments are kept: at the place, or where they are sent from.
    to: Arc<dyn Repository>,
    segments: Segments,
    reliance: Reliance,
    watch: &'a mut Watch,
}

impl Making<'_> {
    /// Lists what an earlier backup has saved of a source and still holds.
    fn begin(
        &mut self,
        source: &RowSource,
        saved: Option<&SavedRows>,
        same_epoch: bool,
    ) -> Result<Begun, BackupError> {
        let mut rows = SavedRows {
            table: source.table.name.clone(),
            source_id: source.source_id.clone(),
            snapshot_id: source.snapshot_id.clone(),
            columns: source.table.columns.clone(),
            epoch: source.epochs.last().map_or(0, |last| last.epoch),
            held: Vec::new(),
            tiles: Vec::new(),
            closes: Vec::new(),
        };
        if let Some(saved) = saved {
            let cover = Cover::of(saved, source, same_epoch);
            let mut are_lost = false;
            for known in cover.closes {
                match self.still(source, known, None)? {
                    Some(tile) => rows.closes.push(tile),
                    None => are_lost = true,
                }
            }
            for known in cover.tiles {
                let Some(columns) = saved.held_by(&known.tile) else {
                    continue;
                };
                let Some(tile) = self.still(source, known, Some(columns))? else {
                    continue;
                };
                // Without its closes a row that is gone would come back.
                if !are_lost || tile.stored == tile.rows {
                    let held = Some(rows.hold(columns));
                    rows.tiles.push(SavedTile { held, ..tile });
                }
            }
        }
        let rids: Vec<i64> = source.snapshots.iter().map(|mark| mark.rid_hi).collect();
        let seqs: Vec<i64> = source.snapshots.iter().map(|mark| mark.seq).collect();
        Ok(Begun {
            gaps: gaps(rows.tiles.iter(), source.rid_hi, &rids),
            close_gaps: gaps(rows.closes.iter(), source.seq, &seqs),
            rows,
        })
    }

    /// The tile as it is now, if its file still serves. Tiles of rows have columns.
    fn still(
        &mut self,
        source: &RowSource,
        known: KnownTile,
        columns: Option<&[String]>,
    ) -> Result<Option<SavedTile>, BackupError> {
        let KnownTile { tile, trust } = known;
        if !self.segments.has(&tile.segment) {
            return Ok(None);
        }
        if trust == Trust::Holds {
            return Ok(Some(tile));
        }
        let (frozen, table, range) = (self.frozen, &source.table.name, tile.range());
        if let Some(columns) = columns {
            let rows = frozen.count_rows(table, &range)?;
            let is_worn = SavedTile {
                rows,
                ..tile.clone()
            }
            .is_worn();
            let unknown = columns
                .iter()
                .any(|column| !source.table.columns.contains(column));
            // Of rows that are gone only their closes would tell, which are doubtful too.
            let differs = rows != tile.rows || tile.stored != tile.rows;
            if rows == 0 || is_worn || unknown || trust == Trust::Compare && differs {
                return Ok(None);
            }
        }
        let (watch, reliance) = (&mut *self.watch, &mut self.reliance);
        let each = || watch.row();
        let count = match columns {
            Some(columns) => frozen.digest_rows(table, columns, &range, each)?,
            None => frozen.digest_closes(table, &range, each)?,
        };
        reliance.beat()?;
        if trust == Trust::Compare {
            let others: Vec<&String> = match columns {
                Some(held) => (source.columns.iter())
                    .filter(|column| !held.contains(column))
                    .collect(),
                None => Vec::new(),
            };
            let is_same = count == tile.count() && !frozen.has_values(table, &others, &range)?;
            return Ok(is_same.then_some(tile));
        }
        let tile = SavedTile {
            rows: count.rows,
            hash: count.hash,
            ..tile
        };
        // Closes also tell of rows that are gone, as long as these are in files; so they stay.
        let serves = columns.is_none() || tile.rows > 0 && !tile.is_worn();
        Ok(serves.then_some(tile))
    }

    /// Lists the parts, and writes those that no earlier backup has saved.
    fn parts(
        &mut self,
        parts: Vec<Part>,
        saved: &[&SavedPart],
    ) -> Result<Vec<SavedPart>, BackupError> {
        self.watch.step("copying the catalogue")?;
        let tables = self.frozen.tables(Contents::WithData)?;
        let path = self.scratch.path().join("segment.db");
        let mut listed = Vec::with_capacity(parts.len());
        for Part { table, owner } in parts {
            let mut known = saved.iter();
            let known = known.find(|known| known.table == table && known.owner == owner);
            if let Some(known) = known.filter(|known| self.segments.has(&known.segment)) {
                listed.push((*known).clone());
                continue;
            }
            let Some(of) = tables.iter().find(|known| known.name == table) else {
                continue;
            };
            let watch = &mut *self.watch;
            let count = self.frozen.write_part(of, &owner, &path, || watch.row())?;
            self.reliance.beat()?;
            let segment = self
                .segments
                .keep(&path, SegmentKind::Part, &count, &*self.to)?;
            listed.push(SavedPart {
                table,
                owner,
                rows: count.rows,
                hash: count.hash,
                segment,
            });
        }
        Ok(listed)
    }

    /// Writes what is missing.
    fn complete(&mut self, source: &RowSource, begun: Begun) -> Result<SavedRows, BackupError> {
        let Begun {
            mut rows,
            gaps,
            close_gaps,
        } = begun;
        self.watch.step("writing rows")?;
        let path = self.scratch.path().join("segment.db");
        for gap in gaps {
            let mut first = *gap.start();
            while first <= *gap.end() {
                let watch = &mut *self.watch;
                let rids = first..=*gap.end();
                let each = || watch.row();
                let segment = self.frozen.write_rows(source, &rids, &path, each)?;
                first = segment.range.end() + 1;
                if let Some(tile) = self.keep(SegmentKind::Rows, segment)? {
                    let held = Some(rows.hold(&source.columns));
                    rows.tiles.push(SavedTile { held, ..tile });
                }
            }
        }
        for gap in close_gaps {
            let watch = &mut *self.watch;
            let each = || watch.row();
            let segment = self.frozen.write_closes(source, &gap, &path, each)?;
            rows.closes.extend(self.keep(SegmentKind::Closes, segment)?);
        }
        rows.tiles.sort_unstable_by_key(|tile| tile.first);
        rows.closes.sort_unstable_by_key(|tile| tile.first);
        Ok(rows)
    }

    fn keep(
        &mut self,
        kind: SegmentKind,
        segment: Segment,
    ) -> Result<Option<SavedTile>, BackupError> {
        self.reliance.beat()?;
        if segment.count.rows == 0 {
            return Ok(None);
        }
        let path = self.scratch.path().join("segment.db");
        let file = self.segments.keep(&path, kind, &segment.count, &*self.to)?;
        Ok(Some(SavedTile {
            first: *segment.range.start(),
            last: *segment.range.end(),
            rows: segment.count.rows,
            hash: segment.count.hash,
            segment: file,
            stored: segment.count.rows,
            held: None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_increment_asks_for_what_its_rows_may_take() {
        assert_eq!(room_for(1_000_000, 99_000, 1_000), 20_000);
        assert_eq!(room_for(1_000_000, 99_000, 0), 0);
        // Of what is all new, no more than there is.
        assert_eq!(room_for(1_000_000, 0, 100_000), 1_000_000);
        assert_eq!(room_for(1_000_000, 10, 90), 1_000_000);
        assert_eq!(room_for(u64::MAX, 0, u64::MAX), u64::MAX);
        assert_eq!(room_for(0, 0, 0), 0);
    }
}
