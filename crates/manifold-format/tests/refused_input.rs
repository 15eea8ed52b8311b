//! What is refused, by name and with the way out.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod round_trip;

use flate2::{Compression as Level, write::GzEncoder};
use manifold_format::{
    Compression, CsvOptions, CsvReader, Encoding, ReadError, Record, Syntax, open_input,
};
use round_trip::Whole;
use std::io::{Cursor, Read, Write};

fn error_with(input: &[u8], options: CsvOptions) -> String {
    match Whole::read(input, options) {
        Err(error) => error.to_string(),
        Ok(whole) => panic!("read {} rows", whole.summary.rows),
    }
}

fn error(input: &[u8]) -> String {
    error_with(input, CsvOptions::default())
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn inputs_that_are_no_delimited_text() {
    assert!(error(b"").contains("empty (0 bytes)"));
    assert!(error(b"\n\r\n\n").contains("all lines are blank"));
    assert!(error(b"\xef\xbb\xbf").contains("all lines are blank"));
    assert!(error(b"a,\"b\n1,2\n").contains("line 1 is not a header: a quote"));
    assert!(error(b"a,b\r1,2\r").contains("carriage returns"));
    assert!(error(&utf16("\u{feff}a,b\n1,2\n")).contains("iconv -f UTF-16LE"));
    assert!(error(&utf16("a,b\n1,2\n")).contains("UTF-16LE"));
    assert!(error(b"\xfe\xff\0a").contains("UTF-16BE"));
    assert!(error(b"\0a\0,\0b\0\n").contains("UTF-16BE"));
    assert!(error(b"PK\x03\x04rest").contains("ZIP"));
    assert!(error(b"SQLite format 3\0").contains("SQLite"));
    assert!(error(b"\x01\x02\0\0\n").contains("NUL bytes"));
}

#[test]
fn delimiters_and_encodings() {
    for delimiter in [b'"', b'\n', b'\r', 0xe9] {
        let options = CsvOptions {
            syntax: Syntax::delimited_by(delimiter),
            ..CsvOptions::default()
        };
        assert!(error_with(b"a\n", options).contains("cannot be a delimiter"));
    }
    let mut reader = CsvReader::open(&b"a,b\n1,2\n"[..], CsvOptions::default()).unwrap();
    let set = reader.set_encodings(&[Encoding::Int]);
    assert!(matches!(
        set,
        Err(ReadError::EncodingCount {
            columns: 2,
            found: 1
        })
    ));
    reader.next(&mut Record::new()).unwrap();
    let set = reader.set_encodings(&[Encoding::Int; 2]);
    assert!(matches!(set, Err(ReadError::EncodingsLate { rows: 1 })));
}

#[test]
fn too_many_columns() {
    let header = vec!["x"; 2001].join(",");
    let message = error(header.as_bytes());
    assert!(
        message.contains("2001 columns") && message.contains("1990"),
        "{message}"
    );
    let header: Vec<String> = (0..1990).map(|i| i.to_string()).collect();
    assert!(Whole::read(header.join(",").as_bytes(), CsvOptions::default()).is_ok());
}

/// Endless bytes, of which only some megabytes may be asked for.
struct Endless(u64);

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        out.fill(b'x');
        self.0 += out.len() as u64;
        assert!(self.0 < 8 << 20, "reads on after the limit");
        Ok(out.len())
    }
}

fn endless(start: &str, options: CsvOptions) -> ReadError {
    let input = Cursor::new(start.to_owned().into_bytes()).chain(Endless(0));
    let mut reader = match CsvReader::open(input, options) {
        Ok(reader) => reader,
        Err(error) => return error,
    };
    loop {
        if let Err(error) = reader.next(&mut Record::new()) {
            return error;
        }
    }
}

#[test]
fn endless_cells_stop_at_the_limit() {
    let options = CsvOptions {
        max_cell: 1 << 20,
        ..CsvOptions::default()
    };
    for (start, line, column) in [("a,b\n1,2\n3,", 3, 2), ("a,b\n1,\"2\n\n", 2, 2), ("", 1, 1)] {
        match endless(start, options.clone()) {
            ReadError::CellTooLarge {
                line: l,
                column: c,
                limit,
            } => {
                assert_eq!((l, c, limit), (line, column, 1 << 20), "{start:?}");
            }
            other => panic!("{start:?}: {other}"),
        }
    }
}

#[test]
fn limits_are_exact() {
    let options = |max_cell| CsvOptions {
        max_cell,
        sample_rows: 0,
        ..CsvOptions::default()
    };
    let input = format!("a,b\n1,2\n3,\"{}\"\n", "x\"\"".repeat(5));
    assert!(Whole::read(input.as_bytes(), options(10)).is_ok());
    let message = error_with(input.as_bytes(), options(9));
    assert!(
        message.contains("line 3, column 2") && message.contains("9 bytes"),
        "{message}"
    );

    let commas = format!("a,b\n{}\n", ",".repeat(5000));
    assert!(
        error_with(commas.as_bytes(), options(10)).contains("record is longer than 4096 bytes")
    );
    let rejects = format!("a,b\n1,2\n{}", "1,2,3\n".repeat(1000));
    let message = error_with(rejects.as_bytes(), options(10));
    assert!(
        message.contains("lines 3 to ") && message.contains("without a usable row"),
        "{message}"
    );
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read_gzip(bytes: &[u8]) -> Result<Whole, ReadError> {
    let input = open_input(bytes).unwrap();
    assert_eq!(input.compression(), Compression::Gzip);
    Whole::read_from(CsvReader::open(input, CsvOptions::default())?)
}

#[test]
fn gzip_is_unpacked() {
    let text: String = (0..50_000)
        .map(|i| format!("{i},{}\n", i * 7919 % 1009))
        .collect();
    let (first, second) = text.split_at(1000);
    let packed = [
        gzip(b"a,b\n"),
        gzip(first.as_bytes()),
        gzip(second.as_bytes()),
    ]
    .concat();
    let whole = read_gzip(&packed).unwrap();
    let plain = format!("a,b\n{text}");
    assert_eq!(whole.summary.hash, blake3::hash(plain.as_bytes()));
    assert_eq!(whole.summary.rows, 50_000);

    for keep in [2, 10, packed.len() / 2, packed.len() - 1] {
        let message = read_gzip(&packed[..keep])
            .err()
            .expect("truncated")
            .to_string();
        assert!(
            message.contains("gzip data are truncated"),
            "{keep}: {message}"
        );
    }
    let mut damaged = packed.clone();
    let middle = damaged.len() - 6;
    damaged[middle] ^= 0x55;
    let message = read_gzip(&damaged).err().expect("damaged").to_string();
    assert!(message.contains("gzip data are damaged"), "{message}");
}

#[test]
fn other_input_is_passed_through() {
    for bytes in [&b""[..], b"a", b"\x1f", b"ab", b"a,b\n1,2\n"] {
        let mut input = open_input(bytes).unwrap();
        assert_eq!(input.compression(), Compression::None);
        let mut read = Vec::new();
        input.read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes);
    }
}

#[test]
fn a_failing_input_is_named_with_its_place() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("cable pulled"))
        }
    }
    let reader = CsvReader::open((&b"a,b\n1,2\n3"[..]).chain(Fails), CsvOptions::default());
    let message = reader.err().expect("the sample reaches it").to_string();
    assert!(
        message.contains("behind byte 9") && message.contains("cable pulled"),
        "{message}"
    );
}
