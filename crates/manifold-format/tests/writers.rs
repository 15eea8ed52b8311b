//! What the writers write, readers read again.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs)]

use manifold_format::{
    ByteProgress, CsvOptions, CsvReader, CsvWriter, Encoding, Item, JsonLinesWriter, JsonOptions,
    JsonReader, JsonWriter, LineEnd, OpenInput, Reader as _, Record, ShownCell, Syntax, Value,
    WriteError, Writer, unique_names,
};
use proptest::prelude::*;
use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

/// Bytes that a writer has written.
#[derive(Clone, Default)]
struct Bytes(Arc<Mutex<Vec<u8>>>);

impl Bytes {
    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Write for Bytes {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Csv,
    Tsv,
    Json,
    Jsonl,
}

const KINDS: [Kind; 4] = [Kind::Csv, Kind::Tsv, Kind::Json, Kind::Jsonl];

fn writer<N: AsRef<[u8]>>(kind: Kind, names: &[N]) -> (Box<dyn Writer>, Bytes) {
    let bytes = Bytes::default();
    let out = bytes.clone();
    let writer: Box<dyn Writer> = match kind {
        Kind::Json => Box::new(JsonWriter::new(out, names)),
        Kind::Jsonl => Box::new(JsonLinesWriter::new(out, names)),
        Kind::Csv | Kind::Tsv => {
            let delimiter = if kind == Kind::Tsv { b'\t' } else { b',' };
            let mut writer = CsvWriter::new(out, delimiter, LineEnd::Lf);
            writer.write_header(names).unwrap();
            Box::new(writer)
        }
    };
    (writer, bytes)
}

fn written<N: AsRef<[u8]>>(kind: Kind, names: &[N], rows: &[Vec<ShownCell<'_>>]) -> Vec<u8> {
    let (mut writer, bytes) = writer(kind, names);
    for row in rows {
        row.iter().for_each(|cell| writer.cell(*cell));
        writer.end_row().unwrap();
    }
    writer.finish().unwrap();
    bytes.take()
}

/// A cell that was read: its text, and whether it was nothing, or bytes.
#[derive(Debug, PartialEq)]
struct Found {
    text: Vec<u8>,
    is_null: bool,
    is_blob: bool,
}

fn found(record: &Record, encodings: &[Encoding]) -> Vec<Found> {
    let cells = record.cells().zip(encodings);
    cells
        .map(|(cell, encoding)| {
            let mut text = Vec::new();
            encoding.render(cell, &mut text);
            Found {
                text,
                is_null: cell.is_null(),
                is_blob: matches!(cell, Value::Blob(_)),
            }
        })
        .collect()
}

/// The names of the columns, and the rows.
fn read(kind: Kind, bytes: &[u8]) -> (Vec<String>, Vec<Vec<Found>>) {
    let (mut record, mut rows) = (Record::new(), Vec::new());
    if matches!(kind, Kind::Csv | Kind::Tsv) {
        let delimiter = if kind == Kind::Tsv { b'\t' } else { b',' };
        let options = CsvOptions {
            syntax: Syntax::delimited_by(delimiter),
            sample_rows: 0,
            ..CsvOptions::default()
        };
        let mut reader = CsvReader::open(bytes, options).unwrap();
        let names = reader.columns().iter().map(|c| c.name.clone()).collect();
        let encodings: Vec<_> = reader
            .columns()
            .iter()
            .map(|c| c.proposal.encoding)
            .collect();
        while reader.next(&mut record).unwrap() != Item::End {
            rows.push(found(&record, &encodings));
        }
        return (names, rows);
    }
    let bytes: Arc<[u8]> = bytes.into();
    let open: OpenInput = Arc::new(move || Ok(Box::new(Cursor::new(bytes.clone()))));
    let options = JsonOptions {
        lines: kind == Kind::Jsonl,
        ..JsonOptions::default()
    };
    let mut reader = JsonReader::open(open, options, ByteProgress::default()).unwrap();
    assert_eq!(reader.tables().len(), 1);
    let columns = reader.tables()[0].columns.clone();
    let names = columns.iter().map(|column| column.name.clone()).collect();
    let encodings: Vec<_> = columns.iter().map(|c| c.proposal.encoding).collect();
    let mut all = reader.rows(0).unwrap();
    while all.next(&mut record).unwrap() != Item::End {
        rows.push(found(&record, &encodings));
    }
    (names, rows)
}

const ROW: [ShownCell<'static>; 8] = [
    ShownCell::Null,
    ShownCell::Int(9_007_199_254_740_993),
    ShownCell::Decimal {
        value: 1.5,
        digits: Encoding::Fixed(2),
    },
    ShownCell::Real(f64::NEG_INFINITY),
    ShownCell::Bool {
        value: true,
        token: "yes",
    },
    ShownCell::Text(b""),
    ShownCell::Text("a\"\\\n\u{1}\tü".as_bytes()),
    ShownCell::Blob(b"\0\xff"),
];

#[test]
fn each_format_has_its_letters() {
    let names = ["n", "big", "price", "inf", "b", "e", "t", "x"];
    let text = |kind| String::from_utf8_lossy(&written(kind, &names, &[ROW.to_vec()])).into_owned();
    assert_eq!(
        text(Kind::Csv),
        "n,big,price,inf,b,e,t,x\n,9007199254740993,1.50,-inf,yes,\"\",\"a\"\"\\\n\u{1}\tü\",\0\u{fffd}\n"
    );
    let tsv = "\t9007199254740993\t1.50\t-inf\tyes\t\"\"\t\"a\"\"\\\n\u{1}\tü\"\t\0\u{fffd}\n";
    assert_eq!(text(Kind::Tsv), format!("{}\n{tsv}", names.join("\t")));
    let object = r#"{"n":null,"big":9007199254740993,"price":1.50,"inf":{"$real":"-inf"},"b":true,"e":"","t":"a\"\\\n\u0001\tü","x":{"$blob":"00ff"}}"#;
    assert_eq!(text(Kind::Jsonl), format!("{object}\n"));
    assert_eq!(text(Kind::Json), format!("[\n{object}\n]\n"));
    let two = written(
        Kind::Json,
        &["a"],
        &[vec![ShownCell::Int(1)], vec![ShownCell::Int(2)]],
    );
    assert_eq!(two, b"[\n{\"a\":1},\n{\"a\":2}\n]\n");
}

#[test]
fn a_file_without_rows_is_one() {
    for (kind, text) in [
        (Kind::Csv, "a,b\n"),
        (Kind::Tsv, "a\tb\n"),
        (Kind::Json, "[]\n"),
        (Kind::Jsonl, ""),
    ] {
        assert_eq!(written(kind, &["a", "b"], &[]), text.as_bytes(), "{kind:?}");
    }
}

#[test]
fn a_row_of_another_width_is_refused() {
    for kind in KINDS {
        let (mut writer, _) = writer(kind, &["a", "b"]);
        writer.cell(ShownCell::Int(1));
        let error = writer.end_row().unwrap_err();
        let expected = (1, 2, 1);
        let found = match error {
            WriteError::CellCount {
                row,
                columns,
                found,
            } => (row, columns, found),
            other => panic!("{kind:?}: {other}"),
        };
        assert_eq!(found, expected, "{kind:?}");
    }
}

#[test]
fn a_first_name_that_begins_as_a_mark_does_keeps_it() {
    let rows = [vec![ShownCell::Text("\u{feff}x".as_bytes())]];
    for kind in KINDS {
        let bytes = written(kind, &["\u{feff}a"], &rows);
        let (names, rows) = read(kind, &bytes);
        assert_eq!(names, ["\u{feff}a"], "{kind:?}");
        assert_eq!(rows[0][0].text, "\u{feff}x".as_bytes(), "{kind:?}");
    }
}

#[test]
fn numbers_are_quoted_where_they_hold_the_delimiter() {
    let bytes = Bytes::default();
    let mut writer = Box::new(CsvWriter::new(bytes.clone(), b'.', LineEnd::Lf));
    writer.write_header(&["a", "b"]).unwrap();
    writer.cell(ROW[2]);
    writer.cell(ROW[1]);
    writer.end_row().unwrap();
    Writer::finish(writer).unwrap();
    assert_eq!(bytes.take(), b"a.b\n\"1.50\".9007199254740993\n");
}

/// A cell that owns its bytes.
#[derive(Debug, Clone)]
enum Owned {
    Null,
    Int(i64),
    Decimal(i64, u8),
    Bool(bool),
    Text(String),
    Blob(Vec<u8>),
}

impl Owned {
    fn shown(&self) -> ShownCell<'_> {
        match self {
            Self::Null => ShownCell::Null,
            Self::Int(value) => ShownCell::Int(*value),
            Self::Decimal(mantissa, digits) => ShownCell::Decimal {
                value: *mantissa as f64 / 10_f64.powi(i32::from(*digits)),
                digits: Encoding::Fixed(*digits),
            },
            Self::Bool(value) => ShownCell::Bool {
                value: *value,
                token: if *value { "true" } else { "false" },
            },
            Self::Text(text) => ShownCell::Text(text.as_bytes()),
            Self::Blob(bytes) => ShownCell::Blob(bytes),
        }
    }
}

/// What is to be found of a cell, in a format that tells bytes from text, or in one that does not.
fn expected(cell: ShownCell<'_>, tells_blobs: bool) -> Found {
    let mut text = Vec::new();
    cell.print(&mut text);
    Found {
        text,
        is_null: cell == ShownCell::Null,
        is_blob: match cell {
            ShownCell::Blob(bytes) => tells_blobs || std::str::from_utf8(bytes).is_err(),
            _ => false,
        },
    }
}

fn text() -> impl Strategy<Value = String> {
    let letter = proptest::sample::select(vec![
        "a",
        "ü",
        "東",
        "\u{feff}",
        "\"",
        "'",
        ",",
        "\t",
        ";",
        "\n",
        "\r",
        "\\",
        "\0",
        "\u{1}",
        " ",
        "007",
        "-",
        ".",
        "{",
        "[",
        "null",
        "NA",
        "1",
        "2024-01-31",
        "$blob",
    ]);
    proptest::collection::vec(letter, 0..5).prop_map(|letters| letters.concat())
}

/// A NUL in the first record is taken for a sign that the file is no text.
fn name() -> impl Strategy<Value = String> {
    text().prop_map(|name| name.replace('\0', ""))
}

fn cell() -> impl Strategy<Value = Owned> {
    prop_oneof![
        Just(Owned::Null),
        any::<i64>().prop_map(Owned::Int),
        (-99_999_999_i64..99_999_999, 1_u8..9).prop_map(|(m, d)| Owned::Decimal(m, d)),
        any::<bool>().prop_map(Owned::Bool),
        text().prop_map(Owned::Text),
        proptest::collection::vec(any::<u8>(), 0..6).prop_map(Owned::Blob),
    ]
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
    #![proptest_config(at_least(500))]

    #[test]
    fn what_is_written_is_read(
        names in proptest::collection::vec(name(), 1..4),
        rows in proptest::collection::vec(proptest::collection::vec(cell(), 3), 1..12),
        kind in proptest::sample::select(&KINDS[..]),
    ) {
        let rows: Vec<Vec<ShownCell<'_>>> =
            rows.iter().map(|row| row.iter().take(names.len()).map(Owned::shown).collect()).collect();
        let tells_blobs = matches!(kind, Kind::Json | Kind::Jsonl);
        let (shown, read) = read(kind, &written(kind, &names, &rows));
        let unique = unique_names(names.iter().map(String::as_bytes));
        prop_assert_eq!(shown, unique);
        prop_assert_eq!(read.len(), rows.len());
        for (row, read) in rows.iter().zip(&read) {
            for (cell, found) in row.iter().zip(read) {
                prop_assert_eq!(found, &expected(*cell, tells_blobs));
            }
        }
    }
}
