//! The row versions that only one of two snapshots shows.

use super::cell::Cell;
use super::diff::{DiffColumn, Pair};
use super::row::Row;
use super::row_order::RowOrder;
use super::snapshot::{Column, Snapshot};
use super::source::{END, column_list};
use rusqlite::{Connection, Statement, params};
use std::hash::{BuildHasher, Hasher, RandomState};
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// A row version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version {
    pub(super) rid: i64,
    pub(super) place: f64,
    key: u128,
    content: u128,
}

impl Version {
    /// One that is not compared any more.
    pub(super) fn at(rid: i64, place: f64) -> Self {
        Self {
            rid,
            place,
            key: 0,
            content: 0,
        }
    }
}

/// The versions that only the first, and only the second snapshot shows.
pub(super) struct Versions {
    before: Vec<Version>,
    after: Vec<Version>,
}

impl Versions {
    /// Reads them: through the rid range that one snapshot has more, and through the index on
    /// closed rows.
    pub(super) fn read(
        conn: &Connection,
        from: &Snapshot,
        to: &Snapshot,
        columns: &[DiffColumn],
        key: &[usize],
    ) -> rusqlite::Result<Self> {
        let (older, newer) = if from.seq <= to.seq {
            (from, to)
        } else {
            (to, from)
        };
        let common: Vec<usize> = (0..columns.len())
            .filter(|&at| columns[at].is_common())
            .collect();
        let list = column_list(common.iter().map(|&at| columns[at].phys()));
        let key = key
            .iter()
            .filter_map(|at| common.iter().position(|other| other == at));
        let mut hasher = VersionHasher {
            all: (0..common.len()).collect(),
            key: key.collect(),
            seed: RandomState::new().build_hasher().finish(),
            packed: Vec::new(),
        };
        let table = older.table;
        let mut born = conn.prepare(&format!(
            "SELECT coalesce(_pos, _rid), _rid{list} FROM {table} \
             WHERE _rid > ?1 AND _rid <= ?2 AND +_to > ?3"
        ))?;
        let mut born =
            hasher.versions(&mut born, params![older.rid_hi, newer.rid_hi, newer.seq])?;
        let mut closed = conn.prepare(&format!(
            "SELECT coalesce(_pos, _rid), _rid{list} FROM {table} \
             WHERE _to < {END} AND _to > ?1 AND _to <= ?2 AND +_rid <= ?3"
        ))?;
        let mut closed =
            hasher.versions(&mut closed, params![older.seq, newer.seq, older.rid_hi])?;
        place_listed(conn, older, &mut closed)?;
        // What is younger than the older snapshot is younger than its order too.
        if newer.order_id != older.order_id {
            place_listed(conn, newer, &mut born)?;
        }
        Ok(if from.seq <= to.seq {
            Self {
                before: closed,
                after: born,
            }
        } else {
            Self {
                before: born,
                after: closed,
            }
        })
    }

    /// Pairs versions of one row: those of equal content, of these first those at the same place,
    /// then those of equal key, each in the order in which they stand.
    pub(super) fn pair(mut self) -> Vec<Pair> {
        let mut pairs = Vec::new();
        self.pair_by(true, &mut pairs, |v| (v.key, v.content, v.place.to_bits()));
        self.pair_by(true, &mut pairs, |v| (v.key, v.content, 0));
        self.pair_by(false, &mut pairs, |v| (v.key, 0, 0));
        let alone = |before, after| Pair {
            before,
            after,
            same: false,
        };
        pairs.extend(
            self.before
                .into_iter()
                .map(|version| alone(Some(version), None)),
        );
        pairs.extend(
            self.after
                .into_iter()
                .map(|version| alone(None, Some(version))),
        );
        pairs
    }

