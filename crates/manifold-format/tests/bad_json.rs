//! JSON as nobody wants it: each input is refused by name, or read with nothing lost.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use manifold_format::{
    ByteProgress, FileFormat, Item, JsonOptions, JsonReader, OpenInput, ReadError, Reader as _,
    Record,
};
use std::io::{Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn open(input: OpenInput, lines: bool) -> Result<JsonReader, ReadError> {
    let options = JsonOptions {
        lines,
        ..JsonOptions::default()
    };
    JsonReader::open(input, options, ByteProgress::default())
}

/// The rows of the first table, cells joined by `|`, and why records were rejected.
fn read(bytes: &[u8], name: &str) -> Result<Vec<String>, ReadError> {
    let format = FileFormat::find(&bytes[..bytes.len().min(FileFormat::HEAD)], name);
    assert!(
        matches!(format, FileFormat::Json | FileFormat::Jsonl),
        "{name}: {format:?}"
    );
    let bytes: Arc<[u8]> = bytes.into();
    let input: OpenInput = Arc::new(move || Ok(Box::new(Cursor::new(bytes.clone()))));
    let mut reader = open(input, format == FileFormat::Jsonl)?;
    let columns = &reader.tables()[0].columns;
    let encodings: Vec<_> = columns.iter().map(|c| c.proposal.encoding).collect();
    let mut rows = reader.rows(0)?;
    let (mut record, mut found) = (Record::new(), Vec::new());
    loop {
        match rows.next(&mut record)? {
            Item::End => return Ok(found),
            Item::Rejected => found.push(format!(
                "rejected in line {}: {}",
                record.line(),
                record.reason().unwrap()
            )),
            Item::Row => {
                let cells = record.cells().zip(&encodings).map(|(cell, encoding)| {
                    let mut text = Vec::new();
                    encoding.render(cell, &mut text);
                    text.escape_ascii().to_string()
                });
                found.push(cells.collect::<Vec<_>>().join("|"));
            }
        }
    }
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

fn deep(levels: usize) -> String {
    format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels))
}

