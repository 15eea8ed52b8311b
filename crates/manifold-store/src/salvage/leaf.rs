//! Reads the cells of a leaf page of a table, as SQLite's file format defines them, without SQLite.

/// The kind of a page that holds rows of a table.
const TABLE_LEAF: u8 = 13;

/// A value of a record. Numbers that are no integers, and blobs, are of no use here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Int(i64),
    Text(String),
    Other,
}

/// The records of a page without its checksum, by row id; empty when it is no leaf of a table. Cells that continue on other pages are read
/// through `overflow`, which gives the content of a page by its number. Damaged cells are passed over.
pub(super) fn records(
    page: &[u8],
    overflow: &dyn Fn(u32) -> Option<Vec<u8>>,
) -> Vec<(i64, Vec<Value>)> {
    if page.first() != Some(&TABLE_LEAF) {
        return Vec::new();
    }
    let cells = usize::from(short(page, 3).unwrap_or(0));
    (0..cells)
        .filter_map(|cell| {
            let at = usize::from(short(page, 8 + 2 * cell)?);
            record(page, at, overflow)
        })
        .collect()
}

fn record(
    page: &[u8],
    at: usize,
    overflow: &dyn Fn(u32) -> Option<Vec<u8>>,
) -> Option<(i64, Vec<Value>)> {
    let (size, at) = varint(page, at)?;
    let (rowid, at) = varint(page, at)?;
    let size = usize::try_from(size).ok()?;
    let payload = payload(page, at, size, overflow)?;
    let (header, mut at) = varint(&payload, 0)?;
    let mut value = usize::try_from(header).ok()?;
    let end = value;
    let mut values = Vec::new();
    while at < end {
        let (kind, next) = varint(&payload, at)?;
        at = next;
        let (read, length) = decode(&payload, value, kind)?;
        values.push(read);
        value += length;
    }
    Some((rowid, values))
}

/// The bytes of a record, the first of which are in the page and the rest on a chain of others.
fn payload(
    page: &[u8],
    at: usize,
    size: usize,
    overflow: &dyn Fn(u32) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    let usable = page.len();
    if size <= usable - 35 {
        return Some(page.get(at..at + size)?.to_vec());
    }
    let least = (usable - 12) * 32 / 255 - 23;
    let local = least + (size.checked_sub(least)?) % (usable - 4);
    let local = if local <= usable - 35 { local } else { least };
    let mut bytes = page.get(at..at + local)?.to_vec();
    let mut next = long(page, at + local)?;
    while bytes.len() < size && next != 0 {
        let page = overflow(next)?;
        next = long(&page, 0)?;
        let wanted = (size - bytes.len()).min(usable - 4);
        bytes.extend_from_slice(page.get(4..4 + wanted)?);
    }
    (bytes.len() == size).then_some(bytes)
}

fn decode(payload: &[u8], at: usize, kind: i64) -> Option<(Value, usize)> {
    let length = match kind {
        0 | 8 | 9 => 0,
        1..=4 => usize::try_from(kind).ok()?,
        5 => 6,
        6 | 7 => 8,
        12.. => usize::try_from((kind - 12) / 2).ok()?,
        _ => return None,
    };
    let bytes = payload.get(at..at.checked_add(length)?)?;
    let value = match kind {
        0 => Value::Null,
        8 => Value::Int(0),
        9 => Value::Int(1),
        1..=6 => {
            let negative = bytes[0] & 0x80 != 0;
            let mut number = [if negative { 0xFF } else { 0 }; 8];
            number[8 - length..].copy_from_slice(bytes);
            Value::Int(i64::from_be_bytes(number))
        }
        13.. if kind % 2 == 1 => Value::Text(String::from_utf8(bytes.to_vec()).ok()?),
        _ => Value::Other,
    };
    Some((value, length))
}

fn varint(bytes: &[u8], at: usize) -> Option<(i64, usize)> {
    let mut value: u64 = 0;
    for index in 0..9 {
        let byte = *bytes.get(at + index)?;
        if index == 8 {
            return Some(((value << 8 | u64::from(byte)).cast_signed(), at + 9));
        }
        value = value << 7 | u64::from(byte & 0x7F);
        if byte & 0x80 == 0 {
            return Some((value.cast_signed(), at + index + 1));
        }
    }
    None
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
