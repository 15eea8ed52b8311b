//! Whatever is read is written back byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod round_trip;

use manifold_format::{
    BoolKind, CsvOptions, CsvReader, Encoding, HeaderProblem, Item, Quirk, ReadError,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use round_trip::{Pieces, Whole};

const ODD: [&[u8]; 38] = [
    b"+5",
    b"1e3",
    b"1_000",
    b" 5",
    b"-0",
    b"007",
    b"0.30000000000000004",
    b"9223372036854775807",
    b"9223372036854775808",
    b"1234567890123456789",
    b"0.10",
    b"1.",
    b".5",
    b"-0.00",
    b"00",
    b"NULL",
    b"a\"b",
    b"x,y",
    b"l1\nl2",
    b"l1\r\nl2",
    b"\r",
    b"z\r",
    b"\xff\xfe",
    b"true",
    b"False",
    b"2024-01-31",
    b"31/12/2024",
    b"NaN",
    b"1e999",
    b"123456789012345678.25",
    b"  ",
    b"\"",
    b"a\0b",
    b"\"\"",
    b"\n",
    b"",
    b"",
    b"z\r\n",
];

/// Between rows, with what may be lost there.
const JUNK: [&[u8]; 7] = [
    b"\n",
    b"\r\n",
    b"a,b,c,d,e,f,g,h\n",
    b"short\r\n",
    b"\"a\"b,\"c\"\n",
    b"\"\"\n",
    b"\r\r\n",
];

#[derive(Clone, Copy, Debug)]
enum Quotes {
    Needed,
    All,
    Filled,
    EvenColumns,
    Random,
}

#[derive(Clone, Debug)]
struct Row {
    cells: Vec<(Vec<u8>, bool)>,
    junk: Option<&'static [u8]>,
    other_line_end: bool,
}

#[derive(Clone, Debug)]
struct File {
    columns: usize,
    rows: Vec<Row>,
    quotes: Quotes,
    crlf: bool,
    bom: bool,
    last: Last,
}

#[derive(Clone, Copy, Debug)]
enum Last {
    Newline,
    NoNewline,
    Blank,
    OpenQuote,
}

impl File {
    fn bytes(&self) -> Vec<u8> {
        let line_end = |crlf| if crlf { &b"\r\n"[..] } else { b"\n" };
        let mut out = if self.bom {
            b"\xef\xbb\xbf".to_vec()
        } else {
            Vec::new()
        };
        let names: Vec<String> = (0..self.columns).map(|i| format!("k{i}")).collect();
        out.extend(names.join(",").bytes());
        out.extend(line_end(self.crlf));
        for (number, row) in self.rows.iter().enumerate() {
            out.extend(row.junk.unwrap_or_default());
            for (index, (cell, random)) in row.cells[..self.columns].iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                let quoted = cell.iter().any(|c| b",\"\r\n".contains(c))
                    || match self.quotes {
                        Quotes::Needed => false,
                        Quotes::All => true,
                        Quotes::Filled => !cell.is_empty(),
                        Quotes::EvenColumns => index % 2 == 0,
                        Quotes::Random => *random,
                    };
                let doubled: Vec<u8> = cell
                    .iter()
                    .flat_map(|c| vec![*c; 1 + usize::from(*c == b'"')])
                    .collect();
                let text = if quoted { &doubled } else { cell };
                let quote: &[u8] = if quoted { b"\"" } else { b"" };
                out.extend([quote, text, quote].concat());
            }
            let last = number + 1 == self.rows.len();
            if !(last && matches!(self.last, Last::NoNewline)) {
                out.extend(line_end(self.crlf ^ row.other_line_end));
            }
        }
        match self.last {
            Last::Newline | Last::NoNewline => {}
            Last::Blank => out.extend(b"\r\n\n"),
            Last::OpenQuote => out.extend(b"1,\"open\nk,\"\"v\n"),
        }
        out
    }
}

