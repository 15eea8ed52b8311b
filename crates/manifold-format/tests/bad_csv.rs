//! Delimited text as nobody wants it: each input is refused by name, or read with nothing lost.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod round_trip;

use manifold_format::{Asked, CsvOptions, CsvReader, Item, ReadError, Record};
use round_trip::Whole;
use std::io::Read;

/// What becomes of an input.
enum Becomes {
    /// Rows, rejected records and odd cells; the bytes come back.
    Read(u64, u64, u64),
    /// An error with these words in it.
    Refused(&'static [&'static str]),
}

use Becomes::{Read as Rows, Refused};

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn wide(columns: usize) -> Vec<u8> {
    let names: Vec<String> = (0..columns).map(|n| format!("c{n}")).collect();
    format!("{}\n{}\n", names.join(","), vec!["1"; columns].join(",")).into_bytes()
}

#[test]
fn every_input_is_read_whole_or_refused_by_name() {
    let text = "a,b\n1,\u{e4}\n2,\u{20ac}\n3,\u{1f600}\n";
    let marked = format!("\u{feff}{text}");
    let binary: Vec<u8> = (0..4_000_u32).map(|n| ((n * n * 7) >> 3) as u8).collect();
    let inputs: Vec<(&str, Vec<u8>, Becomes)> = vec![
        (
            "empty",
            Vec::new(),
            Refused(&["0 bytes", "written completely"]),
        ),
        (
            "blank",
            b"\n\r\n\n".to_vec(),
            Refused(&["all lines are blank"]),
        ),
        ("header only", b"a,b\n".to_vec(), Rows(0, 0, 0)),
        ("header only, no line end", b"a,b".to_vec(), Rows(0, 0, 0)),
        ("UTF-16LE", utf16(text, u16::to_le_bytes), Rows(3, 0, 0)),
        ("UTF-16BE", utf16(text, u16::to_be_bytes), Rows(3, 0, 0)),
        (
            "UTF-16LE, marked",
            utf16(&marked, u16::to_le_bytes),
            Rows(3, 0, 0),
        ),
        (
            "UTF-16BE, marked",
            utf16(&marked, u16::to_be_bytes),
            Rows(3, 0, 0),
        ),
        (
            "UTF-32",
            b"\xff\xfe\0\0a\0\0\0,\0\0\0".to_vec(),
            Refused(&["UTF-32LE", "iconv"]),
        ),
        (
            "mixed line ends",
            b"a,b\n1,x\r\n2,y\n3,z\r\n4,w\r5,v".to_vec(),
            Rows(5, 0, 0),
        ),
        ("1,990 columns", wide(1_990), Rows(1, 0, 0)),
        (
            "1,991 columns",
            wide(1_991),
            Refused(&["1991 columns", "at most 1990"]),
        ),
        ("NUL bytes", b"a,b\n1,x\0y\n2,\0\n".to_vec(), Rows(2, 0, 0)),
        (
            "NUL bytes in the header",
            b"a\0,b\n1,2\n3,4\n5,6\n7,8\n".to_vec(),
            Refused(&["NUL"]),
        ),
        ("binary", binary, Refused(&["binary"])),
        (
            "an image",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec(),
            Refused(&["PNG image", "convert"]),
        ),
        (
            "a program",
            b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0".to_vec(),
            Refused(&["binary"]),
        ),
        (
            "bytes that are no text",
            b"a,b\n1,\xff\xfe\xfd\n2,x\n".to_vec(),
            Rows(2, 0, 1),
        ),
        (
            "numbers beyond 64 bit",
            b"a,b\n18446744073709551616,1e400\n-9223372036854775809,-1e400\n1,1E-400\n".to_vec(),
            Rows(3, 0, 0),
        ),
        (
            "rows of other widths",
            b"a,b\n1\n2,3\n4,5,6\n7,8\n".to_vec(),
            Rows(3, 1, 0),
        ),
        (
            "an open quote",
            b"a,b\n1,2\n3,\"x\n4,5\n".to_vec(),
            Rows(1, 1, 0),
        ),
        ("only quotes", b"\"\"\"\"\n".to_vec(), Rows(0, 0, 0)),
        ("only delimiters", b",,\n,,\n".to_vec(), Rows(0, 0, 0)),
    ];
    for (name, input, becomes) in inputs {
        let reader = CsvReader::detect(&input[..], &Asked::default(), CsvOptions::default());
        match (reader.and_then(Whole::read_from), becomes) {
            (Ok(whole), Rows(rows, rejected, odd)) => {
                let summary = &whole.summary;
                let found = (summary.rows, summary.rejected, summary.odd_cells);
                assert_eq!(found, (rows, rejected, odd), "{name}");
                assert!(whole.write_back() == input, "{name} does not come back");
            }
            (Err(error), Refused(words)) => {
                let error = error.to_string();
                assert!(
                    words.iter().all(|word| error.contains(word)),
                    "{name}: {error}"
                );
            }
            (Ok(whole), Refused(_)) => panic!("{name}: {} rows", whole.summary.rows),
            (Err(error), Rows(..)) => panic!("{name}: {error}"),
        }
    }
}

/// A start, and then the same bytes again and again, up to a gigabyte.
struct Endless {
    start: &'static [u8],
    unit: &'static [u8],
    read: usize,
}

const GIGABYTE: usize = 1 << 30;

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.read < self.start.len() {
            let read = (&self.start[self.read..]).read(out)?;
            self.read += read;
            return Ok(read);
        }
        for part in out.chunks_mut(self.unit.len()) {
            part.copy_from_slice(&self.unit[..part.len()]);
        }
        self.read += out.len();
        Ok(if self.read > GIGABYTE { 0 } else { out.len() })
    }
}

/// Reads to the error, or to the end of the gigabyte. Returns how much was read.
fn exhaust(start: &'static [u8], unit: &'static [u8]) -> (Result<u64, ReadError>, usize) {
    let read = 0;
    let mut input = Endless { start, unit, read };
    let outcome = (|| {
        let mut reader = CsvReader::open(&mut input, CsvOptions::default())?;
        let mut record = Record::new();
        let mut rows = 0;
        while reader.next(&mut record)? != Item::End {
            rows += 1;
        }
        Ok(rows)
    })();
    (outcome, input.read)
}

#[test]
fn a_row_of_a_gigabyte_is_refused_before_it_is_in_memory() {
    // No more is held than what was read since the row began: the cell may have 64 MiB.
    for (start, unit) in [
        (&b"a,b\n1,2\n3,"[..], &b"xxxxxxxxxxxxxxxx"[..]),
        (b"a,b\n1,2\n3,\"", b"xxxxxxxxxxxxxxx\n"),
    ] {
        let (outcome, read) = exhaust(start, unit);
        let error = outcome.unwrap_err();
        assert!(
            matches!(error, ReadError::CellTooLarge { line: 3, column: 2, limit } if limit == 64 << 20),
            "{error}"
        );
        assert!(read < 192 << 20, "{read}");
    }
    // Of many cells 256 MiB.
    let (outcome, read) = exhaust(b"a,b\n1,2\n", b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,");
    let error = outcome.unwrap_err();
    assert!(
        matches!(error, ReadError::RecordTooLarge { line: 3, limit } if limit == 256 << 20),
        "{error}"
    );
    assert!(read < 640 << 20, "{read}");
}
