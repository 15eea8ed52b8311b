//! What the fuzz targets do with their bytes, and the smoke test in `manifold-format/tests/fuzz_smoke.rs` too: whatever the bytes
//! are, they are read or refused, and what was read comes back.

use manifold_format::{
    Asked, ByteProgress, Compression, CsvOptions, CsvReader, Encoding, Escape, FileFormat, Item,
    JsonOptions, JsonReader, OpenInput, OriginalWriter, ReadError, Reader as _, Record, Syntax,
    Value, ZipReader, open_input, zip_members,
};
use std::io::{Cursor, Read};
use std::sync::Arc;

/// So much is unpacked of a compressed input, in bytes.
const UNPACKED: u64 = 4 << 20;

/// Delimited text whose dialect is found.
pub fn csv_detected(data: &[u8]) {
    let options = CsvOptions {
        max_cell: 1 << 16,
        sample_rows: 16,
        ..CsvOptions::default()
    };
    comes_back(CsvReader::detect(data, &Asked::default(), options), data);
}

/// Delimited text in the dialect that the first bytes say.
pub fn csv_dialect(data: &[u8]) {
    let Some((choice, data)) = data.split_first_chunk::<8>() else {
        return;
    };
    let [
        delimiter,
        quote,
        escape,
        skipped,
        comment,
        encoding,
        flags,
        cell,
    ] = *choice;
    let pick = |byte: u8, from: &[u8]| from[usize::from(byte) % from.len()];
    let encodings = ["utf-8", "utf-16le", "utf-16be", "windows-1252", "shift_jis"];
    let options = CsvOptions {
        syntax: Syntax {
            quote: (quote % 8 != 0).then(|| pick(quote, b"\"\"'\"|")),
            escape: match escape % 4 {
                0 => Escape::Doubled,
                1 => Escape::Backslash,
                2 => Escape::None,
                _ => Escape::DoubleQuotes,
            },
            delimiter_space: flags & 1 != 0,
            returns: flags & 2 != 0,
            ..Syntax::delimited_by(pick(delimiter, b",,;\t| :\\'x"))
        },
        encoding: encodings[usize::from(encoding) % encodings.len()]
            .parse()
            .unwrap_or_default(),
        skip_lines: u64::from(skipped % 4),
        comment: (comment % 4 == 0).then_some(b'#'),
        header_rows: usize::from(flags >> 2 & 3),
        all_tables: flags & 16 != 0,
        strict: flags & 32 != 0,
        max_cell: 1 << (cell % 16),
        sample_rows: usize::from(cell / 16),
        ..CsvOptions::default()
    };
    comes_back(CsvReader::open(data, options), data);
}

/// Reads to the end and writes what was read.
fn comes_back(reader: Result<CsvReader<&[u8]>, ReadError>, data: &[u8]) {
    let Ok(mut reader) = reader else {
        return;
    };
    let encodings: Vec<Encoding> = reader
        .columns()
        .iter()
        .map(|column| column.proposal.encoding)
        .collect();
    let (mut rows, mut record, mut rejected) = (Vec::new(), Record::new(), 0);
    loop {
        match reader.next(&mut record) {
            Ok(Item::Row) => rows.push(record.clone()),
            Ok(Item::Rejected) => rejected += 1,
            Ok(Item::End) => break,
            Err(_) => return,
        }
    }
    let Ok(summary) = reader.finish() else {
        return;
    };
    let counts = (summary.rows, summary.rejected, summary.bytes);
    assert_eq!(counts, (rows.len() as u64, rejected, data.len() as u64));
    let written = OriginalWriter::new(Vec::new(), summary.dialect, &encodings)
        .and_then(|mut writer| {
            for row in &rows {
                let values: Vec<Value<'_>> = row.cells().collect();
                writer.write_row(&values, row.quirk())?;
            }
            writer.finish()
        })
        .expect("what was read can be written");
    assert!(written == data, "other bytes come back");
}

/// JSON.
pub fn json(data: &[u8]) {
    for name in ["x", "x.json", "x.jsonl"] {
        std::hint::black_box(FileFormat::find(data, name));
    }
    std::hint::black_box(FileFormat::wants_more(data));
    json_tables(data, false);
}

/// JSON Lines.
pub fn jsonl(data: &[u8]) {
    json_tables(data, true);
}

/// Reads every table; its rows are as many as it says, and as wide.
fn json_tables(data: &[u8], lines: bool) {
    let bytes: Arc<[u8]> = data.into();
    let open: OpenInput = Arc::new(move || Ok(Box::new(Cursor::new(bytes.clone()))));
    for unnest in [true, false] {
        let options = JsonOptions {
            lines,
            unnest,
            max_cell: 1 << 14,
            max_columns: 64,
            ..JsonOptions::default()
        };
        let Ok(mut reader) = JsonReader::open(open.clone(), options, ByteProgress::default())
        else {
            continue;
        };
        for (index, table) in reader.tables().to_vec().iter().enumerate() {
            let mut rows = reader.rows(index).expect("the input is the same");
            let (mut record, mut counts) = (Record::new(), (0, 0));
            loop {
                match rows.next(&mut record).expect("it was read before") {
                    Item::Row => {
                        assert_eq!(record.len(), table.columns.len());
                        counts.0 += 1;
                    }
                    Item::Rejected => counts.1 += 1,
                    Item::End => break,
                }
            }
            let summary = rows.finish().expect("it was read before");
            assert_eq!((summary.rows, summary.rejected), counts);
        }
    }
}

/// A zip archive: its files and their bytes.
pub fn zip(data: &[u8]) {
    let Ok(members) = zip_members(Cursor::new(data)) else {
        return;
    };
    for member in members.iter().take(16) {
        if let Ok(file) = ZipReader::open(Cursor::new(data), member) {
            unpack(file);
        }
    }
}

/// Data that may be compressed.
pub fn compression(data: &[u8]) {
    let mut input = open_input(data).expect("bytes in memory can be read");
    if input.compression() == Compression::None {
        let mut plain = Vec::new();
        input.read_to_end(&mut plain).expect("they can be read");
        assert!(plain == data);
    } else {
        unpack(input);
    }
}

/// Reads the beginning; what follows an error is an error, or the end.
fn unpack(input: impl Read) {
    let mut input = input.take(UNPACKED);
    if std::io::copy(&mut input, &mut std::io::sink()).is_err() {
        std::io::copy(&mut input, &mut std::io::sink()).ok();
    }
}
