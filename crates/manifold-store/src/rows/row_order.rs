//! The order of rows that a snapshot stores when more of them moved than it is worth to store again.
//!
//! The rids of all rows of the snapshot, in their order, as stretches that rise or fall by one. It holds for the snapshots
//! behind it too, until one stores another; rows that they add have places among its own.

use super::error::{Doing, RowsError};
use super::spool::{Scratch, Spool};
use rusqlite::blob::{Blob, ZeroBlob};
use rusqlite::{Connection, OptionalExtension, params};
use std::io;

/// Bytes that are read or written at once.
const CHUNK: usize = 64 << 10;
/// The most bytes of a variable-length integer.
const VARINT: usize = 10;

/// Rids that rise or fall by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The first of them.
    pub(super) first: i64,
    /// How many there are; negative when they fall.
    pub(super) len: i64,
}

impl Stretch {
    /// How many rids there are.
    pub(super) fn count(self) -> i64 {
        self.len.abs()
    }

    /// The last rid.
    pub(super) fn last(self) -> i64 {
        self.first + self.len - self.len.signum()
    }

    /// The stretch with `rid` behind it, if they are one.
    fn with(self, rid: i64) -> Option<Self> {
        let len = match self.len {
            1 if rid == self.first - 1 => -2,
            len if rid == self.first + len => len + len.signum(),
            _ => return None,
        };
        Some(Self { len, ..self })
    }

    /// The stretch without its first rids.
    pub(super) fn skip(self, count: i64) -> Self {
        let count = count * self.len.signum();
        Self {
            first: self.first + count,
            len: self.len - count,
        }
    }
}

/// An order that is being made.
#[derive(Debug)]
pub(super) struct NewOrder {
    chunks: Spool,
    waiting: Vec<u8>,
    bytes: u64,
    stretch: Option<Stretch>,
    /// The last rid of the stretch that was written last.
    before: i64,
    highest: i64,
    rises: bool,
}

impl NewOrder {
    pub(super) fn new(scratch: &Scratch) -> Self {
        Self {
            chunks: Spool::new(scratch),
            waiting: Vec::new(),
            bytes: 0,
            stretch: None,
            before: 0,
            highest: 0,
            rises: true,
        }
    }

    /// Whether the rids rise from row to row.
    pub(super) fn rises(&self) -> bool {
        self.rises
    }

    /// Adds the next row.
    pub(super) fn push(&mut self, rid: i64) -> io::Result<()> {
        self.rises &= rid > self.highest;
        self.highest = self.highest.max(rid);
        match self.stretch.map(|stretch| stretch.with(rid)) {
            Some(Some(longer)) => self.stretch = Some(longer),
            _ => {
                self.end_stretch()?;
                self.stretch = Some(Stretch { first: rid, len: 1 });
            }
        }
        Ok(())
    }

    fn end_stretch(&mut self) -> io::Result<()> {
        let Some(stretch) = self.stretch.take() else {
            return Ok(());
        };
        write_varint(stretch.first - self.before, &mut self.waiting);
        write_varint(stretch.len, &mut self.waiting);
        self.before = stretch.last();
        if self.waiting.len() > CHUNK {
            self.end_chunk()?;
        }
        Ok(())
    }