fn cell() -> impl Strategy<Value = Vec<u8>> {
    let text = |s: String| s.into_bytes();
    prop_oneof![
        3 => (0..20u32).prop_map(move |n| text(n.to_string())),
        2 => (0..5000u32).prop_map(move |n| text(format!("{:.2}", f64::from(n) / 100.0))),
        2 => (0..1000u32).prop_map(move |n| text(format!("{:?}", f64::from(n) / 7.0))),
        1 => select(&["true", "false"][..]).prop_map(Into::into),
        2 => select(&["", "a", "bb", "Zürich"][..]).prop_map(Into::into),
        1 => select(&ODD[..]).prop_map(<[u8]>::to_vec),
    ]
}

fn file() -> impl Strategy<Value = File> {
    let rare = |odds| proptest::bool::weighted(odds);
    let junk = proptest::option::weighted(0.1, select(&JUNK[..]));
    let row = (vec((cell(), any::<bool>()), 5), junk, rare(0.1)).prop_map(
        |(cells, junk, other_line_end)| Row {
            cells,
            junk,
            other_line_end,
        },
    );
    let quotes = select(
        &[
            Quotes::Needed,
            Quotes::All,
            Quotes::Filled,
            Quotes::EvenColumns,
            Quotes::Random,
        ][..],
    );
    let last = select(
        &[
            Last::Newline,
            Last::Newline,
            Last::NoNewline,
            Last::Blank,
            Last::OpenQuote,
        ][..],
    );
    (
        1..=5usize,
        vec(row, 0..25),
        quotes,
        any::<bool>(),
        rare(0.2),
        last,
    )
        .prop_map(|(columns, rows, quotes, crlf, bom, last)| File {
            columns,
            rows,
            quotes,
            crlf,
            bom,
            last,
        })
}

fn encoding() -> impl Strategy<Value = Encoding> {
    select(
        &[
            Encoding::Text,
            Encoding::Int,
            Encoding::Short,
            Encoding::Fixed(1),
            Encoding::Fixed(2),
            Encoding::Bool(BoolKind::LowerTrue),
        ][..],
    )
}

/// Bytes in which everything that matters is frequent.
fn soup() -> impl Strategy<Value = Vec<u8>> {
    vec(
        select(&b",,,\"\"\"\n\n\n\r\r\naab17.0\xff\xc3\xbc"[..]),
        0..80,
    )
}

fn check_whole(whole: &Whole, input: &[u8]) {
    let summary = &whole.summary;
    assert_eq!(summary.bytes, input.len() as u64);
    assert_eq!(summary.hash, blake3::hash(input));
    assert_eq!(summary.rows, whole.rows.len() as u64);
    assert_eq!(summary.rejected, whole.rejects.len() as u64);
    assert_eq!(
        summary.quirks,
        whole.rows.iter().filter(|r| r.quirk().is_some()).count() as u64
    );
    for record in whole.rows.iter().chain(&whole.rejects) {
        // The record's raw bytes begin at the start of the line it claims.
        let line_start = |line: u64| match line {
            1 => 0,
            _ => 1 + memchr_nth_newline(input, line - 1),
        };
        let rest = &input[line_start(record.line())..];
        let rest = if record.line() == 1 {
            rest.strip_prefix(b"\xef\xbb\xbf").unwrap_or(rest)
        } else {
            rest
        };
        assert!(rest.starts_with(record.raw()), "line {}", record.line());
        if let Some(quirk) = record.quirk() {
            assert_eq!(Quirk::from_bytes(quirk).unwrap().to_bytes(), quirk);
        }
    }
    for (column, verdict) in summary.columns.iter().enumerate() {
        let nulls = whole
            .rows
            .iter()
            .filter(|row| row.cell(column).is_null())
            .count();
        assert_eq!(verdict.nulls, nulls as u64);
    }
}