#[test]
fn what_is_read_keeps_everything() {
    let text = "[{\"a\": \"\u{e4}\u{1f600}\"}]";
    let marked = format!("\u{feff}{text}");
    let shown = "\\xc3\\xa4\\xf0\\x9f\\x98\\x80";
    let too_deep = "rejected in line 1: objects and arrays are nested deeper than 128 behind byte 640 of the record";
    let twice = "rejected in line 1: an object has the same key twice behind byte 8 of the record";
    let deep_element = format!("[{{\"ok\": 1}}, {}]", deep(100_000));
    let deep_line = format!("{{\"ok\": 1}}\n{}\n", deep(100_000));
    let inputs: Vec<(&str, Vec<u8>, Vec<&str>)> = vec![
        ("deep.json", deep_element.into_bytes(), vec!["1", too_deep]),
        ("deep.jsonl", deep_line.into_bytes(), vec!["1", "rejected in line 2: objects and arrays are nested deeper"]),
        (
            "lone surrogates.json",
            br#"[{"a": "\ud800"}, {"a": "x\udc00y"}, {"a": "\ud83d\ude00"}]"#.to_vec(),
            vec!["\\xed\\xa0\\x80", "x\\xed\\xb0\\x80y", "\\xf0\\x9f\\x98\\x80"],
        ),
        (
            "numbers.json",
            br#"[{"a": 18446744073709551616, "b": 1e400}, {"a": -9223372036854775809, "b": 1E-400}]"#.to_vec(),
            vec!["18446744073709551616|1e400", "-9223372036854775809|1E-400"],
        ),
        ("twice.json", br#"[{"a": 1, "a": 2}, {"a": 3}]"#.to_vec(), vec![&twice[..21], "3"]),
        ("twice.jsonl", b"{\"a\": 1, \"a\": 2}\n{\"a\": 3}\n".to_vec(), vec![&twice[..21], "3"]),
        ("mark.json", b"\xef\xbb\xbf[{\"a\": 1}]".to_vec(), vec!["1"]),
        ("mark.jsonl", b"\xef\xbb\xbf{\"a\": 1}\n{\"a\": 2}\n".to_vec(), vec!["1", "2"]),
        ("one after the other.json", br#"{"a": 1}{"a": 2} {"a": 3}"#.to_vec(), vec!["1", "2", "3"]),
        ("le.json", utf16(text, u16::to_le_bytes), vec![shown]),
        ("be.json", utf16(text, u16::to_be_bytes), vec![shown]),
        ("le, marked.json", utf16(&marked, u16::to_le_bytes), vec![shown]),
        ("be, marked.json", utf16(&marked, u16::to_be_bytes), vec![shown]),
        ("be.jsonl", utf16("{\"a\": 1}\n{\"a\": 2}\n", u16::to_be_bytes), vec!["1", "2"]),
        ("scalars.jsonl", b"1\n2\n".to_vec(), vec!["1", "2"]),
        ("NUL.json", b"[{\"a\": \"x\0y\"}]".to_vec(), vec!["x\\x00y"]),
        ("no text.json", b"[{\"a\": \"\xff\"}]".to_vec(), vec!["\\xff"]),
        ("bad lines.jsonl", b"{\"a\": 1}\r\n{\"a\":\r\n{\"a\": 2}".to_vec(), vec!["1", "rejected in line 2", "2"]),
    ];
    for (name, bytes, expected) in inputs {
        let found = read(&bytes, name).unwrap_or_else(|error| panic!("{name}: {error}"));
        let is_same = found.len() == expected.len()
            && found.iter().zip(&expected).all(|(found, expected)| {
                match expected.starts_with("rejected") {
                    true => found.starts_with(expected),
                    false => found == expected,
                }
            });
        assert!(is_same, "{name}: {found:#?}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_by_line_and_way_out() {
    let arrays = format!("[{}1{}]", "[".repeat(100_000), "]".repeat(100_000));
    let inputs: Vec<(&str, Vec<u8>, &[&str])> = vec![
        (
            "deep.json",
            arrays.into_bytes(),
            &["line 1", "deeper than 128"],
        ),
        (
            "only deep.json",
            deep(100_000).into_bytes(),
            &["line 1", "deeper than 128"],
        ),
        (
            "an empty array.json",
            b"[]".to_vec(),
            &["there is no record", "written completely"],
        ),
        ("an empty object.json", b"{}".to_vec(), &["no record"]),
        (
            "a number.json",
            b"5".to_vec(),
            &["line 1", "`[` or `{` is expected"],
        ),
        (
            "null.json",
            b"null\n".to_vec(),
            &["line 1", "`[` or `{` is expected"],
        ),
        (
            "two arrays.json",
            b"[{\"a\": 1}] [{\"a\": 2}]".to_vec(),
            &["line 1", "something follows"],
        ),
        (
            "cut.json",
            b"[{\"a\": 1},\n{\"a\": ".to_vec(),
            &["line 2", "middle of a value", "complete JSON"],
        ),
        (
            "UTF-32.json",
            b"[\0\0\0]\0\0\0".to_vec(),
            &["UTF-32LE", "iconv"],
        ),
    ];
    for (name, bytes, words) in inputs {
        if name.starts_with("UTF-32") {
            let bytes: Arc<[u8]> = bytes.into();
            let input: OpenInput = Arc::new(move || Ok(Box::new(Cursor::new(bytes.clone()))));
            let error = open(input, false).err().unwrap().to_string();
            assert!(
                words.iter().all(|word| error.contains(word)),
                "{name}: {error}"
            );
            continue;
        }
        match read(&bytes, name) {
            Ok(rows) => panic!("{name}: {rows:?}"),
            Err(error) => {
                let error = error.to_string();
                assert!(
                    words.iter().all(|word| error.contains(word)),
                    "{name}: {error}"
                );
            }
        }
    }
}

/// Text without an end; counts what was read.
struct Endless(Arc<AtomicUsize>);

impl Read for Endless {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        out.fill(b'x');
        let read = self.0.fetch_add(out.len(), Ordering::Relaxed);
        Ok(if read > 1 << 30 { 0 } else { out.len() })
    }
}

#[test]
fn a_record_of_a_gigabyte_is_refused_before_it_is_in_memory() {
    for (start, lines) in [
        ("[{\"a\": 1},\n{\"a\": \"", false),
        ("{\"a\": 1}\n{\"a\": \"", true),
    ] {
        let read = Arc::new(AtomicUsize::new(0));
        let counted = read.clone();
        let input: OpenInput = Arc::new(move || {
            let start = Cursor::new(start.as_bytes());
            Ok(Box::new(start.chain(Endless(counted.clone()))))
        });
        let error = open(input, lines).err().unwrap();
        assert!(
            matches!(error, ReadError::RecordTooLarge { line: 2, limit } if limit == 256 << 20),
            "{error}"
        );
        let read = read.load(Ordering::Relaxed);
        assert!(read < 300 << 20, "{read}");
    }
}
