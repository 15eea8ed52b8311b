//! Reading a whole input and writing it back.
#![allow(dead_code, reason = "each test crate uses what it needs")]

use manifold_format::{
    CsvOptions, CsvReader, Encoding, Item, OriginalWriter, Place, ReadError, Record, Summary, Value,
};
use std::io::Read;
use std::ops::Range;

/// An input that was read to its end.
pub(crate) struct Whole {
    pub(crate) names: Vec<String>,
    pub(crate) encodings: Vec<Encoding>,
    pub(crate) rows: Vec<Record>,
    pub(crate) rejects: Vec<Record>,
    pub(crate) summary: Summary,
}

/// Gives out the bytes in pieces, and is interrupted before each.
pub(crate) struct Pieces<'a> {
    bytes: &'a [u8],
    size: usize,
    interrupt: bool,
}

impl<'a> Pieces<'a> {
    pub(crate) fn new(bytes: &'a [u8], size: usize) -> Self {
        Self {
            bytes,
            size,
            interrupt: false,
        }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        self.interrupt = !self.interrupt;
        if self.interrupt {
            return Err(std::io::ErrorKind::Interrupted.into());
        }
        let len = self.size.min(out.len());
        self.bytes.read(&mut out[..len])
    }
}

/// The cells as who copies the bytes of the record as a whole finds them.
fn in_places(record: &Record) -> Vec<Value<'_>> {
    let [raw, rewritten] = record.bytes();
    let of = |range: Range<usize>| {
        if range.end <= raw.len() {
            &raw[range]
        } else {
            &rewritten[range.start - raw.len()..range.end - raw.len()]
        }
    };
    let places = record.places();
    places
        .map(|place| match place {
            Place::Null => Value::Null,
            Place::Int(value) => Value::Int(value),
            Place::Real(value) => Value::Real(value),
            Place::Text(range) => Value::Text(of(range)),
            Place::Blob(range) => Value::Blob(of(range)),
        })
        .collect()
}

impl Whole {
    pub(crate) fn read(input: &[u8], options: CsvOptions) -> Result<Self, ReadError> {
        Self::read_from(CsvReader::open(input, options)?)
    }

    pub(crate) fn read_from<R: Read>(mut reader: CsvReader<R>) -> Result<Self, ReadError> {
        let names = reader.columns().iter().map(|c| c.name.clone()).collect();
        let encodings = reader
            .columns()
            .iter()
            .map(|c| c.proposal.encoding)
            .collect();
        let (mut rows, mut rejects, mut record) = (Vec::new(), Vec::new(), Record::new());
        loop {
            match reader.next(&mut record)? {
                Item::Row => {
                    assert_eq!(in_places(&record), record.cells().collect::<Vec<_>>());
                    rows.push(record.clone());
                }
                Item::Rejected => rejects.push(record.clone()),
                Item::End => break,
            }
        }
        Ok(Self {
            names,
            encodings,
            rows,
            rejects,
            summary: reader.finish()?,
        })
    }

    /// The cells of all rows, as Rust shows them.
    pub(crate) fn cells(&self) -> Vec<Vec<String>> {
        self.rows
            .iter()
            .map(|row| row.cells().map(show).collect())
            .collect()
    }

    pub(crate) fn write_back(&self) -> Vec<u8> {
        self.write_as(&self.encodings)
    }

    /// Re-encodes every value before writing it.
    pub(crate) fn write_as(&self, to: &[Encoding]) -> Vec<u8> {
        let dialect = self.summary.dialect.clone();
        let json = serde_json::to_string(&dialect).unwrap();
        assert_eq!(
            serde_json::from_str::<manifold_format::Dialect>(&json).unwrap(),
            dialect
        );
        let mut writer = OriginalWriter::new(Vec::new(), dialect, to).unwrap();
        for row in &self.rows {
            let mut scratch = vec![Vec::new(); row.len()];
            let values: Vec<Value<'_>> = row
                .cells()
                .zip(self.encodings.iter().zip(to))
                .zip(&mut scratch)
                .map(|((value, (from, to)), scratch)| from.reencode(value, *to, scratch))
                .collect();
            writer.write_row(&values, row.quirk()).unwrap();
        }
        writer.finish().unwrap()
    }
}

/// A value in short: `NULL`, `7`, `1.5`, `"text"`, `x'ff'`.
pub(crate) fn show(value: Value<'_>) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::Int(value) => value.to_string(),
        Value::Real(value) => format!("{value:?}"),
        Value::Text(bytes) => format!("{:?}", std::str::from_utf8(bytes).unwrap()),
        Value::Blob(bytes) => {
            assert!(std::str::from_utf8(bytes).is_err());
            format!(
                "x'{}'",
                bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()
            )
        }
    }
}
