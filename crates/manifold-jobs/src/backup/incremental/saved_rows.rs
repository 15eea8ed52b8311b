//! What the manifest says of tables of rows that are saved in segments.

use std::ops::RangeInclusive;

use entity_core::TableCount;
use manifold_store::{ExpectedRows, ExpectedTile, TileCount};
use serde::{Deserialize, Serialize};

use crate::backup::ManifestFile;

/// A table of rows, and the segments that hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedRows {
    /// The table.
    pub table: String,
    /// The data source.
    pub source_id: String,
    /// Its latest snapshot.
    pub snapshot_id: Option<String>,
    /// Its columns, in their order.
    pub columns: Vec<String>,
    /// The highest of its row epochs; 0 when it had none.
    pub epoch: i64,
    /// Lists of columns that segments hold.
    pub held: Vec<Vec<String>>,
    /// Its rows, by their rids, rising.
    pub tiles: Vec<SavedTile>,
    /// What was closed, by seq, rising.
    pub closes: Vec<SavedTile>,
}

/// Rows, or closes, from one number to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedTile {
    /// The first number.
    pub first: i64,
    /// The last number.
    pub last: i64,
    /// How many are there.
    pub rows: i64,
    /// Their logical hash.
    pub hash: String,
    /// The file that holds them, and perhaps rows that were there when it was made and that no snapshot shows any more.
    pub segment: ManifestFile,
    /// How many the file holds.
    pub stored: i64,
    /// The list of columns that the file holds, in [`SavedRows::held`]; closes have `_rid` and `_to`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<usize>,
}

impl SavedTile {
    /// Its first and last number.
    pub(super) fn range(&self) -> RangeInclusive<i64> {
        self.first..=self.last
    }

    /// What is there.
    pub(super) fn count(&self) -> TileCount {
        TileCount {
            rows: self.rows,
            hash: self.hash.clone(),
        }
    }

    pub(super) fn overlaps(&self, range: &RangeInclusive<i64>) -> bool {
        self.first <= *range.end() && self.last >= *range.start()
    }

    /// More than three of ten rows of its file are gone.
    pub(super) fn is_worn(&self) -> bool {
        i128::from(self.rows) * 10 < i128::from(self.stored) * 7
    }
}

impl SavedRows {
    /// The columns that the file of a tile of rows holds.
    pub(super) fn held_by(&self, tile: &SavedTile) -> Option<&[String]> {
        Some(self.held.get(tile.held?)?)
    }

    /// The number of a list of columns that a segment holds.
    pub(super) fn hold(&mut self, columns: &[String]) -> usize {
        let known = self.held.iter().position(|held| held == columns);
        known.unwrap_or_else(|| {
            self.held.push(columns.to_vec());
            self.held.len() - 1
        })
    }

    /// Every file that it needs.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &ManifestFile> {
        let tiles = self.tiles.iter().chain(&self.closes);
        tiles.map(|tile| &tile.segment)
    }

    /// Its rows, with a hash that stands for those of the tiles.
    pub(crate) fn count(&self) -> TableCount {
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"manifold-tiles-0");
        for (kind, tiles) in [("rows", &self.tiles), ("closes", &self.closes)] {
            for tile in tiles {
                let columns = self.held_by(tile).map(|columns| columns.join(","));
                let line = format!(
                    "\n{kind} {} {} {} {} {}",
                    tile.first,
                    tile.last,
                    tile.rows,
                    tile.hash,
                    columns.unwrap_or_default()
                );
                hasher.update(line.as_bytes());
            }
        }
        TableCount {
            name: self.table.clone(),
            rows: self.tiles.iter().map(|tile| tile.rows).sum(),
            hash: crate::backup::file_sink::hash_text(&hasher),
        }
    }

    /// What must come back of it.
    pub(crate) fn expected(&self) -> ExpectedRows {
        let expected = |tile: &SavedTile| ExpectedTile {
            range: tile.range(),
            columns: self.held_by(tile).unwrap_or_default().to_vec(),
            count: tile.count(),
        };
        ExpectedRows {
            table: self.table.clone(),
            rows: self.tiles.iter().map(expected).collect(),
            closes: self.closes.iter().map(expected).collect(),
        }
    }

    /// What is wrong with it, whoever wrote it: names that lead elsewhere, columns that are listed nowhere.
    pub(crate) fn flaw(&self) -> Option<String> {
        let unlisted = |tile: &&SavedTile| self.held_by(tile).is_none();
        if self.tiles.iter().any(|tile| unlisted(&tile)) {
            return Some(format!("a segment of {} has no columns", self.table));
        }
        let foreign = self.segments().find(|file| !is_segment_name(&file.name))?;
        Some(format!("`{}` is not the name of a segment", foreign.name))
    }
}

/// `segments/` and two names in which nothing leads elsewhere.
pub(super) fn is_segment_name(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    let mut parts = name.split('/');
    parts.next() == Some("segments")
        && parts.next().is_some_and(plain)
        && parts.next().is_some_and(plain)
        && parts.next().is_none()
}
