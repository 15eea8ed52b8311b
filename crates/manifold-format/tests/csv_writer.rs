//! Plain CSV.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod round_trip;

use manifold_format::{
    CsvOptions, CsvWriter, Dialect, Encoding, LineEnd, OriginalWriter, Syntax, Value, WriteError,
};
use proptest::prelude::*;
use round_trip::Whole;

fn write(rows: &[&[Option<&[u8]>]], delimiter: u8, line_end: LineEnd) -> Vec<u8> {
    let mut writer = CsvWriter::new(Vec::new(), delimiter, line_end);
    let width = rows.first().map_or(1, |row| row.len());
    let names: Vec<String> = (0..width).map(|i| format!("c{i}")).collect();
    writer.write_header(&names).unwrap();
    for row in rows {
        writer.write_texts(row.iter().copied()).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn quotes_only_where_needed() {
    let row: &[Option<&[u8]>] = &[
        Some(b"a,b"),
        None,
        Some(b""),
        Some(b"\"q\""),
        Some(b"x\ny"),
        Some(b"plain"),
    ];
    assert_eq!(
        String::from_utf8(write(&[row], b',', LineEnd::Crlf)).unwrap(),
        "c0,c1,c2,c3,c4,c5\r\n\"a,b\",,\"\",\"\"\"q\"\"\",\"x\ny\",plain\r\n"
    );
    assert_eq!(
        String::from_utf8(write(&[&row[..2]], b'\t', LineEnd::Lf)).unwrap(),
        "c0\tc1\na,b\t\n"
    );
}

#[test]
fn values_are_rendered() {
    let mut writer = CsvWriter::new(Vec::new(), b',', LineEnd::Lf);
    let encodings = [Encoding::Fixed(2), Encoding::Int, Encoding::Text];
    writer
        .write_row(
            &[Value::Real(1.5), Value::Null, Value::Blob(b"\xff")],
            &encodings,
        )
        .unwrap();
    let short = writer.write_row(&[Value::Null], &encodings);
    assert!(matches!(
        short,
        Err(WriteError::CellCount {
            row: 2,
            columns: 3,
            found: 1
        })
    ));
    assert_eq!(writer.finish().unwrap(), b"1.50,,\xff\n");
}

#[test]
fn the_original_writer_refuses_what_does_not_fit() {
    let dialect = Dialect {
        syntax: Default::default(),
        encoding: Default::default(),
        line_end: LineEnd::Lf,
        final_newline: true,
        header: Default::default(),
        tail: Default::default(),
        quoting: vec![Default::default(); 2],
    };
    let error = OriginalWriter::new(Vec::new(), dialect.clone(), &[Encoding::Text])
        .err()
        .unwrap();
    assert!(matches!(
        error,
        WriteError::CellCount {
            row: 0,
            columns: 2,
            found: 1
        }
    ));
    let mut writer = OriginalWriter::new(Vec::new(), dialect, &[Encoding::Text; 2]).unwrap();
    let row = [Value::Null, Value::Text(b"x")];
    writer.write_row(&row, None).unwrap();
    let error = writer.write_row(&row, Some(&[9])).unwrap_err();
    assert!(matches!(error, WriteError::Quirk { row: 2, .. }), "{error}");
}

struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::Error::other("disk full"))
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_named_with_the_row() {
    let mut writer = CsvWriter::new(Full, b',', LineEnd::Lf);
    let wide = vec![b'x'; 50_000];
    writer.write_texts([Some(&wide[..])]).unwrap();
    let error = writer.write_texts([Some(&wide[..])]).unwrap_err();
    assert_eq!(error.to_string(), "cannot write row 2: disk full");
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
        rows in proptest::collection::vec(
            proptest::collection::vec(proptest::option::of(proptest::collection::vec(
                proptest::sample::select(&b"ab1,;\"\n\r\xff "[..]), 0..5)), 3),
            0..20),
        semicolon in any::<bool>(),
    ) {
        let delimiter = if semicolon { b';' } else { b',' };
        let rows: Vec<Vec<Option<&[u8]>>> =
            rows.iter().map(|row| row.iter().map(|cell| cell.as_deref()).collect()).collect();
        let rows: Vec<&[Option<&[u8]>]> = rows.iter().map(|row| &row[..]).collect();
        let input = write(&rows, delimiter, LineEnd::Lf);
        let options = CsvOptions { syntax: Syntax::delimited_by(delimiter), sample_rows: 0, ..CsvOptions::default() };
        let whole = Whole::read(&input, options).unwrap();
        prop_assert_eq!((whole.summary.quirks, whole.summary.rejected), (0, 0));
        prop_assert_eq!(whole.rows.len(), rows.len());
        for (row, read) in rows.iter().zip(&whole.rows) {
            for (index, cell) in row.iter().enumerate() {
                prop_assert_eq!(read.raw_cell(index), cell.unwrap_or_default());
                prop_assert_eq!(read.cell(index).is_null(), cell.is_none());
            }
        }
    }
}