    fn end_chunk(&mut self) -> io::Result<()> {
        self.chunks.push(&self.waiting)?;
        self.bytes += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    /// Stores the order as the one with this id.
    pub(super) fn store(
        mut self,
        conn: &Connection,
        source_id: &str,
        order_id: i64,
    ) -> Result<(), RowsError> {
        const DOING: &str = "storing the order of the rows";
        self.end_stretch()?;
        self.end_chunk()?;
        let mut head = Vec::new();
        write_varint(self.highest, &mut head);
        let bytes = i32::try_from(head.len() as u64 + self.bytes).unwrap_or(i32::MAX);
        let row: i64 = conn
            .query_row(
                "INSERT INTO row_orders(source_id, order_id, runs) VALUES (?, ?, ?) RETURNING rowid",
                params![source_id, order_id, ZeroBlob(bytes)],
                |row| row.get(0),
            )
            .doing(DOING)?;
        let mut blob = conn
            .blob_open("main", "row_orders", "runs", row, false)
            .doing(DOING)?;
        blob.write_at(&head, 0).doing(DOING)?;
        let mut at = head.len();
        let mut chunks = self.chunks.into_reader()?;
        while let Some(chunk) = chunks.next()? {
            blob.write_at(chunk, at).doing(DOING)?;
            at += chunk.len();
        }
        blob.close().doing(DOING)
    }
}

/// Removes the orders of a source that no snapshot has.
pub(super) fn remove_unnamed(conn: &Connection, source_id: &str) -> rusqlite::Result<()> {
    conn.execute(
        "DELETE FROM row_orders WHERE source_id = ?1 AND order_id NOT IN \
         (SELECT order_id FROM snapshots WHERE source_id = ?1 AND order_id IS NOT NULL)",
        [source_id],
    )?;
    Ok(())
}

/// Removes the orders that do not read back as they were written.
pub(crate) fn remove_damaged(conn: &Connection) -> rusqlite::Result<()> {
    let orders: Vec<(String, i64)> = conn
        .prepare("SELECT source_id, order_id FROM row_orders")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (source_id, order_id) in orders {
        let read = || {
            let mut order = RowOrder::open(conn, &source_id, order_id)?;
            while order.next()?.is_some() {}
            Ok::<_, rusqlite::Error>(())
        };
        if read().is_err() {
            conn.execute(
                "DELETE FROM row_orders WHERE source_id = ? AND order_id = ?",
                params![source_id, order_id],
            )?;
        }
    }
    Ok(())
}

/// A stored order, read from its beginning a little at a time.
pub(super) struct RowOrder<'c> {
    blob: Blob<'c>,
    buffer: Vec<u8>,
    /// How much of the buffer was taken.
    taken: usize,
    /// How much of the blob was read.
    read: usize,
    highest: i64,
    /// The last rid of the stretch before.
    before: i64,
    source_id: String,
}

impl<'c> RowOrder<'c> {
    pub(super) fn open(
        conn: &'c Connection,
        source_id: &str,
        order_id: i64,
    ) -> rusqlite::Result<Self> {
        let row: Option<i64> = conn
            .prepare_cached("SELECT rowid FROM row_orders WHERE source_id = ? AND order_id = ?")?
            .query_row(params![source_id, order_id], |row| row.get(0))
            .optional()?;
        let row = row.ok_or_else(|| damaged(source_id, "is not there"))?;
        let mut order = Self {
            blob: conn.blob_open("main", "row_orders", "runs", row, true)?,
            buffer: Vec::new(),
            taken: 0,
            read: 0,
            highest: 0,
            before: 0,
            source_id: source_id.to_owned(),
        };
        order.highest = order.varint()?;
        Ok(order)
    }

    /// The highest rid that is listed. Every row above it is younger than the order.
    pub(super) fn highest(&self) -> i64 {
        self.highest
    }

    /// The next stretch; `None` behind the last.
    pub(super) fn next(&mut self) -> rusqlite::Result<Option<Stretch>> {
        if self.taken == self.buffer.len() && self.read == self.blob.len() {
            return Ok(None);
        }
        let (distance, len) = (self.varint()?, self.varint()?);
        let stretch = self.before.checked_add(distance).and_then(|first| {
            let last = first.checked_add(len)?.checked_sub(len.signum())?;
            let listed = 1..=self.highest;
            (len != 0 && listed.contains(&first) && listed.contains(&last))
                .then_some(Stretch { first, len })
        });
        let stretch = stretch.ok_or_else(|| self.damaged())?;
        self.before = stretch.last();
        Ok(Some(stretch))
    }

    fn varint(&mut self) -> rusqlite::Result<i64> {
        if self.buffer.len() - self.taken < VARINT {
            self.refill()?;
        }
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.buffer.get(self.taken).ok_or_else(|| self.damaged())?;
            self.taken += 1;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        Err(self.damaged())
    }

