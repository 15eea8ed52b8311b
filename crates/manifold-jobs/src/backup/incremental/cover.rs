//! Which tiles of an earlier backup still hold, and what has to be read.

use std::ops::RangeInclusive;

use entity_project::enums::RowEpochKind;
use manifold_store::{RowEpoch, RowSource};

use super::saved_rows::{SavedRows, SavedTile};

/// A tile of an earlier backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KnownTile {
    pub(super) tile: SavedTile,
    pub(super) trust: Trust,
}

/// What is known of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// It holds what it held.
    Holds,
    /// Some of its rows may be gone; its file holds all that are left.
    Count,
    /// Nothing, but what it held.
    Compare,
}

/// The tiles of rows and of closes that may still hold.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cover {
    pub(super) tiles: Vec<KnownTile>,
    pub(super) closes: Vec<KnownTile>,
}

impl Cover {
    /// What an earlier backup of a source is still good for. `same_epoch`: the project was not replaced since.
    pub(super) fn of(saved: &SavedRows, source: &RowSource, same_epoch: bool) -> Self {
        let trust = if same_epoch && is_its_past(saved, source) {
            Trust::Holds
        } else {
            Trust::Compare
        };
        let known = |tiles: &[SavedTile], last: i64| {
            let mut covered = 0;
            let mut known: Vec<KnownTile> = Vec::new();
            for tile in tiles {
                // A manifest that a person wrote may say anything.
                if tile.first > covered && tile.first <= tile.last && tile.last <= last {
                    covered = tile.last;
                    let tile = tile.clone();
                    known.push(KnownTile { tile, trust });
                }
            }
            known
        };
        let mut cover = Self {
            tiles: known(&saved.tiles, source.rid_hi),
            closes: known(&saved.closes, source.seq),
        };
        for epoch in &source.epochs {
            if epoch.epoch > saved.epoch {
                cover.apply(epoch);
            }
        }
        cover
    }

    fn apply(&mut self, epoch: &RowEpoch) {
        match epoch.kind {
            RowEpochKind::Undone => {
                self.tiles.retain(|known| !known.tile.overlaps(&epoch.rids));
                self.closes
                    .retain(|known| !known.tile.overlaps(&epoch.seqs));
            }
            RowEpochKind::Changed => {
                self.tiles.retain(|known| !known.tile.overlaps(&epoch.rids));
            }
            RowEpochKind::Pruned => {
                // Rows that are gone stay in the files of tiles. Who reads them back knows them by their closes, and these are
                // only in what was saved before.
                let trust = if self.has_closes(&epoch.seqs) {
                    Trust::Count
                } else {
                    Trust::Compare
                };
                lower(&mut self.tiles, &epoch.rids, trust);
                lower(&mut self.closes, &epoch.seqs, Trust::Count);
            }
        }
    }

    /// Whether all that was closed with these seqs is in what was saved.
    fn has_closes(&self, seqs: &RangeInclusive<i64>) -> bool {
        let mut next = *seqs.start();
        for known in &self.closes {
            let tile = &known.tile;
            if known.trust != Trust::Compare && tile.first <= next && tile.last >= next {
                next = tile.last + 1;
            }
        }
        next > *seqs.end()
    }
}

fn lower(known: &mut [KnownTile], range: &RangeInclusive<i64>, trust: Trust) {
    let touched = known.iter_mut().filter(|known| known.tile.overlaps(range));
    for known in touched.filter(|known| known.trust != Trust::Compare) {
        known.trust = trust;
    }
}

/// Whether the source has become what it is from what was saved, by steps that are noted. A file that somebody put in the place of
/// another is not told by its epochs alone.
fn is_its_past(saved: &SavedRows, source: &RowSource) -> bool {
    let highest = source.epochs.last().map_or(0, |last| last.epoch);
    let is_there = |id: &String| source.snapshots.iter().any(|mark| mark.id == *id);
    match saved.epoch.cmp(&highest) {
        std::cmp::Ordering::Greater => false,
        // Nothing was deleted since.
        std::cmp::Ordering::Equal => saved.snapshot_id.as_ref().is_none_or(is_there),
        std::cmp::Ordering::Less => true,
    }
}

