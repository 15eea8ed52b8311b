//! The values of one row.

use rusqlite::types::ValueRef;

use super::varint::varint;

/// Where the values of a row are that were asked for. Made to be filled again and again.
#[derive(Debug)]
pub(super) struct Record {
    /// The places of the columns in the record.
    wanted: Vec<usize>,
    /// Up to the last that is wanted: the serial type of each value, and where it begins.
    values: Vec<(u64, usize)>,
    /// How many values are looked for.
    most: usize,
}

impl Record {
    /// For values at these places.
    pub(super) fn of(wanted: Vec<usize>) -> Self {
        Self {
            most: wanted.iter().max().map_or(0, |last| last + 1),
            wanted,
            values: Vec::new(),
        }
    }

    /// Finds the values in `payload`; `None` when it is no record.
    #[inline]
    pub(super) fn read(&mut self, payload: &[u8]) -> Option<()> {
        self.values.clear();
        let (header, mut at) = varint(payload, 0)?;
        let header = usize::try_from(header).ok()?;
        let types = payload.get(..header)?;
        let mut begin = header;
        while at < header && self.values.len() < self.most {
            let (serial, next) = varint(types, at)?;
            at = next;
            self.values.push((serial, begin));
            begin = begin.checked_add(length(serial)?)?;
        }
        (begin <= payload.len()).then_some(())
    }

    /// The value of the wanted column; NULL when the row was stored before there was such a column.
    #[inline]
    pub(super) fn value<'p>(&self, payload: &'p [u8], column: usize) -> ValueRef<'p> {
        let found = self.wanted.get(column).and_then(|&at| self.values.get(at));
        let Some(&(serial, begin)) = found else {
            return ValueRef::Null;
        };
        let length = length(serial).unwrap_or(0);
        // Which is there: `read` has looked.
        let bytes = payload.get(begin..begin + length).unwrap_or_default();
        match serial {
            1..=6 => ValueRef::Integer(integer(bytes)),
            7 => match bytes.first_chunk() {
                Some(bits) => ValueRef::Real(f64::from_be_bytes(*bits)),
                None => ValueRef::Null,
            },
            8 => ValueRef::Integer(0),
            9 => ValueRef::Integer(1),
            text if text >= 13 && text % 2 == 1 => ValueRef::Text(bytes),
            blob if blob >= 12 => ValueRef::Blob(bytes),
            _ => ValueRef::Null,
        }
    }
}

/// Bytes of a value of this type; `None` for types that no file has, and lengths that no memory has.
#[inline]
fn length(serial: u64) -> Option<usize> {
    const SHORT: [usize; 10] = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0];
    match serial {
        0..=9 => Some(SHORT[serial as usize]),
        10 | 11 => None,
        more => usize::try_from((more - 12) / 2).ok(),
    }
}

/// A signed number, its highest byte first.
#[inline]
fn integer(bytes: &[u8]) -> i64 {
    let sign = if bytes.first().is_some_and(|first| *first >= 0x80) {
        -1
    } else {
        0
    };
    bytes
        .iter()
        .fold(sign, |number, byte| number << 8 | i64::from(*byte))
}
