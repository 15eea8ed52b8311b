//! The fuzz targets, for a moment, with bytes that are made here.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    unreachable_pub
)]

#[path = "../../../fuzz/entries.rs"]
mod entries;

use flate2::{Compression as Level, write::GzEncoder};
use proptest::collection::vec;
use proptest::prelude::*;
use std::io::{Cursor, Write};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Words of the formats, and any bytes between them.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    const WORDS: [&[u8]; 34] = [
        b",",
        b";",
        b"\t",
        b"\"",
        b"\"\"",
        b"'",
        b"\\",
        b"\n",
        b"\r\n",
        b"\r",
        b"a",
        b"b,c",
        b"1",
        b"2024-01-31",
        b"007",
        b"-1.50",
        b"true",
        b" ",
        b"#",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"{",
        b"}",
        b"[",
        b"]",
        b"{\"a\": ",
        b"\"b\": [",
        b":",
        b"null",
        b"\\ud800",
        b"1e400",
        b"\"k\": {\"c\": [{\"d\": 1}]}",
    ];
    let word = prop_oneof![
        6 => proptest::sample::select(&WORDS[..]).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 1..5),
    ];
    let line = vec(word, 0..8).prop_map(|words| words.concat());
    (vec(line, 1..12), any::<bool>()).prop_map(|(lines, broken)| {
        if broken {
            lines.join(&b'\n')
        } else {
            lines.concat()
        }
    })
}

/// Bytes that are packed, with one of them changed.
fn packed(pack: impl Fn(&[u8]) -> Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let changed = any::<(proptest::sample::Index, u8, bool)>();
    (soup(), changed).prop_map(move |(bytes, (at, byte, change))| {
        let mut packed = pack(&bytes);
        if change {
            let at = at.index(packed.len());
            packed[at] = byte;
        }
        packed
    })
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Level::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn archive(bytes: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, method) in [
        ("a.csv", CompressionMethod::Deflated),
        ("b", CompressionMethod::Stored),
    ] {
        let options = SimpleFileOptions::default().compression_method(method);
        writer.start_file(name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// So many cases, or as many as `PROPTEST_CASES` says.
fn at_least(cases: u32) -> ProptestConfig {
    let asked = ProptestConfig::default();
    ProptestConfig {
        cases: asked.cases.max(cases),
        ..asked
    }
}

proptest! {
    #![proptest_config(at_least(1_000))]

    #[test]
    fn csv_detected(data in soup()) {
        entries::csv_detected(&data);
    }

    #[test]
    fn csv_dialect(choice in vec(any::<u8>(), 8), data in soup()) {
        entries::csv_dialect(&[choice, data].concat());
    }

    #[test]
    fn json(data in soup()) {
        entries::json(&data);
        entries::json(&[b"[", &data[..], b"]"].concat());
    }

    #[test]
    fn jsonl(data in soup()) {
        entries::jsonl(&data);
    }

    #[test]
    fn zip(data in packed(archive)) {
        entries::zip(&data);
    }

    #[test]
    fn compression(data in prop_oneof![
        soup(),
        packed(gzip),
        packed(|bytes| zstd::encode_all(bytes, 1).unwrap()),
    ]) {
        entries::compression(&data);
    }
}
