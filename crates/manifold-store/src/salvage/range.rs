//! Walks a table by its row ids, around what cannot be read.

use std::ops::RangeInclusive;

use rusqlite::{Connection, ErrorCode, Statement};

use crate::StoreError;
use crate::freeze::quoted;
use crate::rows::Cell;

/// How far behind the last row that can be read others are looked for, when the end cannot be read.
const BEYOND: i64 = 65_536;

/// The largest row id where rows are looked for when none can be read from either end is 2 to the power of this.
const FARTHEST: u32 = 40;

/// How many tries are spent on one table; what is then not narrowed down counts as lost.
const MOST_TRIES: u32 = 200_000;

/// One table, read by row id.
pub(super) struct Walk<'c> {
    upwards: Statement<'c>,
    downwards: Statement<'c>,
    width: usize,
    tries: u32,
}

/// What of a table cannot be read.
#[derive(Debug, Default)]
pub(super) struct Unread {
    /// Ranges of row ids.
    pub(super) ranges: Vec<RangeInclusive<i64>>,
    /// Whether rows behind all that was read may be lost too.
    pub(super) is_open: bool,
}

/// How far a scan came.
struct Scan {
    /// The last row that was read.
    edge: Option<i64>,
    /// Whether the whole range was read.
    is_complete: bool,
}

impl<'c> Walk<'c> {
    pub(super) fn new(
        connection: &'c Connection,
        table: &str,
        columns: &[String],
    ) -> rusqlite::Result<Self> {
        let list: Vec<_> = columns.iter().map(|name| quoted(name)).collect();
        let sql = format!(
            "SELECT rowid, {} FROM {} NOT INDEXED WHERE rowid BETWEEN ?1 AND ?2 ORDER BY rowid",
            list.join(","),
            quoted(table)
        );
        Ok(Self {
            upwards: connection.prepare(&sql)?,
            downwards: connection.prepare(&format!("{sql} DESC"))?,
            width: columns.len(),
            tries: 0,
        })
    }

    /// Hands every row that can be read to `each`. Returns what cannot be read.
    pub(super) fn run<E: From<StoreError>>(
        &mut self,
        each: &mut impl FnMut(&[Cell<'_>]) -> Result<(), E>,
    ) -> Result<Unread, E> {
        let up = self.scan(true, 1, i64::MAX, each)?;
        if up.is_complete {
            return Ok(Unread::default());
        }
        let low = up.edge.map_or(1, |edge| edge + 1);
        let down = self.scan(false, low, i64::MAX, each)?;
        if down.is_complete {
            return Ok(Unread::default());
        }
        let high = match (up.edge, down.edge) {
            (_, Some(edge)) => edge - 1,
            (Some(_), None) => low.saturating_add(BEYOND),
            (None, None) => match self.farthest().map_err(|error| E::from(error.into()))? {
                Some(rowid) => rowid.saturating_add(BEYOND),
                None => {
                    return Ok(Unread {
                        ranges: Vec::new(),
                        is_open: true,
                    });
                }
            },
        };
        let mut unread = vec![(low, high)];
        let mut lost: Vec<RangeInclusive<i64>> = Vec::new();
        // Each of these begins and ends with what cannot be read.
        while let Some((low, high)) = unread.pop() {
            if low >= high || self.tries >= MOST_TRIES {
                if low <= high {
                    lost.push(low..=high);
                }
                continue;
            }
            let middle = low + (high - low) / 2;
            let lower = self.scan(false, low, middle, each)?;
            if !lower.is_complete {
                unread.push((low, lower.edge.map_or(middle, |edge| edge - 1)));
            }
            let upper = self.scan(true, middle + 1, high, each)?;
            if !upper.is_complete {
                unread.push((upper.edge.map_or(middle + 1, |edge| edge + 1), high));
            }
        }
        Ok(Unread {
            ranges: lost,
            is_open: down.edge.is_none(),
        })
    }

    /// The farthest place behind which something can be read; `None` when that is nowhere.
    fn farthest(&mut self) -> rusqlite::Result<Option<i64>> {
        let mut farthest = None;
        for power in 0..=FARTHEST {
            let place = 1_i64 << power;
            let mut rows = self.upwards.query((place, i64::MAX))?;
            if rows.next().is_ok() {
                farthest = Some(place);
            }
        }
        Ok(farthest)
    }

    /// Reads a range from one end until something cannot be read.
    fn scan<E: From<StoreError>>(
        &mut self,
        is_upwards: bool,
        low: i64,
        high: i64,
        each: &mut impl FnMut(&[Cell<'_>]) -> Result<(), E>,
    ) -> Result<Scan, E> {
        self.tries += 1;
        let failed = |error: rusqlite::Error| E::from(StoreError::from(error));
        let statement = if is_upwards {
            &mut self.upwards
        } else {
            &mut self.downwards
        };
        let mut scan = Scan {
            edge: None,
            is_complete: false,
        };
        let mut rows = statement.query((low, high)).map_err(failed)?;
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => {
                    scan.is_complete = true;
                    return Ok(scan);
                }
                Err(error) if is_damage(&error) => return Ok(scan),
                Err(error) => return Err(failed(error)),
            };
            let Ok(rowid) = row.get::<_, i64>(0) else {
                return Ok(scan);
            };
            let is_next = scan.edge.is_none_or(|edge| {
                if is_upwards {
                    rowid > edge
                } else {
                    rowid < edge
                }
            });
            if !(low..=high).contains(&rowid) || !is_next {
                return Ok(scan); // a page that is elsewhere in the tree than it says
            }
            let mut cells = Vec::with_capacity(self.width);
            for index in 1..=self.width {
                cells.push(Cell::from(row.get_ref(index).map_err(failed)?));
            }
            each(&cells)?;
            scan.edge = Some(rowid);
        }
    }
}

fn is_damage(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(
            ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::SystemIoFailure
                | ErrorCode::TooBig
        )
    )
}