/// What of the numbers from 1 to `last` is in none of the tiles, cut behind each of `ends`, which rise.
pub(super) fn gaps<'a>(
    tiles: impl Iterator<Item = &'a SavedTile>,
    last: i64,
    ends: &[i64],
) -> Vec<RangeInclusive<i64>> {
    let mut gaps = Vec::new();
    let mut first = 1;
    for tile in tiles {
        cut(first..=tile.first - 1, ends, &mut gaps);
        first = tile.last + 1;
    }
    cut(first..=last, ends, &mut gaps);
    gaps
}

fn cut(gap: RangeInclusive<i64>, ends: &[i64], gaps: &mut Vec<RangeInclusive<i64>>) {
    let (mut first, last) = gap.into_inner();
    for &end in ends {
        if end >= first && end < last {
            gaps.push(first..=end);
            first = end + 1;
        }
    }
    if first <= last {
        gaps.push(first..=last);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::backup::ManifestFile;

    fn tile(first: i64, last: i64) -> SavedTile {
        SavedTile {
            first,
            last,
            rows: 1,
            hash: String::new(),
            segment: ManifestFile {
                name: String::new(),
                size: 0,
                hash: String::new(),
            },
            stored: 1,
            held: None,
        }
    }

    proptest! {
        #[test]
        fn gaps_and_tiles_are_all_there_is(
            widths in prop::collection::vec((0_i64..9, 1_i64..9), 0..12),
            behind in 0_i64..20,
            mut ends in prop::collection::vec(1_i64..200, 0..8),
        ) {
            ends.sort_unstable();
            ends.dedup();
            let mut tiles = Vec::new();
            let mut last = 0;
            for (gap, width) in widths {
                tiles.push(tile(last + gap + 1, last + gap + width));
                last += gap + width;
            }
            last += behind;
            let found = gaps(tiles.iter(), last, &ends);
            let mut all: Vec<i64> = found.iter().cloned().flatten().collect();
            all.extend(tiles.iter().flat_map(SavedTile::range));
            all.sort_unstable();
            prop_assert_eq!(all, (1..=last).collect::<Vec<_>>());
            for gap in &found {
                prop_assert!(!gap.is_empty());
                prop_assert!(!ends.iter().any(|end| gap.contains(end) && end != gap.end()));
            }
        }
    }

    fn known(trust: Trust, tile: SavedTile) -> KnownTile {
        KnownTile { tile, trust }
    }

    #[test]
    fn what_was_done_to_rows_decides_what_their_tiles_are_good_for() {
        let epoch = |kind, rids, seqs| RowEpoch {
            epoch: 1,
            kind,
            rids,
            seqs,
        };
        let cover = || Cover {
            tiles: vec![
                known(Trust::Holds, tile(1, 10)),
                known(Trust::Holds, tile(11, 20)),
                known(Trust::Compare, tile(21, 30)),
            ],
            closes: vec![
                known(Trust::Holds, tile(5, 5)),
                known(Trust::Holds, tile(6, 7)),
            ],
        };
        let firsts = |known: &[KnownTile]| -> Vec<(i64, Trust)> {
            known
                .iter()
                .map(|known| (known.tile.first, known.trust))
                .collect()
        };
        let mut undone = cover();
        undone.apply(&epoch(RowEpochKind::Undone, 21..=40, 6..=9));
        assert_eq!(
            firsts(&undone.tiles),
            [(1, Trust::Holds), (11, Trust::Holds)]
        );
        assert_eq!(firsts(&undone.closes), [(5, Trust::Holds)]);
        let mut changed = cover();
        changed.apply(&epoch(
            RowEpochKind::Changed,
            10..=10,
            RangeInclusive::new(1, 0),
        ));
        assert_eq!(
            firsts(&changed.tiles),
            [(11, Trust::Holds), (21, Trust::Compare)]
        );
        assert_eq!(changed.closes, cover().closes);
        let mut pruned = cover();
        pruned.apply(&epoch(RowEpochKind::Pruned, 12..=25, 6..=6));
        assert_eq!(
            firsts(&pruned.tiles),
            [(1, Trust::Holds), (11, Trust::Count), (21, Trust::Compare)]
        );
        assert_eq!(
            firsts(&pruned.closes),
            [(5, Trust::Holds), (6, Trust::Count)]
        );
        let mut unsaved = cover();
        unsaved.apply(&epoch(RowEpochKind::Pruned, 12..=15, 6..=8));
        assert_eq!(firsts(&unsaved.tiles)[1], (11, Trust::Compare));
    }
}