    fn refill(&mut self) -> rusqlite::Result<()> {
        self.buffer.drain(..self.taken);
        self.taken = 0;
        let (kept, more) = (self.buffer.len(), CHUNK.min(self.blob.len() - self.read));
        self.buffer.resize(kept + more, 0);
        self.blob
            .read_at_exact(&mut self.buffer[kept..], self.read)?;
        self.read += more;
        Ok(())
    }

    fn damaged(&self) -> rusqlite::Error {
        damaged(&self.source_id, "does not read back as it was written")
    }
}

fn damaged(source_id: &str, what: &str) -> rusqlite::Error {
    let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
    let text = format!("the order of the rows of source {source_id} {what}");
    rusqlite::Error::SqliteFailure(code, Some(text))
}

fn write_varint(value: i64, out: &mut Vec<u8>) {
    let mut left = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while left >= 0x80 {
        out.push((left & 0x7f) as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

#[cfg(test)]
mod tests {
    use super::super::spool::Scratch;
    use super::super::tests::Project;
    use super::{NewOrder, RowOrder, remove_unnamed};
    use proptest::prelude::*;

    fn store(project: &Project, rids: &[i64]) {
        let mut order = NewOrder::new(&Scratch::beside(&project.conn));
        for rid in rids {
            order.push(*rid).unwrap();
        }
        order.store(&project.conn, "s1", 7).unwrap();
    }

    fn read(project: &Project) -> rusqlite::Result<Vec<i64>> {
        let mut order = RowOrder::open(&project.conn, "s1", 7)?;
        let mut rids = Vec::new();
        while let Some(stretch) = order.next()? {
            let step = stretch.len.signum();
            rids.extend((0..stretch.count()).map(|nth| stretch.first + nth * step));
        }
        assert_eq!(order.highest(), rids.iter().copied().max().unwrap_or(0));
        Ok(rids)
    }

    fn size(project: &Project) -> i64 {
        project.number("SELECT length(runs) FROM row_orders")
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

        #[test]
        fn any_order_reads_back(
            stretches in prop::collection::vec((1_i64..1 << 50, 1_i64..50, any::<bool>()), 0..60),
        ) {
            let project = Project::new();
            let rids: Vec<i64> = stretches
                .into_iter()
                .flat_map(|(first, len, falls)| (0..len).map(move |nth| {
                    first + 50 + if falls { -nth } else { nth }
                }))
                .collect();
            store(&project, &rids);
            prop_assert_eq!(read(&project).unwrap(), rids);
        }
    }

    #[test]
    fn a_million_rows_in_reverse_are_a_few_bytes_and_a_shuffle_is_read_in_parts() {
        let project = Project::new();
        store(&project, &(1..=1_000_000).rev().collect::<Vec<_>>());
        assert!(size(&project) < 12);
        remove_unnamed(&project.conn, "s1").unwrap();
        let shuffled: Vec<i64> = (1..=200_000).map(|n| n * 77_773 % 200_003).collect();
        store(&project, &shuffled);
        assert!(size(&project) > 500_000);
        assert_eq!(read(&project).unwrap(), shuffled);
    }

    #[test]
    fn a_damaged_order_is_an_error_and_never_other_rows() {
        let project = Project::new();
        assert!(read(&project).is_err());
        store(&project, &[5, 6, 7, 3, 2, 9]);
        let whole = project.text("SELECT hex(runs) FROM row_orders");
        for wrong in [
            "",
            "80",
            "1280",
            "120A",
            "120A00",
            "120A0A0A0A",
            "120AFFFFFFFFFFFFFFFFFF7F",
        ] {
            let set = format!("UPDATE row_orders SET runs = x'{wrong}'");
            project.conn.execute(&set, []).unwrap();
            let error = read(&project).unwrap_err().to_string();
            assert!(error.contains("order of the rows of source s1"), "{error}");
        }
        let set = format!("UPDATE row_orders SET runs = x'{whole}'");
        project.conn.execute(&set, []).unwrap();
        assert_eq!(read(&project).unwrap(), [5, 6, 7, 3, 2, 9]);
    }
}