    fn pair_by(
        &mut self,
        same: bool,
        pairs: &mut Vec<Pair>,
        by: impl Fn(&Version) -> (u128, u128, u64),
    ) {
        if self.before.is_empty() || self.after.is_empty() {
            return;
        }
        let order = |a: &Version, b: &Version| by(a).cmp(&by(b)).then(a.place.total_cmp(&b.place));
        self.before.sort_unstable_by(order);
        self.after.sort_unstable_by(order);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let mut before = std::mem::take(&mut self.before).into_iter().peekable();
        let mut after = std::mem::take(&mut self.after).into_iter().peekable();
        while let (Some(a), Some(b)) = (before.peek(), after.peek()) {
            match by(a).cmp(&by(b)) {
                std::cmp::Ordering::Less => left.extend(before.next()),
                std::cmp::Ordering::Greater => right.extend(after.next()),
                std::cmp::Ordering::Equal => {
                    pairs.push(Pair {
                        before: before.next(),
                        after: after.next(),
                        same,
                    });
                }
            }
        }
        left.extend(before);
        right.extend(after);
        self.before = left;
        self.after = right;
    }
}

/// Gives the versions that the snapshot's stored order lists the places that it gives them.
fn place_listed(
    conn: &Connection,
    snapshot: &Snapshot,
    versions: &mut [Version],
) -> rusqlite::Result<()> {
    let Some(order_id) = snapshot.order_id.filter(|_| !versions.is_empty()) else {
        return Ok(());
    };
    versions.sort_unstable_by_key(|version| version.rid);
    let mut order = RowOrder::open(conn, &snapshot.source_id, order_id)?;
    let mut place = 1;
    while let Some(stretch) = order.next()? {
        let (a, b) = (stretch.first, stretch.last());
        let begin = versions.partition_point(|version| version.rid < a.min(b));
        for version in &mut versions[begin..] {
            if version.rid > a.max(b) {
                break;
            }
            // Places stay far below 2^53.
            version.place = (place + (version.rid - a).abs()) as f64;
        }
        place += stretch.count();
    }
    Ok(())
}

struct VersionHasher {
    all: Vec<usize>,
    key: Vec<usize>,
    seed: u64,
    packed: Vec<u8>,
}

impl VersionHasher {
    fn versions(
        &mut self,
        statement: &mut Statement<'_>,
        bounds: &[&dyn rusqlite::ToSql],
    ) -> rusqlite::Result<Vec<Version>> {
        let mut versions = Vec::new();
        let mut rows = statement.query(bounds)?;
        while let Some(row) = rows.next()? {
            let rid: i64 = row.get(1)?;
            let content = if self.all.is_empty() {
                // Without a column in common nothing is the same row.
                u128::from(rid.cast_unsigned())
            } else {
                hash(row, &self.all, self.seed, &mut self.packed)?
            };
            let key = if self.key.is_empty() {
                content
            } else {
                hash(row, &self.key, self.seed, &mut self.packed)?
            };
            // A rid comes as an integer, a stored position as a real.
            let place = match row.get_ref(0)? {
                // Rids stay far below 2^53.
                rusqlite::types::ValueRef::Integer(rid) => rid as f64,
                place => place.as_f64()?,
            };
            versions.push(Version {
                rid,
                place,
                key,
                content,
            });
        }
        Ok(versions)
    }
}

fn hash(
    row: &rusqlite::Row<'_>,
    cells: &[usize],
    seed: u64,
    packed: &mut Vec<u8>,
) -> rusqlite::Result<u128> {
    packed.clear();
    for at in cells {
        Cell::from(row.get_ref(at + 2)?).pack(packed);
    }
    Ok(xxh3_128_with_seed(packed, seed))
}

/// The cells of one row version; NULL for a column that is `None`.
pub(super) fn fetch<'a>(
    conn: &Connection,
    snapshot: &Snapshot,
    columns: impl Iterator<Item = Option<&'a Column>>,
    rid: i64,
) -> rusqlite::Result<Row> {
    let columns: Vec<_> = columns
        .map(|column| {
            column.map_or_else(|| "NULL".to_owned(), |column| format!("c{}", column.phys))
        })
        .collect();
    let sql = format!(
        "SELECT {} FROM {} WHERE _rid = ?",
        columns.join(", "),
        snapshot.table
    );
    let mut statement = conn.prepare_cached(&sql)?;
    statement.query_row([rid], |stored| {
        let mut row = Row::new();
        for at in 0..columns.len() {
            row.push(Cell::from(stored.get_ref(at)?));
        }
        Ok(row)
    })
}