fn memchr_nth_newline(input: &[u8], n: u64) -> usize {
    let newlines = input.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    newlines
        .map(|(at, _)| at)
        .nth(n as usize - 1)
        .expect("that many lines")
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
    #![proptest_config(at_least(1500))]

    #[test]
    fn generated_files_come_back(
        file in file(),
        encodings in vec(encoding(), 5),
        other in vec(encoding(), 5),
        sample_rows in 0usize..30,
        piece in 1usize..50,
        strict in any::<bool>(),
    ) {
        let input = file.bytes();
        let options = CsvOptions { sample_rows, strict, ..CsvOptions::default() };
        let whole = Whole::read(&input, options.clone()).unwrap();
        check_whole(&whole, &input);
        prop_assert_eq!(whole.write_back(), input.clone());

        let mut reader = CsvReader::open(Pieces::new(&input, piece), options).unwrap();
        reader.set_encodings(&encodings[..file.columns]).unwrap();
        let mut sticky = Whole::read_from(reader).unwrap();
        prop_assert_eq!(&sticky.summary, &whole.summary);
        sticky.encodings = encodings[..file.columns].to_vec();
        prop_assert_eq!(&sticky.write_back(), &input);
        prop_assert_eq!(&sticky.write_as(&other[..file.columns]), &input);
        for (a, b) in sticky.rows.iter().zip(&whole.rows) {
            prop_assert_eq!(a.quirk(), b.quirk());
            for (column, to) in encodings[..file.columns].iter().enumerate() {
                let mut scratch = Vec::new();
                let value = whole.encodings[column].reencode(b.cell(column), *to, &mut scratch);
                prop_assert_eq!(a.cell(column), value);
            }
        }
    }

    #[test]
    fn every_row_is_read(file in file()) {
        // Without junk every row of the file is a row that was read, cell by cell.
        let mut file = file;
        file.rows.iter_mut().for_each(|row| row.junk = None);
        let whole = Whole::read(&file.bytes(), CsvOptions::default()).unwrap();
        let zero_bytes = matches!(file.last, Last::NoNewline)
            && file.columns == 1
            && file.bytes().ends_with(b"\n");
        let rows = file.rows.len() - usize::from(zero_bytes && !file.rows.is_empty());
        let blank = usize::from(file.columns == 1 && matches!(file.last, Last::Blank)) * 2;
        // What an open quote has swallowed is rejected, or its line and the next are rows if they look like those before.
        let is_open = matches!(file.last, Last::OpenQuote);
        let mended = usize::from(is_open && whole.rejects.is_empty()) * 2;
        prop_assert_eq!(whole.rows.len(), rows + blank + mended);
        for (row, read) in file.rows.iter().zip(&whole.rows) {
            for (index, (cell, _)) in row.cells[..file.columns].iter().enumerate() {
                prop_assert_eq!(read.raw_cell(index), &cell[..]);
            }
        }
        prop_assert_eq!(whole.rejects.len(), usize::from(is_open && mended == 0));
    }

    #[test]
    fn any_bytes_come_back_or_are_refused(input in soup(), header in any::<bool>(), strict in any::<bool>()) {
        let options = CsvOptions { header_rows: usize::from(header), strict, sample_rows: 3, ..CsvOptions::default() };
        match Whole::read(&input, options) {
            Ok(whole) => {
                check_whole(&whole, &input);
                prop_assert_eq!(whole.write_back(), input.clone());
            }
            Err(ReadError::Empty) => prop_assert!(input.is_empty()),
            Err(ReadError::NotAHeader { problem, .. }) => match problem {
                HeaderProblem::UnterminatedQuote => prop_assert!(input.contains(&b'"')),
                HeaderProblem::CarriageReturns => prop_assert!(input.contains(&b'\r')),
                _ => prop_assert!(input.iter().all(|byte| b"\r\n".contains(byte))),
            },
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn finish_reads_the_rest(input in soup(), rows in 0usize..4) {
        let Ok(whole) = Whole::read(&input, CsvOptions::default()) else { return Ok(()) };
        let mut reader = CsvReader::open(&input[..], CsvOptions::default()).unwrap();
        let mut record = manifold_format::Record::new();
        for _ in 0..rows {
            reader.next(&mut record).unwrap();
        }
        prop_assert_eq!(&reader.finish().unwrap(), &whole.summary);
        prop_assert_eq!(reader.next(&mut record).unwrap(), Item::End);
        prop_assert_eq!(&reader.finish().unwrap(), &whole.summary);
    }
}
